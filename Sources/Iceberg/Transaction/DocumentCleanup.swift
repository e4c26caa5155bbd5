import Basics

internal import ObjectStorage

/// Removes metadata documents that a table has no more use for, where its property
/// `write.metadata.delete-after-commit.enabled` says so.
///
/// The current document stays, and all that its log names: `write.metadata.previous-versions-max` of
/// them. A reader that is slow may be at one that just left the log: it stays for an hour while all
/// documents together are small.
struct DocumentCleanup {
    let catalog: FilesystemCatalog
    let identifier: TableName

    /// Cleans up behind a commit whose hint is written: what the hint names is never removed.
    ///
    /// - Parameters:
    ///   - metadata: The table as it is now.
    ///   - current: Its document.
    ///   - former: The log before the commit, which may name documents of another catalog.
    /// - Throws: `StorageError`; what was not removed then goes with the next commit.
    func run(
        after metadata: TableMetadata,
        _ current: MetadataVersion,
        former: [TableMetadata.MetadataLogEntry]
    ) async throws {
        let store = catalog.store
        let documents = try await catalog.documents(of: identifier)
        guard let now = documents.versions[current]?.modifiedAt else { return }
        let logged = Set(metadata.metadataLog.compactMap { store.locations.key(at: $0.location) })
        let numbers = documents.versions.filter { logged.contains($0.value.key) }.keys.map(\.number)
        // What has no number of its own goes when it leaves the log, or is nobody's to remove.
        let left = Set(former.compactMap { store.locations.key(at: $0.location) })
            .subtracting(logged)
        let oldest = numbers.min() ?? current.number
        let past =
            documents.versions.filter { version, object in
                version.number < oldest && !logged.contains(object.key)
            }.sorted { $0.key.number < $1.key.number }.map(\.value)
            + documents.foreign.values.filter { left.contains($0.key) }
        var byteCount = documents.byteCount
        for object in past.prefix(Limits.documentRemovals) {
            let age = now - (object.modifiedAt ?? now)
            if age < Limits.documentAge, byteCount <= Limits.documentByteCount { continue }
            try await store.delete(object.key)
            byteCount -= object.byteCount
        }
    }
}
