import FoundationEssentials
package import Iceberg
package import Streams

/// The cursor of a table: kept in its snapshots, so that it goes back when the table does.
package enum TableCursor {
    /// The key of a snapshot's summary that holds it.
    static let summaryKey = "tributary.checkpoint"

    /// The newest cursor in the history of the current state.
    ///
    /// A snapshot that replaced everything without a cursor ends the search: what was before it is
    /// no longer there.
    ///
    /// - Throws: `IngestError` `refused` for one that this program cannot read.
    package static func newest(in metadata: TableMetadata?) throws -> CursorState? {
        try search(metadata).cursor
    }

    /// The newest cursor, and whether the history goes back far enough to say that there is none.
    static func search(
        _ metadata: TableMetadata?
    ) throws -> (cursor: CursorState?, isCertain: Bool) {
        for snapshot in metadata?.ancestry ?? [] {
            if let text = snapshot.summary[summaryKey] {
                guard
                    // What cannot be read is reported below.
                    let cursor = try? JSONDecoder().decode(CursorState.self, from: Data(text.utf8)),
                    cursor.version == CursorState.currentVersion
                else {
                    throw IngestError(
                        .refused,
                        "the cursor of snapshot \(snapshot.id) is of another version of this "
                            + "program; load the table anew with --restart"
                    )
                }
                return (cursor, true)
            }
            if snapshot.summary["tributary.run-id"] != nil { return (nil, true) }
        }
        return (nil, metadata?.ancestry.last?.parentID == nil)
    }

    /// When the newest cursor was written, in milliseconds since 1970.
    static func date(in metadata: TableMetadata?) -> Int64? {
        metadata?.ancestry.first { $0.summary[summaryKey] != nil }?.timestamp
    }

    /// The text of a cursor.
    package static func text(of cursor: CursorState) throws -> String {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        return String(decoding: try encoder.encode(cursor), as: UTF8.self)
    }

    /// What a cursor of this read is of.
    static func terms(
        _ request: ReadRequest,
        _ incremental: IncrementalRequest,
        key: [String],
        source: SourceLocation,
        mark: SourceMark?
    ) -> CursorState.Terms {
        // A source that tells who it is may have another address from one run to the next.
        let place = mark?.facts["system"] == nil ? "\(source.kind)://\(source.place) " : ""
        let stream = StreamName(
            namespace: request.stream.namespace ?? source.defaultNamespace,
            name: request.stream.name
        )
        return CursorState.Terms(
            scope: "\(place)\(stream) where \(request.filter ?? "true")",
            key: key,
            conflict: incremental.conflict
        )
    }

    /// Why rows behind the cursor are not all that the table lacks; nil when they are.
    ///
    /// - Throws: `IngestError` `refused` for a request that does not fit where the table stands.
    static func check(
        _ request: ReadRequest,
        table: TableIdentifier,
        source: SourceLocation
    ) throws -> String? {
        guard let incremental = request.incremental, let since = incremental.since else {
            return nil
        }
        func refused(_ what: String) -> IngestError {
            IngestError(.refused, "\(table) was loaded \(what); load it anew with --restart")
        }
        guard since.column == incremental.cursor else {
            throw refused("by the cursor \(since.column), not \(incremental.cursor)")
        }
        guard let terms = since.terms else { return nil }
        guard terms.conflict == incremental.conflict else {
            throw refused(
                "with --on-conflict \(terms.conflict.rawValue), not \(incremental.conflict.rawValue)"
            )
        }
        let now = self.terms(request, incremental, key: [], source: source, mark: since.mark)
        guard terms.scope != now.scope else { return nil }
        guard incremental.conflict == .merge else {
            throw refused("with other rows (\(terms.scope))")
        }
        return "the last run read other rows (\(terms.scope))"
    }
}

extension TableMetadata {
    /// The snapshot a run published, whether it is current or not.
    package func snapshot(ofRun runID: String) -> Snapshot? {
        snapshots.last { $0.summary["tributary.run-id"] == runID }
    }
}
