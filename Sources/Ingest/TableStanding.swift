import Columnar
package import Iceberg
import Streams

/// Who filled a table, as far as its history tells.
///
/// Each commit of ours leaves its cursor twice: in the snapshot's summary, so that it goes back with
/// the table, and in a property beside the snapshot's id, since other programs expire snapshots.
struct TableStanding: Sendable {
    /// How the table came to hold what it holds.
    enum Filling: Hashable, Sendable {
        /// It holds no row.
        case empty
        /// By runs of ours. Others may have written upon the last one.
        case runs(cursor: CursorState?, hasForeignRows: Bool)
        /// By others alone.
        case others
        /// Snapshots that would tell are gone.
        case unknown
    }

    var filling: Filling
    /// The stream it is of; nil where no run of ours has said so.
    var origin: TableOrigin?
    /// Rows it holds; nil where nobody counted.
    var rowCount: Int64?
    /// The schema in which the last run of ours left it; nil where that is not known.
    var schema: Schema?

    /// What is known of no table.
    static let none = TableStanding(filling: .empty, origin: nil, rowCount: 0)

    /// Looks at a table.
    ///
    /// - Throws: `IngestError` `refused` for a cursor that this program cannot read.
    init(of table: Table?) async throws {
        guard let table, let current = table.metadata.currentSnapshot else {
            self = .none
            return
        }
        var search = StandingSearch(table: table)
        var filling = try await search.walk(table.metadata, from: current.id)
        if filling == nil {
            try await table.earlierDocuments { document in
                filling = try await search.resume(in: document)
                return filling != nil
            }
        }
        rowCount = try await table.countRows()
        origin = TableOrigin(table.metadata) ?? search.origin
        schema = search.schema
        self.filling = filling ?? .unknown
        // A table of ours that others emptied keeps its cursor.
        if rowCount == 0, filling == .others || filling == nil { self.filling = .empty }
    }

    private init(filling: Filling, origin: TableOrigin?, rowCount: Int64?) {
        self.filling = filling
        self.origin = origin
        self.rowCount = rowCount
    }

    /// The cursor of the last run; nil where there is none, or it is not known.
    var cursor: CursorState? {
        if case .runs(let cursor, _) = filling { cursor } else { nil }
    }

    /// The rows in words.
    var rowWords: String { rowCount.map { "\($0) rows" } ?? "rows" }
}

/// Follows a table's history back to the newest snapshot of ours.
private struct StandingSearch {
    let table: Table
    private var properties: [String: String] { table.metadata.properties }
    /// The next snapshot of the history, which the document at hand does not keep.
    private var missing: Int64?
    /// The first snapshot of the history in the document at hand, which may have had a parent before:
    /// pyiceberg forgets a parent together with the snapshot that it was.
    private var orphan: Int64?
    private var hasForeignRows = false
    private(set) var origin: TableOrigin?
    private(set) var schema: Schema?

    init(table: Table) { self.table = table }

    /// Follows the history in one document; nil where it breaks off.
    mutating func walk(
        _ document: TableMetadata,
        from id: Int64
    ) async throws -> TableStanding.Filling? {
        let ancestry = document.ancestry(of: id)
        for snapshot in ancestry {
            let summary = try await table.summary(of: snapshot)
            if summary["tributary.run-id"] != nil {
                origin = TableOrigin(summary: summary)
                schema = schema(snapshot.schemaID, in: document)
                let cursor = try summary[TableCursor.summaryKey].map(TableCursor.parse)
                return .runs(cursor: cursor, hasForeignRows: hasForeignRows)
            }
            // Whoever only packs files together keeps the rows.
            if snapshot.operation != "replace" { hasForeignRows = true }
        }
        guard let first = ancestry.last, properties[TableCursor.snapshotProperty] != nil else {
            return .others
        }
        guard let parent = first.parentID else {
            orphan = first.id
            return nil
        }
        return try breakOff(at: parent)
    }

    /// Stops where the document at hand does not keep the next snapshot; the property may tell of it.
    private mutating func breakOff(at parent: Int64) throws -> TableStanding.Filling? {
        (orphan, missing) = (nil, parent)
        guard properties[TableCursor.snapshotProperty] == String(parent) else { return nil }
        let cursor = try properties[TableCursor.property].map(TableCursor.parse)
        schema = schema(
            properties[TableCursor.schemaProperty].flatMap { Int($0) },
            in: table.metadata
        )
        return .runs(cursor: cursor, hasForeignRows: hasForeignRows)
    }

    private func schema(_ id: Int?, in document: TableMetadata) -> Schema? {
        document.schemas.first { $0.id == id }?.schema
    }

    /// Resumes the search in a previous document, if that keeps the missing snapshot.
    mutating func resume(in document: TableMetadata) async throws -> TableStanding.Filling? {
        if let orphan {
            // A document from before it was made: it never had a parent.
            guard let former = document.snapshot(orphan) else { return .others }
            guard let parent = former.parentID else { return nil }
            guard document.snapshot(parent) != nil else { return try breakOff(at: parent) }
            self.orphan = nil
            return try await walk(document, from: parent)
        }
        guard let missing, document.snapshot(missing) != nil else { return nil }
        return try await walk(document, from: missing)
    }
}

/// The stream a table is of.
package struct TableOrigin: Hashable, Sendable {
    /// Kind and place of the source, without a secret.
    package var source: String
    /// What the source calls itself, whatever its address; nil where it does not say.
    package var system: String?
    /// The stream with its namespace.
    package var stream: String

    static let sourceProperty = "tributary.source"
    static let systemProperty = "tributary.source-system"
    static let streamProperty = "tributary.stream"

    /// The origin of rows that are read now.
    init(_ location: SourceLocation, _ stream: StreamName, mark: SourceMark) {
        source = location.origin
        system = mark.facts["system"].map { system in
            ([system] + [mark.facts["database"]].compactMap { $0 }).joined(separator: "/")
        }
        self.stream =
            StreamName(
                namespace: stream.namespace ?? location.defaultNamespace,
                name: stream.name
            ).description
    }

    /// What a table says it is of; nil when it says nothing.
    package init?(_ metadata: TableMetadata) {
        self.init(texts: metadata.properties)
    }

    /// What a snapshot says the table is of.
    init?(summary: [String: String]) {
        self.init(texts: summary)
    }

    private init?(texts: [String: String]) {
        guard let source = texts[Self.sourceProperty], let stream = texts[Self.streamProperty]
        else { return nil }
        self.source = source
        self.stream = stream
        system = texts[Self.systemProperty]
    }

    /// The properties that say it.
    var properties: [String: String?] {
        [
            Self.sourceProperty: source, Self.streamProperty: stream,
            Self.systemProperty: system,
        ]
    }

    /// Whether the rows are those of the same stream: a server may move to another address, and an
    /// address lead to a server that was set up again.
    func isSame(as other: TableOrigin) -> Bool {
        guard stream == other.stream else { return false }
        return source == other.source || (system != nil && system == other.system)
    }
}
