import Basics

internal import ObjectStorage

/// Writes the manifests of a new snapshot.
///
/// One planner serves all tries of a commit: the manifest of the new files says nothing of the
/// table's state and is written once; only what depends on the state is written again.
final class SnapshotPlanner {
    /// What a snapshot is made of.
    struct Plan {
        var manifests: [ManifestFile]
        var summary: [String: String]
        var totals: TableTotals
    }

    let snapshotID: Int64
    let reader: ManifestReader
    private let catalog: FilesystemCatalog
    private let identifier: TableName
    private let commitID: String
    private var manifestCount = 0
    private var listCount = 0
    private var ownManifest: ManifestFile?
    /// Files this commit has written, and the try each one serves; nil stands for all tries.
    private var written: [(key: ObjectKey, attempt: Int?)] = []
    /// Manifests of this commit that the try at hand has packed into others.
    private var droppedPaths: Set<String> = []
    /// The number of the try at hand, from 1.
    var attempt = 0 {
        didSet { droppedPaths = [] }
    }

    init(catalog: FilesystemCatalog, identifier: TableName) {
        self.catalog = catalog
        self.identifier = identifier
        reader = ManifestReader(store: catalog.store)
        snapshotID = catalog.clocks.makeSnapshotID()
        commitID = catalog.clocks.makeUUID()
    }

    /// The manifest of the new files, with the number of the snapshot `metadata` gets next; nil
    /// when there are none.
    func addedManifest(
        _ files: [DataFile],
        upon metadata: TableMetadata
    ) async throws -> ManifestFile? {
        guard !files.isEmpty else { return nil }
        let sequenceNumber = metadata.lastSequenceNumber + 1
        if var manifest = ownManifest {
            manifest.sequenceNumber = sequenceNumber
            manifest.minimumSequenceNumber = sequenceNumber
            return manifest
        }
        let entries = files.map {
            ManifestEntry(status: .added, snapshotID: snapshotID, file: $0)
        }
        let manifest = try await write(entries, content: .data, upon: metadata, allTries: true)
        ownManifest = manifest
        return manifest
    }

    /// Writes a manifest.
    func write(
        _ entries: [ManifestEntry],
        content: ManifestFile.Content,
        upon metadata: TableMetadata,
        allTries: Bool = false
    ) async throws -> ManifestFile {
        guard let schema = metadata.currentSchema else {
            throw IcebergError(.corrupt, "\(identifier): its current schema is missing")
        }
        let bytes = try Manifest.serialize(
            entries,
            content: content,
            specID: metadata.defaultSpecID,
            schema: schema,
            sync: catalog.clocks.makeSync()
        )
        let key = try catalog.metadataFolder(of: identifier)
            .appending("\(commitID)-m\(manifestCount).avro")
        manifestCount += 1
        try await put(bytes, to: key, attempt: allTries ? nil : attempt)
        let sequenceNumber = metadata.lastSequenceNumber + 1
        let counts = Dictionary(grouping: entries, by: \.status).mapValues { entries in
            (files: entries.count, rows: entries.reduce(0) { $0 &+ $1.file.rowCount })
        }
        let oldest = entries.filter(\.isLive).compactMap(\.sequenceNumber).min()
        return ManifestFile(
            path: catalog.store.locations.location(of: key),
            byteCount: Int64(bytes.count),
            specID: metadata.defaultSpecID,
            content: content,
            sequenceNumber: sequenceNumber,
            // New files are of this very commit and say no number.
            minimumSequenceNumber: min(oldest ?? sequenceNumber, sequenceNumber),
            addedSnapshotID: snapshotID,
            addedFileCount: counts[.added]?.files ?? 0,
            existingFileCount: counts[.existing]?.files ?? 0,
            deletedFileCount: counts[.deleted]?.files ?? 0,
            addedRowCount: counts[.added]?.rows ?? 0,
            existingRowCount: counts[.existing]?.rows ?? 0,
            deletedRowCount: counts[.deleted]?.rows ?? 0,
            partitions: []
        )
    }

    /// Writes the list of a snapshot's manifests, with its summary, and gives its location.
    func writeList(
        _ manifests: [ManifestFile],
        summary: [String: String],
        upon metadata: TableMetadata
    ) async throws -> String {
        let bytes = try ManifestList.serialize(
            manifests,
            snapshotID: snapshotID,
            parentID: metadata.currentSnapshotID,
            sequenceNumber: metadata.lastSequenceNumber + 1,
            summary: summary,
            sync: catalog.clocks.makeSync()
        )
        listCount += 1
        let name = SummaryShortening.listName(snapshotID, try: listCount)
        let key = try catalog.metadataFolder(of: identifier).appending(name + ".avro")
        try await put(bytes, to: key, attempt: attempt)
        return catalog.store.locations.location(of: key)
    }

    private func put(_ bytes: [UInt8], to key: ObjectKey, attempt: Int?) async throws {
        written.append((key, attempt))
        do {
            _ = try await catalog.store.put(bytes, to: key, condition: .ifAbsent)
        } catch {
            throw IcebergError.wrapping(error)
        }
    }

    /// Notes that no manifest list of the try at hand names a manifest.
    func dropped(_ manifest: ManifestFile) {
        droppedPaths.insert(manifest.path)
    }

    /// Removes what no try that landed needs: of all tries but `landed`, or of all.
    func removeLeftovers(keeping landed: Int?) async {
        for file in written {
            let isOfLanded = landed != nil && (file.attempt == nil || file.attempt == landed)
            let location = catalog.store.locations.location(of: file.key)
            if isOfLanded, !droppedPaths.contains(location) { continue }
            // They are no part of the table; one that stays costs nothing but its bytes.
            try? await catalog.store.delete(file.key)
        }
        written = []
    }
}
