import Basics
import Iceberg
import Ingest
import Streams

/// One run as it is printed (docs/cli.md).
struct LedgerSummary: Encodable {
    struct Checkpoint: Encodable {
        var entry: Int
        var rows: Int64
        var bytes: Int64
        var slices: [String]
        var files: [String]
    }

    var table: String
    var run: Int
    var runId: String
    var stream: String
    var source: String
    var status: String
    var reason: String?
    var startedAt: String
    var lastAt: String
    var attempts: Int
    var owner: String
    var consistency: String
    var entries: Int
    var rows: Int64
    var files: Int
    var bytes: Int64
    var snapshotId: Int64?
    var checkpoints: [Checkpoint]?

    init(_ state: RunState, table: TableName, showsCheckpoints: Bool = false) {
        self.table = table.description
        run = state.number
        runId = state.record.runID
        stream = state.record.stream
        source = state.record.source
        startedAt = DatasetSummary.words(state.startedAt)
        lastAt = DatasetSummary.words(state.lastAt)
        attempts = state.attemptCount
        owner = state.owner.description
        consistency = state.isProven ? "snapshot" : "mixed"
        entries = state.entryCount
        rows = state.rowCount
        files = state.fileCount
        bytes = state.byteCount
        switch state.end {
        case .published(let record):
            status = "published"
            snapshotId = record.snapshotID
        case .abandoned(let why):
            status = "abandoned"
            reason = why
        case nil: status = state.owner.isAlive ? "running" : "unfinished"
        }
        guard showsCheckpoints else { return }
        checkpoints = state.checkpoints.sorted { $0.key < $1.key }.map { entry, record in
            Checkpoint(
                entry: entry,
                rows: record.part.rowCount,
                bytes: record.files.reduce(0) { $0 + $1.byteCount },
                slices: record.part.pieces.map(\.slice.key.description),
                files: record.files.map(\.path)
            )
        }
    }

    /// Prints runs as a table.
    static func show(_ runs: [LedgerSummary]) {
        var table = TextTable(
            ["TABLE", "RUN", "STATUS", "STARTED", "ATTEMPTS", "ROWS", "BYTES", "FILES"],
            rightAligned: [1, 4, 5, 6, 7]
        )
        for run in runs {
            table.add([
                run.table, String(run.run), run.status, run.startedAt, String(run.attempts),
                Words.count(run.rows), Words.bytes(run.bytes), String(run.files),
            ])
        }
        table.print()
    }
}
