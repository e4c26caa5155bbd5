package import Basics
import Columnar
import Iceberg
import Metastore

/// A table as the API shows it.
package struct DatasetView: Sendable {
    /// One of its columns.
    package struct Column: Sendable {
        package var id: Int
        package var name: String
        package var type: String
        package var isRequired: Bool
    }

    /// One of its states.
    package struct Snapshot: Sendable {
        package var id: Int64
        package var parentID: Int64?
        /// When it was committed.
        package var at: Instant
        package var operation: String
        package var rowCount: Int64?
        package var addedRowCount: Int64
        package var deletedRowCount: Int64
        package var byteCount: Int64?
        package var summary: [String: String]
    }

    package var name: String
    package var location: String
    package var columns: [Column]
    /// The newest first.
    package var snapshots: [Snapshot]
}

/// What can be asked about tables.
extension Node {
    /// The lake's tables, in the order of their names: where from is as with schedules.
    package func listDatasets(after name: String?, limit: Int) async throws -> Page<String> {
        let found: [String]
        if service.isRunning, try await metastore.isWhole() {
            found = try await metastore.datasets(after: name, limit: limit + 1)
        } else {
            found = Array(try await catalog.tables().drop { $0 <= name ?? "" })
        }
        let items = Array(found.prefix(limit))
        return Page(items: items, next: found.count > limit ? items.last : nil)
    }

    /// A table.
    ///
    /// - Throws: `DaemonError` `notFound`.
    package func dataset(_ name: String) async throws -> DatasetView {
        // A text that is no name is no table's.
        guard let name = try? TableName(parsing: name), let table = try await catalog.table(name)
        else { throw DaemonError(.notFound, "there is no dataset \(name)") }
        let fields = table.metadata.currentSchema?.schema.fields ?? []
        return DatasetView(
            name: table.identifier.description,
            location: table.metadata.location,
            columns: fields.map {
                DatasetView.Column(
                    id: $0.id,
                    name: $0.name,
                    type: "\($0.type)",
                    isRequired: $0.isRequired
                )
            },
            snapshots: await table.wholeHistory().map {
                DatasetView.Snapshot(
                    id: $0.snapshotID,
                    parentID: $0.parentID,
                    at: $0.timestamp,
                    operation: $0.operation,
                    rowCount: $0.rowCount,
                    addedRowCount: $0.addedRowCount,
                    deletedRowCount: $0.deletedRowCount,
                    byteCount: $0.byteCount,
                    summary: $0.summary
                )
            }
        )
    }
}
