package import Basics
import JSON

internal import Columnar

/// Everything a table is, but its files: the document every commit replaces.
///
/// Written for format version 2 of the Iceberg specification, "Table Metadata". What others wrote
/// is kept: partition specs, sort orders and references as JSON, members without a name here too.
package struct TableMetadata: Hashable, Sendable {
    package var formatVersion: Int
    package var tableUUID: String
    package var location: String
    package var lastSequenceNumber: Int64
    /// When it was written, by the writer's clock.
    package var lastUpdated: Instant
    package var lastColumnID: Int
    package var schemas: [TableSchema]
    package var currentSchemaID: Int
    var partitionSpecs: [JSONObject]
    package var defaultSpecID: Int
    var lastPartitionID: Int
    var sortOrders: [JSONObject]
    package var defaultSortOrderID: Int
    package var properties: [String: String]
    package var currentSnapshotID: Int64?
    package var snapshots: [Snapshot]
    var references: JSONObject
    package var snapshotLog: [SnapshotLogEntry]
    package var metadataLog: [MetadataLogEntry]
    /// Members of other writers.
    var others = JSONObject()

    /// When a snapshot became the table's current one.
    package struct SnapshotLogEntry: Hashable, Sendable {
        package var snapshotID: Int64
        package var timestamp: Instant
    }

    /// Where an earlier document of the table is.
    package struct MetadataLogEntry: Hashable, Sendable {
        package var location: String
        package var timestamp: Instant

        /// Makes an entry.
        package init(location: String, timestamp: Instant) {
            self.location = location
            self.timestamp = timestamp
        }
    }

    /// Makes the document of an empty, unpartitioned table.
    init(
        tableUUID: String,
        location: String,
        timestamp: Instant,
        schema: TableSchema,
        properties: [String: String]
    ) {
        formatVersion = 2
        self.tableUUID = tableUUID
        self.location = location
        lastSequenceNumber = 0
        lastUpdated = timestamp
        lastColumnID = schema.schema.lastFieldID
        schemas = [schema]
        currentSchemaID = schema.id
        partitionSpecs = [JSONObject([("spec-id", .integer(0)), ("fields", .array([]))])]
        defaultSpecID = 0
        lastPartitionID = 999
        sortOrders = [JSONObject([("order-id", .integer(0)), ("fields", .array([]))])]
        defaultSortOrderID = 0
        self.properties = properties
        snapshots = []
        references = JSONObject()
        snapshotLog = []
        metadataLog = []
    }

    /// The schema rows are written in now.
    package var currentSchema: TableSchema? { schema(currentSchemaID) }

    /// The schema of that number.
    package func schema(_ id: Int) -> TableSchema? {
        schemas.first { $0.id == id }
    }

    /// The state that readers see; nil in a table nothing was committed to.
    package var currentSnapshot: Snapshot? {
        currentSnapshotID.flatMap { snapshot($0) }
    }

    /// The snapshot of that number, if it is kept.
    package func snapshot(_ id: Int64) -> Snapshot? {
        snapshots.first { $0.id == id }
    }

    /// The current snapshot and those it came from, newest first, as far as they are kept.
    package var ancestry: [Snapshot] { ancestry(of: currentSnapshotID) }

    /// A snapshot and those it came from, newest first, as far as they are kept.
    package func ancestry(of id: Int64?) -> [Snapshot] {
        var byID = Dictionary(snapshots.map { ($0.id, $0) }, uniquingKeysWith: { $1 })
        var found: [Snapshot] = []
        var next = id
        // Taking each one out once ends a chain that bites its tail.
        while let id = next, let snapshot = byID.removeValue(forKey: id) {
            found.append(snapshot)
            next = snapshot.parentID
        }
        return found
    }

    /// Why this program must not write the table; nil when it may.
    package var obstacleToWriting: String? {
        if formatVersion != 2 {
            return "it has format version \(formatVersion), and only version 2 is written"
        }
        for spec in partitionSpecs {
            guard spec["fields"]?.array?.isEmpty == true else {
                return "it is or was partitioned, and only unpartitioned tables are written"
            }
        }
        if let foreign = currentSchema?.foreignType {
            return "it has a column of type \(foreign), which is not known here"
        }
        if currentSchema == nil { return "its current schema is missing" }
        return nil
    }
}
