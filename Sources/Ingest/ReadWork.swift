import Basics
import Iceberg
import Streams
import Synchronization

/// What the lanes of a read share: the slices that are left, and the ledger.
final class ReadWork: Sendable {
    private let reader: Mutex<CheckpointReader>
    private let ledger: RunLedger
    private let files: DataFiles
    private let limits: RunLimits
    private let clocks: Clocks
    private let startedAt: Duration

    init(
        _ reader: CheckpointReader,
        ledger: RunLedger,
        files: DataFiles,
        limits: RunLimits,
        clocks: Clocks
    ) {
        self.reader = Mutex(reader)
        self.ledger = ledger
        self.files = files
        self.limits = limits
        self.clocks = clocks
        startedAt = clocks.uptime().sinceBoot
    }

    /// The next slice for a lane; nil when there is none left.
    func next() -> CheckpointReader.Assignment? {
        reader.withLock { $0.next() }
    }

    /// Notes that a page of a slice was read.
    ///
    /// - Throws: `StateError`.
    func observe(_ step: Step, of slice: Slice) throws {
        try reader.withLock { try $0.observe(step, of: slice.key) }
    }

    /// Whether every slice is read to its end.
    var isComplete: Bool { reader.withLock { $0.isComplete } }

    /// Whether a part that was begun at `start`, by the uptime, has to be made durable.
    ///
    /// The time a crash may cost grows with the time that was spent: a sixteenth of it, so that a
    /// short run is not cut into small files.
    func isDue(startedAt start: Duration, byteCount: Int64) -> Bool {
        if byteCount >= limits.checkpointByteCount { return true }
        let now = clocks.uptime().sinceBoot
        let interval =
            limits.checkpointInterval
            ?? min(
                max((now - startedAt) / Limits.checkpointShare, Limits.checkpointIntervalFirst),
                Limits.checkpointIntervalLast
            )
        return now - start >= interval
    }

    /// Makes a part durable: from here on a crash does not cost it.
    func commit(_ part: OpenPart) async throws {
        guard !part.pieces.isEmpty else { return }
        guard part.progress.rowCount == part.rowCount else {
            throw SourceError(
                .protocol,
                "\(part.progress.rowCount) rows were read, but \(part.rowCount) went into files; "
                    + "run it again"
            )
        }
        let record = CheckpointRecord(
            files: part.files,
            part: CommittedPart(pieces: part.pieces, rowCount: part.rowCount),
            progress: part.progress
        )
        // Before the entry is written: when its answer is lost for good, it may be there, and the
        // files it names must be too.
        files.name(part.files)
        try await ledger.append(.checkpoint(record))
    }

    /// Begins a part now.
    func openPart(after progress: ReadProgress = ReadProgress()) -> OpenPart {
        OpenPart(startedAt: clocks.uptime().sinceBoot, before: progress)
    }
}

/// What a lane has read since its last checkpoint.
struct OpenPart {
    /// By the uptime.
    let startedAt: Duration
    /// What the lane had read before.
    private let before: ReadProgress
    private(set) var latest: ReadProgress
    private(set) var files: [DataFile] = []
    private(set) var pieces: [CommittedPart.Piece] = []
    private(set) var rowCount: Int64 = 0
    /// Whether everything in it belongs to pages that are complete.
    private(set) var isAtPageEnd = true

    init(startedAt: Duration, before: ReadProgress) {
        self.startedAt = startedAt
        self.before = before
        latest = before
    }

    /// What was read since the last checkpoint.
    var progress: ReadProgress { latest.since(before) }
    /// Bytes of the finished files.
    var byteCount: Int64 { files.reduce(0) { $0 + $1.byteCount } }

    /// Takes a batch that went into a file.
    mutating func note(_ arrival: LaneRows.Arrival) {
        rowCount += Int64(arrival.rowCount)
        latest = arrival.progress
        isAtPageEnd = arrival.page != nil
        guard let page = arrival.page else { return }
        // Of one slice only the last position counts.
        if pieces.last?.slice == page.slice { pieces.removeLast() }
        pieces.append(page)
    }

    /// Takes a file that is durable.
    mutating func add(_ file: DataFile) { files.append(file) }
}
