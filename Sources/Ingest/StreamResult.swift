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

/// Why a run failed by itself, its source and lake being well.
package struct IngestError: Error, Sendable, CustomStringConvertible {
    /// The class of a failure.
    package enum Code: String, Sendable {
        /// Source and lake disagree on what was read.
        case unproven
        /// Two streams of a run would land in one table.
        case sameTable = "same-table"
    }

    package let code: Code
    package let message: String

    init(_ code: Code, _ message: String) {
        self.code = code
        self.message = message
    }

    package var description: String { message }
}
