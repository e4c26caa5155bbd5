import Iceberg
package import Streams

/// What became of one stream in a run.
package struct StreamResult: Sendable {
    package var stream: StreamName
    /// `namespace.table` in the lake.
    package var table: String
    /// The table's folder or address.
    package var location: String
    package var rowCount: Int64 = 0
    package var bytesRead: Int64 = 0
    package var bytesWritten: Int64 = 0
    package var fileCount = 0
    package var seconds = 0.0
    /// Connections that read side by side.
    package var laneCount = 0
    /// How the rows were fetched, in words.
    package var access = ""
    /// How long the source's snapshot was held open.
    package var snapshotSeconds = 0.0
    /// The run as the ledger and the table's snapshots know it.
    package var runID = ""
    /// Attempts at the run, this one counted.
    package var attemptCount = 1
    /// Rows that earlier attempts had made durable and that stay.
    package var resumedRowCount: Int64 = 0
    /// What became of an unfinished run that was found; nil when there was none.
    package var resumption: String?
    /// Whether all rows are of one snapshot of the source.
    package var isConsistent = true
    /// How new rows were found, for an incremental read.
    package var rule: String?
    /// Rows of the table that newer ones took the place of.
    package var replacedRowCount: Int64 = 0
    /// Tries to commit; more than one where others committed at the same time.
    package var commitAttemptCount = 0
    /// The published snapshot; nil when nothing was published.
    package var snapshotID: Int64?
    /// One sentence per change of the table's schema.
    package var schemaChanges: [String] = []
    package var conversions: [Conversion] = []
    /// What could surprise the reader of the table, one sentence each.
    package var risks: [String] = []
    package var proof: Proof?
    package var failure: (any Error)?

    /// The source's count beside ours.
    package struct Proof: Sendable {
        package var source: RowCountAnswer
        package var committedRowCount: Int64

        /// Whether the counts agree, as far as they can be compared.
        package var isEqual: Bool {
            switch source {
            case .exactly(let count): count == committedRowCount
            case .notComparable: true
            }
        }
    }

    init(stream: StreamName, table: String, location: String) {
        self.stream = stream
        self.table = table
        self.location = location
    }
}

/// What one read brought.
struct StreamRead: Sendable {
    var plan: ReadPlan
    var laneCount: Int
    var snapshotSeconds: Double
    var evolution: SchemaEvolution
    var files: [DataFile]
    var progress: ReadProgress
    var sourceRowCount: RowCountAnswer
    var cursor: CursorState?
}

extension StreamResult {
    /// Takes over the facts of a read.
    mutating func note(_ read: StreamRead) {
        rowCount = read.files.reduce(0) { $0 + $1.rowCount }
        bytesRead = read.progress.byteCount
        bytesWritten = read.files.reduce(0) { $0 + $1.byteCount }
        fileCount = read.files.count
        laneCount = read.laneCount
        snapshotSeconds = read.snapshotSeconds
        access = read.plan.access
        rule = read.plan.rule
        conversions = read.progress.conversions
        risks = read.plan.risks + read.plan.nameRisks
    }
}
