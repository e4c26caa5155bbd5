package import Basics
package import Columnar
internal import ObjectStorage

/// Replaces rows by key: finds the rows of a table that new files hold again, and marks them as
/// deleted.
///
/// The new keys are looked at in partitions by their hash, each small enough for memory, so that
/// all rows of one key are together. For each partition the table's files that may hold such keys
/// are scanned, in their key columns only. What matches becomes position delete files (Iceberg
/// specification, "Position Delete Files"), one for each touched file; once a file has several, they
/// become one. A file without rows left leaves the table.
package struct KeyMerge: Sendable {
    /// What a merge may take of memory, smaller in tests.
    package struct Bounds: Sendable {
        /// Bytes of new keys in memory at a time.
        package var keyByteCount = Limits.mergeKeyByteCount
        /// Rows of the files whose marks are in memory together.
        package var groupRowCount = Limits.mergeGroupRowCount

        /// The bounds of `Limits`.
        package init() {}
    }

    let catalog: FilesystemCatalog
    let identifier: TableName
    let table: Table?
    let columns: [KeyColumn]
    let newFilePrefix: String
    let bounds: Bounds

    /// Prepares a merge.
    ///
    /// - Parameters:
    ///   - catalog: Where the table is; its store is read and written.
    ///   - identifier: The table.
    ///   - table: Its state, as of the start of the transaction; nil for one that is made.
    ///   - schema: The schema it has after the commit, in whose types keys are compared.
    ///   - key: The field ids of the columns that tell rows apart.
    ///   - newFilePrefix: Begins the names of delete files: `data/<prefix>-deletes-<n>.parquet`,
    ///     never used before in this table.
    ///   - bounds: What may be in memory.
    /// - Throws: `IcebergError` `unsupported` for a key that is empty, nested or unknown.
    package init(
        catalog: FilesystemCatalog,
        identifier: TableName,
        table: Table?,
        schema: Schema,
        key: [Int],
        newFilePrefix: String,
        bounds: Bounds = Bounds()
    ) throws {
        guard !key.isEmpty, Set(key).count == key.count else {
            throw IcebergError(
                .unsupported,
                "a merge into \(identifier) needs a key of one or more different columns; name them"
            )
        }
        self.catalog = catalog
        self.identifier = identifier
        self.table = table
        columns = try key.map { try KeyColumn(fieldID: $0, in: schema) }
        self.newFilePrefix = newFilePrefix
        self.bounds = bounds
    }

    /// Finds what the rows of new files replace and writes the delete files.
    ///
    /// The files are durable and of Parquet, and no snapshot names them yet. Rows of the table
    /// with a null in their key, or without its columns, stay.
    ///
    /// - Throws: `IcebergError`: `unsupported` when a new row has a null in its key, when two have
    ///   the same key, or when the table has what cannot be merged into; `corrupt`, `storage`.
    ///   What was written is removed then.
    @concurrent package func plan(adding files: [DataFile]) async throws -> MergePlan {
        let run = MergeRun(self, adding: files)
        do {
            return try await run.plan()
        } catch {
            await run.removeWritten()
            throw IcebergError.wrapping(error)
        }
    }

    /// Removes the delete files of a plan that was not committed and never will be.
    package func discard(_ plan: MergePlan) async {
        for key in plan.writtenKeys {
            // No snapshot names them; one that stays costs nothing but its bytes.
            try? await catalog.store.delete(key)
        }
    }
}
