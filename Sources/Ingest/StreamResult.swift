import Basics
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
    /// How long it took.
    package var elapsed = Duration.zero
    /// Connections that read side by side.
    package var laneCount = 0
    /// How the rows were fetched, in words.
    package var access = ""
    /// How long the source's snapshot was held open.
    package var snapshotAge = Duration.zero
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
    /// Rows of the table that others took the place of, or that were replaced as a whole.
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
    /// The table beside the stream; nil when nothing was compared.
    package var comparison: Comparison?
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

    /// The rows that the table holds after the run beside those of the stream in the same snapshot.
    package struct Comparison: Sendable {
        package var source: RowCountAnswer
        /// nil where the table's rows cannot be counted.
        package var tableRowCount: Int64?

        /// Rows that the table has more than the stream; nil where they cannot be compared.
        package var difference: Int64? {
            guard case .exactly(let count) = source, let tableRowCount else { return nil }
            return tableRowCount - count
        }

        /// The comparison in words, with what a difference can come from.
        package var words: String {
            switch (source, difference) {
            case (.notComparable(let why), _): "the table was not compared: \(why)"
            case (_, nil): "the table was not compared: others wrote deletes that nobody counts"
            case (_, 0): "the table holds as many rows as the stream"
            case (_, let difference?) where difference > 0:
                "the table holds \(rows(difference, "more")) than the stream: rows that were deleted at the "
                    + "source, or left the condition, stay; others may have added some"
            case (_, let difference?):
                "the table holds \(rows(-difference, "fewer")) than the stream: rows that were committed late "
                    + "were not seen, or others deleted some; \(Remedy.restart) loads all of them"
            }
        }

        private func rows(_ count: Int64, _ comparison: String) -> String {
            "\(count) \(comparison) row\(count == 1 ? "" : "s")"
        }
    }

    /// The result of a stream that was not begun.
    package static func refused(
        _ stream: StreamName,
        table: String,
        _ failure: any Error
    ) -> StreamResult {
        var result = StreamResult(stream: stream, table: table, location: "")
        result.failure = failure
        return result
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
    var snapshotAge: Duration
    var evolution: SchemaEvolution
    var files: [DataFile]
    var progress: ReadProgress
    var sourceRowCount: RowCountAnswer
    /// Rows of the stream, read or not.
    var streamRowCount: RowCountAnswer
    var origin: TableOrigin
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
        snapshotAge = read.snapshotAge
        access = read.plan.access
        rule = read.plan.rule
        conversions = read.progress.conversions
        risks = read.plan.risks + read.plan.nameRisks
    }
}
