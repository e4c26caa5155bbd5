package import Basics
import Iceberg
package import Streams

/// What the ledger of a run says, all entries taken together.
package struct RunState: Hashable, Sendable {
    /// The run's number among those of its table.
    package let number: Int
    package let record: RunRecord
    /// When the run began.
    package let startedAt: Instant
    /// When its last entry was written.
    package private(set) var lastAt: Instant
    /// Entries so far: the number of the next one.
    package private(set) var entryCount: Int
    package private(set) var attemptCount = 1
    /// Who works at the run, or did when it was last heard of.
    package private(set) var owner: ProcessIdentity
    /// The snapshot of the source that `checkpoints` are of.
    package private(set) var mark: SourceMark
    /// Whether all checkpoints are of one snapshot of the source.
    package private(set) var isProven = true
    /// The checkpoints that count, by the number of their entry.
    package private(set) var checkpoints: [Int: CheckpointRecord] = [:]
    /// The table's version that a commit may have been put upon; nil when none was tried.
    package private(set) var publishedUpon: Int?
    package private(set) var end: End?

    /// How a run ended.
    package enum End: Hashable, Sendable {
        case published(PublishedRecord)
        case abandoned(String)
    }

    /// Rows in the checkpoints that count.
    package var rowCount: Int64 { checkpoints.values.reduce(0) { $0 + $1.part.rowCount } }
    /// Files in them.
    package var fileCount: Int { checkpoints.values.reduce(0) { $0 + $1.files.count } }
    /// Bytes of these files.
    package var byteCount: Int64 {
        checkpoints.values.reduce(0) { $0 + $1.files.reduce(0) { $0 + $1.byteCount } }
    }

    /// Begins with the first entry; nil when it is no beginning.
    init?(number: Int, first: LedgerEntry) {
        guard case .begun(let record) = first.event else { return nil }
        self.number = number
        self.record = record
        startedAt = first.at
        lastAt = first.at
        owner = record.owner
        mark = record.mark
        entryCount = 1
    }

    /// Takes the next entry.
    mutating func apply(_ entry: LedgerEntry) {
        lastAt = entry.at
        switch entry.event {
        case .begun: break
        case .resumed(let record):
            attemptCount += 1
            owner = record.owner
            mark = record.mark
            isProven = isProven && record.isProven
            let kept = Set(record.kept)
            checkpoints = checkpoints.filter { kept.contains($0.key) }
            // Nothing of another snapshot is left that could be mixed with this one.
            if checkpoints.isEmpty { isProven = true }
        case .checkpoint(let record): checkpoints[entryCount] = record
        case .publishing(let record): publishedUpon = record.tableVersion
        case .published(let record): end = .published(record)
        case .abandoned(let record): end = .abandoned(record.reason)
        }
        entryCount += 1
    }
}
