import Basics
import FoundationEssentials
package import Iceberg
package import Streams

/// The cursor of a table: kept in its snapshots, so that it goes back when the table does, and beside
/// them, so that it outlives those that others expire.
package enum TableCursor {
    /// The key of a snapshot's summary that holds it.
    static let summaryKey = "tributary.checkpoint"
    /// The table's property that holds the newest one.
    static let property = "tributary.checkpoint"
    /// The property that names the snapshot which the newest one came with.
    static let snapshotProperty = "tributary.snapshot"
    /// The property that names the schema of that snapshot.
    static let schemaProperty = snapshotProperty + ".schema-id"

    /// The cursor a table goes on from; nil when it has none.
    ///
    /// - Throws: `IngestError` `refused` for one that this program cannot read.
    package static func newest(of table: Table?) async throws -> CursorState? {
        try await TableStanding(of: table).cursor
    }

    /// When the newest cursor was written.
    static func date(in metadata: TableMetadata?) -> Instant? {
        metadata?.ancestry.first { $0.summary[summaryKey] != nil }?.timestamp
    }

    /// The text of a cursor.
    package static func text(of cursor: CursorState) throws -> String {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        return String(decoding: try encoder.encode(cursor), as: UTF8.self)
    }

    /// Reads the text of a cursor.
    ///
    /// - Throws: `IngestError` `refused`.
    static func parse(_ text: String) throws -> CursorState {
        guard
            // What cannot be read is reported below.
            let cursor = try? JSONDecoder().decode(CursorState.self, from: Data(text.utf8)),
            cursor.version == CursorState.currentVersion
        else {
            throw IngestError(
                .refused,
                "the table's cursor is of another version of this program; load the table again with "
                    + "\(Remedy.restart)"
            )
        }
        return cursor
    }

    /// What a cursor of this read is of.
    static func terms(
        _ request: ReadRequest,
        _ incremental: IncrementalRequest,
        key: [String],
        source: SourceLocation
    ) -> CursorState.Terms {
        let stream = StreamName(
            namespace: request.stream.namespace ?? source.defaultNamespace,
            name: request.stream.name
        )
        // The condition may hold values of rows.
        let condition = request.filter.map { " where \(TextDigest.of([$0]))" } ?? ""
        var terms = CursorState.Terms(
            scope: "\(stream)\(condition)",
            key: key,
            conflict: incremental.conflict
        )
        terms.policies = policies(request)
        return terms
    }

    private static func policies(_ request: ReadRequest) -> [String: String] {
        var policies = request.policies.mapValues(\.rawValue)
        policies[""] = request.defaultPolicy?.rawValue
        return policies
    }

    /// Why values that did not fit their columns may be others under this read's policies; nil where they
    /// are not.
    ///
    /// Under `error` there were none.
    static func changeOfPolicy(_ since: CursorState, _ request: ReadRequest) -> String? {
        guard let before = since.terms?.policies else { return nil }
        let now = policies(request)
        let changed = Set(before.keys).union(now.keys).filter { name in
            let former = before[name] ?? before[""]
            return former != now[name] ?? now[""] && former != ConversionPolicy.error.rawValue
        }
        guard !changed.isEmpty else { return nil }
        let names = changed.contains("") ? "all columns" : changed.sorted().joined(separator: ", ")
        return "the policy of \(names) has changed"
    }

    /// Why rows behind `since` are not all that the table lacks; nil when they are.
    static func mismatch(
        _ since: CursorState,
        _ request: ReadRequest,
        source: SourceLocation
    ) -> String? {
        guard let incremental = request.incremental else { return nil }
        guard since.column == incremental.cursor else {
            return "by the cursor \(since.column), not \(incremental.cursor)"
        }
        guard let terms = since.terms else { return nil }
        guard terms.conflict == incremental.conflict else {
            return "with \(Remedy.onConflict.to(terms.conflict.rawValue)), not "
                + incremental.conflict.rawValue
        }
        let now = self.terms(request, incremental, key: [], source: source)
        return terms.scope == now.scope ? nil : "with another stream or condition"
    }
}

extension TableMetadata {
    /// The snapshot a run published, whether it is current or not.
    package func snapshot(ofRun runID: String) -> Snapshot? {
        snapshots.last { $0.summary["tributary.run-id"] == runID }
    }
}
