import Basics

/// Every number that bounds this target, with its reason.
enum Limits {
    /// Bytes at which a data file ends and the next begins: large enough for few requests, small
    /// enough that engines read several at once.
    static let dataFileByteCount: Int64 = 512 << 20

    /// Compressed bytes of unfinished row groups in memory, over all lanes of a read: with the
    /// batches and dictionaries beside them a run stays below 256 MiB.
    static let bufferedByteCount = 64 << 20

    /// The least of it a lane gets: row groups that engines still read well.
    static let bufferedByteCountMin = 8 << 20

    /// Bytes of data files after which a checkpoint is written.
    static let checkpointByteCount: Int64 = 256 << 20

    /// The part of a run's time that lies between two checkpoints: what a crash may cost.
    static let checkpointShare = 16

    /// After what time the first checkpoint of a run is written: files of less are small.
    static let checkpointIntervalFirst = Duration.seconds(2)

    /// The most time between two checkpoints of a lane: what a crash may cost it.
    static let checkpointIntervalLast = Duration.seconds(30)

    /// Tries to write an entry of the ledger, with rests between them: about ten seconds.
    static let ledgerAttempts = 8

    /// Entries of a ledger that are written together once more, to be read in one request.
    static let ledgerPackCount = 64

    /// Files looked at side by side before a commit: what keeps a remote store busy.
    static let filesLookedAt = 16

    /// How often a run is taken over again when its owner turns out to be still writing.
    static let takeOverAttempts = 5

    /// Runs of a table whose ledgers are kept, to be looked at and to clean up behind.
    static let runsKept = 10

    /// After what time a run that found nothing new publishes its cursor all the same, so
    /// that the next one does not look back for ever.
    static let idleCursorAge = Duration.days(1)
}
