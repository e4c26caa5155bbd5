import Basics
import Iceberg
import Streams
import Synchronization

/// What a run may do to its source, beside what the source's own connections are limited to.
package struct RunLimits: Hashable, Sendable {
    /// Bytes read per second over all lanes; nil for as fast as it goes.
    package var bytesPerSecond: Int64?
    /// How long a snapshot of the source may be held open.
    package var snapshotAge: Duration
    /// The time between two checkpoints of a lane; nil for what suits the length of the run.
    package var checkpointInterval: Duration?
    /// Bytes of data files after which a lane writes a checkpoint.
    package var checkpointByteCount: Int64

    /// Makes limits.
    package init(
        bytesPerSecond: Int64? = nil,
        snapshotAge: Duration = .days(1),
        checkpointInterval: Duration? = nil,
        checkpointByteCount: Int64? = nil
    ) {
        self.bytesPerSecond = bytesPerSecond
        self.snapshotAge = snapshotAge
        self.checkpointInterval = checkpointInterval
        self.checkpointByteCount = checkpointByteCount ?? Limits.checkpointByteCount
    }
}

/// Keeps one read within the limits of its run.
final class GuardRails: Sendable {
    private let limits: RunLimits
    private let clocks: Clocks
    private let openedAt: Duration
    /// When everything read so far would have arrived at the rate allowed, by the uptime.
    private let dueAt: Mutex<Duration>

    /// Begins to watch a read whose snapshot is opened now.
    init(_ limits: RunLimits, clocks: Clocks) {
        self.limits = limits
        self.clocks = clocks
        openedAt = clocks.uptime().sinceBoot
        dueAt = Mutex(openedAt)
    }

    /// The time since the snapshot was opened.
    var snapshotAge: Duration { clocks.uptime().sinceBoot - openedAt }

    /// Stops a read whose snapshot has become too old.
    ///
    /// - Throws: `SourceError.Code.interrupted`.
    func checkAge() throws {
        guard snapshotAge <= limits.snapshotAge else {
            throw SourceError(
                .interrupted,
                "the read has held its snapshot for \(limits.snapshotAge.text), the most it may: "
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
        let now = clocks.uptime().sinceBoot
        let wait = dueAt.withLock { due in
            due = max(due, now) + .seconds(1) * (Double(byteCount) / Double(max(rate, 1)))
            return due - now
        }
        if wait >= .milliseconds(1) { try await clocks.sleep(wait) }
    }
}
