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
                return cursor
            }
            if snapshot.summary["tributary.run-id"] != nil { return nil }
        }
        return nil
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

    /// Refuses a request that does not fit where the table stands.
    static func check(_ request: ReadRequest, table: TableIdentifier) throws {
        guard let incremental = request.incremental, let since = incremental.since,
            since.column != incremental.cursor
        else { return }
        throw IngestError(
            .refused,
            "\(table) was loaded by the cursor \(since.column), not \(incremental.cursor); load it "
                + "anew by the other one with --restart"
        )
    }
}

extension TableMetadata {
    /// The snapshot a run published, whether it is current or not.
    func snapshot(ofRun runID: String) -> Snapshot? {
        snapshots.last { $0.summary["tributary.run-id"] == runID }
    }
}
