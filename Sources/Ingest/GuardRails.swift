import Basics
import Iceberg
import Streams
import Synchronization

/// What a run may do to its source, beside what the source's own connections are limited to.
package struct RunLimits: Hashable, Sendable {
    /// Bytes read per second over all lanes; nil for as fast as it goes.
    package var bytesPerSecond: Int64?
    /// Seconds a snapshot of the source may be held open.
    package var snapshotSeconds: Int
    /// Seconds between two checkpoints of a lane; nil for what suits the length of the run.
    package var checkpointSeconds: Int?
    /// Bytes of data files after which a lane writes a checkpoint.
    package var checkpointByteCount: Int64

    /// Makes limits.
    package init(
        bytesPerSecond: Int64? = nil,
        snapshotSeconds: Int = 86_400,
        checkpointSeconds: Int? = nil,
        checkpointByteCount: Int64? = nil
    ) {
        self.bytesPerSecond = bytesPerSecond
        self.snapshotSeconds = snapshotSeconds
        self.checkpointSeconds = checkpointSeconds
        self.checkpointByteCount = checkpointByteCount ?? Limits.checkpointByteCount
    }
}

/// Keeps one read within the limits of its run.
final class GuardRails: Sendable {
    private let limits: RunLimits
    private let environment: CommitEnvironment
    private let openedAt: Int64
    /// When everything read so far would have arrived at the rate allowed, in milliseconds of
    /// uptime.
    private let dueAt: Mutex<Double>

    /// Begins to watch a read whose snapshot is opened now.
    init(_ limits: RunLimits, environment: CommitEnvironment) {
        self.limits = limits
        self.environment = environment
        openedAt = environment.uptime()
        dueAt = Mutex(Double(openedAt))
    }

    /// Seconds since the snapshot was opened.
    var snapshotSeconds: Double { Double(environment.uptime() - openedAt) / 1000 }

    /// Stops a read whose snapshot has become too old.
    ///
    /// - Throws: `SourceError.Code.interrupted`.
    func checkAge() throws {
        guard snapshotSeconds <= Double(limits.snapshotSeconds) else {
            throw SourceError(
                .interrupted,
                "the read has held its snapshot for \(limits.snapshotSeconds) s, the most it may: "
                    + "the source cannot clean up behind it; allow more with \(Remedy.maxSnapshotAge), or "
                    + "read faster with \(Remedy.parallel)"
            )
        }
    }

    /// Waits until `byteCount` more bytes fit the rate.
    ///
    /// The next batch is not asked for until then, so that the source's send buffer fills up and
    /// the source waits too. Time that was not used is not saved up.
    func slowDown(_ byteCount: Int64) async throws {
        guard let rate = limits.bytesPerSecond, byteCount > 0 else { return }
        let now = Double(environment.uptime())
        let wait = dueAt.withLock { due in
            due = max(due, now) + Double(byteCount) * 1000 / Double(max(rate, 1))
            return due - now
        }
        if wait >= 1 { try await environment.sleep(.milliseconds(wait)) }
    }
}
