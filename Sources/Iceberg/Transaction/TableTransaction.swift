package import Basics

internal import Columnar

/// Changes to one table that are published together, in one commit.
///
/// The changes are noted first and put upon the table's newest state when they are committed;
/// when another writer is first, they are put upon its result. A transaction that brings files or
/// a schema gives up when the table's schema is no longer the one it started from.
package struct TableTransaction: Sendable {
    let catalog: FilesystemCatalog
    let identifier: TableName
    /// The table the transaction started from; nil when there was none.
    package let base: Table?
    var files: FileChange?
    /// The snapshot that is to be current again.
    var target: Int64?
    var newSchema: SchemaChangeRequest?
    var propertyChanges: [String: String?] = [:]
    var extraSummary: [String: String] = [:]
    /// The property that is to name the snapshot of this commit.
    var snapshotProperty: String?
    var beforeTry: (@Sendable (Table?) async throws -> Void)?

    /// What happens to the table's files.
    enum FileChange: Sendable {
        case append([DataFile])
        case replace([DataFile])
        case merge(MergePlan)
    }

    /// The schema the table is to have.
    struct SchemaChangeRequest: Sendable {
        var schema: Schema
        var identifierFieldIDs: [Int]
        var lastColumnID: Int
    }

    init(catalog: FilesystemCatalog, identifier: TableName, base: Table?) {
        self.catalog = catalog
        self.identifier = identifier
        self.base = base
    }

    /// Asks before each try to publish, with the table it would be put upon; a throw ends the commit.
    ///
    /// Whoever has to be sure that nobody else publishes the same asks here.
    package mutating func beforeEachTry(_ check: @escaping @Sendable (Table?) async throws -> Void)
    {
        beforeTry = check
    }

    /// Has a property of the table name the snapshot that this commit makes, and `<property>.schema-id`
    /// its schema.
    package mutating func nameSnapshot(in property: String) {
        snapshotProperty = property
    }

    /// Whether all rows that the table holds leave it.
    package var replacesRows: Bool {
        if case .replace = files { true } else { false }
    }

    /// Adds keys to the summary of the snapshot this commit makes.
    package mutating func addSummary(_ entries: [String: String]) {
        extraSummary.merge(entries) { $1 }
    }
}

extension FilesystemCatalog {
    /// Starts changing a table, which need not be there yet.
    ///
    /// - Throws: `IcebergError` `unsupported` when the table is one that is not written here.
    package func beginTransaction(_ identifier: TableName) async throws -> TableTransaction {
        let table = try await loadForWriting(identifier).table
        if let table { try table.requireWritable() }
        return TableTransaction(catalog: self, identifier: identifier, base: table)
    }
}

extension Table {
    /// Refuses a table that this program must not write.
    func requireWritable() throws {
        if version == nil {
            throw IcebergError(
                .unsupported,
                "\(identifier) is kept by another catalog (\(metadataLocation)) and is only read; "
                    + "sync into another table"
            )
        }
        if let obstacle = metadata.obstacleToWriting {
            throw IcebergError(
                .unsupported,
                "\(identifier) cannot be written: \(obstacle); sync into another table"
            )
        }
    }
}
