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
    var progress: ReadProgress
    var sourceRowCount: RowCountAnswer
}

extension StreamResult {
    /// Takes over the facts of a read.
    mutating func note(_ read: StreamRead, files: DataFiles) {
        rowCount = files.rowCount
        bytesRead = read.progress.byteCount
        bytesWritten = files.byteCount
        fileCount = files.all.count
        laneCount = read.laneCount
        snapshotSeconds = read.snapshotSeconds
        access = read.plan.access
        conversions = read.progress.conversions
        risks = read.plan.risks + Self.ambiguities(read.plan)
    }

    private static func ambiguities(_ plan: ReadPlan) -> [String] {
        Dictionary(grouping: plan.columns.map(\.name)) { $0.lowercased() }.values
            .filter { $0.count > 1 }.map { names in
                "the columns \(names.sorted().joined(separator: ", ")) differ in case only: engines "
                    + "that ignore case cannot tell them apart"
            }.sorted()
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
