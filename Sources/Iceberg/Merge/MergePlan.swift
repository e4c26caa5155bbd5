package import ObjectStorage

/// What a merge by key puts into a table and takes out of it, ready to be committed upon the one
/// snapshot it was planned for.
package struct MergePlan: Sendable {
    /// The snapshot whose files were looked at; nil for a table that holds nothing.
    package let baseSnapshotID: Int64?
    /// The new files of rows.
    package let added: [DataFile]
    /// The new files of deleted positions.
    package let addedDeletes: [DataFile]
    /// The objects of `addedDeletes`: to be removed when the plan is not committed.
    ///
    /// After a commit whose outcome is unknown they must stay.
    package let writtenKeys: [ObjectKey]
    /// Rows that the table loses, each because a new row has its key.
    package let deletedRowCount: Int64
    /// Files of rows that leave the table because all of their rows are deleted.
    package let removedFileCount: Int
    /// Files of deleted positions that leave the table: others hold their positions, or their
    /// rows are gone.
    package let removedDeleteFileCount: Int
    /// The locations of files that leave, by the location of the manifest that names them.
    let removals: [String: Set<String>]

    init(
        baseSnapshotID: Int64?,
        added: [DataFile],
        addedDeletes: [DataFile],
        writtenKeys: [ObjectKey],
        deletedRowCount: Int64,
        removedFileCount: Int,
        removedDeleteFileCount: Int,
        removals: [String: Set<String>]
    ) {
        self.baseSnapshotID = baseSnapshotID
        self.added = added
        self.addedDeletes = addedDeletes
        self.writtenKeys = writtenKeys
        self.deletedRowCount = deletedRowCount
        self.removedFileCount = removedFileCount
        self.removedDeleteFileCount = removedDeleteFileCount
        self.removals = removals
    }

    /// Makes a plan of files that were written elsewhere, of which none leaves the table.
    package init(baseSnapshotID: Int64?, added: [DataFile], addedDeletes: [DataFile]) {
        self.init(
            baseSnapshotID: baseSnapshotID,
            added: added,
            addedDeletes: addedDeletes,
            writtenKeys: [],
            deletedRowCount: addedDeletes.reduce(0) { $0 &+ $1.rowCount },
            removedFileCount: 0,
            removedDeleteFileCount: 0,
            removals: [:]
        )
    }

    /// Whether nothing leaves the table, not even a row.
    var isAppend: Bool { addedDeletes.isEmpty && removals.isEmpty }
}
