import JSON

extension TableTransaction {
    /// Makes a snapshot that the table keeps its current one; the schema stays what it is.
    ///
    /// Nothing is deleted: what was current before can be made so again. When another writer is
    /// first, the commit gives up instead of undoing what it did not see.
    ///
    /// - Throws: `IcebergError` `notFound` when the table has no such snapshot, or is none.
    package mutating func rollBack(to snapshotID: Int64) throws {
        precondition(files == nil, "a transaction changes a table's files once")
        guard let base else {
            throw IcebergError(.notFound, "there is no table \(identifier)")
        }
        guard base.metadata.snapshot(snapshotID) != nil else {
            throw IcebergError(
                .notFound,
                "\(identifier) keeps no snapshot \(snapshotID); `tributary dataset history` lists them"
            )
        }
        target = snapshotID
    }
}

extension TableMetadata {
    /// Makes a snapshot that is kept the current one (Iceberg specification, "Snapshot References").
    mutating func makeCurrent(_ snapshotID: Int64) {
        currentSnapshotID = snapshotID
        snapshotLog.append(SnapshotLogEntry(snapshotID: snapshotID, timestamp: lastUpdated))
        var main = references["main"]?.object ?? JSONObject([("type", .string("branch"))])
        main["snapshot-id"] = .integer(snapshotID)
        references["main"] = .object(main)
    }
}
