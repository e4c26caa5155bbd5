package import Basics

internal import ObjectStorage

/// A table as it was at one commit.
package struct Table: Sendable {
    package let identifier: TableName
    package let metadata: TableMetadata
    /// Absolute location of the metadata document.
    package let metadataLocation: String
    /// The number of the document; nil when another kind of catalog keeps the table, which can
    /// then only be read here.
    package var version: Int? { document?.number }
    /// The document among those of its folder.
    let document: MetadataVersion?
    let store: any ObjectStore
    /// What `countRows` found, so that it looks at the files once.
    let counted = CountedRows()

    /// The files of a snapshot that hold rows or deletes.
    ///
    /// - Throws: `IcebergError` `corrupt`, `storage`, or `notFound` when the snapshot is gone.
    package func files(snapshotID: Int64? = nil) async throws -> [DataFile] {
        guard let snapshot = try snapshot(snapshotID) else { return [] }
        let reader = ManifestReader(store: store)
        var files: [DataFile] = []
        for manifest in try await reader.manifests(of: snapshot) {
            files += try await reader.entries(of: manifest).filter(\.isLive).map(\.file)
        }
        return files
    }

    /// The table's earlier documents that its log names and the store still has, newest first, until
    /// `body` says that it has seen enough.
    ///
    /// - Throws: `IcebergError` `storage`; a document that is gone, or cannot be read, is passed over.
    package func earlierDocuments(
        until body: (TableMetadata) async throws -> Bool
    ) async throws {
        for entry in metadata.metadataLog.reversed() {
            guard let key = store.locations.key(at: entry.location) else { continue }
            let bytes: [UInt8]
            do {
                bytes = try await store.read(key).bytes
            } catch let error as StorageError where error.code == .notFound {
                continue
            } catch {
                throw IcebergError.wrapping(error)
            }
            // It only adds to what is known: one that makes no sense adds nothing.
            guard let document = try? TableMetadata(stored: bytes) else { continue }
            if try await body(document) { return }
        }
    }

    /// The locations of the manifests that readers of a snapshot open.
    ///
    /// - Throws: `IcebergError` as `files` does.
    package func manifests(snapshotID: Int64? = nil) async throws -> [String] {
        guard let snapshot = try snapshot(snapshotID) else { return [] }
        return try await ManifestReader(store: store).manifests(of: snapshot).map(\.path)
    }

    private func snapshot(_ id: Int64?) throws -> Snapshot? {
        guard let id = id ?? metadata.currentSnapshotID else { return nil }
        guard let snapshot = metadata.snapshot(id) else {
            throw IcebergError(.notFound, "\(identifier) has no snapshot \(id); see its history")
        }
        return snapshot
    }

    /// The states of the table, newest first, as far as the document tells of older ones.
    package var history: [HistoryEntry] { metadata.ancestry.map(HistoryEntry.init) }

    /// The states of the table, newest first, each with its whole summary; the rows of the current one are
    /// counted as readers find them.
    package func wholeHistory() async -> [HistoryEntry] {
        let reader = ManifestReader(store: store)
        var entries: [HistoryEntry] = []
        for var snapshot in metadata.ancestry {
            // A list that cannot be read takes nothing but the counts of its snapshot along.
            snapshot.summary = (try? await reader.summary(of: snapshot)) ?? snapshot.summary
            entries.append(HistoryEntry(snapshot))
        }
        // Where the files cannot be read, what the writer counted has to do.
        if !entries.isEmpty, let count = try? await countRows() { entries[0].rowCount = count }
        return entries
    }

    /// What a snapshot says of itself, whole; nil when the table does not keep it.
    ///
    /// - Throws: `IcebergError` `corrupt` or `storage`.
    package func summary(ofSnapshot id: Int64) async throws -> [String: String]? {
        guard let snapshot = metadata.snapshot(id) else { return nil }
        return try await summary(of: snapshot)
    }

    /// What a snapshot of any document of the table says of itself, whole.
    ///
    /// - Throws: `IcebergError` `corrupt` or `storage`.
    package func summary(of snapshot: Snapshot) async throws -> [String: String] {
        do {
            return try await ManifestReader(store: store).summary(of: snapshot)
        } catch {
            throw IcebergError.wrapping(error)
        }
    }
}

/// One state of a table, as its history tells it.
package struct HistoryEntry: Hashable, Sendable {
    package let snapshotID: Int64
    package let parentID: Int64?
    /// When it was written, by the writer's clock.
    package let timestamp: Instant
    package let operation: String
    package let schemaID: Int?
    /// Rows of the table in this state; nil when its writer did not say.
    package fileprivate(set) var rowCount: Int64?
    package let addedRowCount: Int64
    package let deletedRowCount: Int64
    package let fileCount: Int64?
    package let byteCount: Int64?
    package let summary: [String: String]

    init(_ snapshot: Snapshot) {
        snapshotID = snapshot.id
        parentID = snapshot.parentID
        timestamp = snapshot.timestamp
        operation = snapshot.operation
        schemaID = snapshot.schemaID
        rowCount = snapshot.rowCount
        addedRowCount = snapshot.count("added-records") ?? 0
        deletedRowCount = snapshot.count("deleted-records") ?? 0
        fileCount = snapshot.count("total-data-files")
        byteCount = snapshot.count("total-files-size")
        summary = snapshot.summary
    }
}
