import Basics

internal import ObjectStorage

/// What a listing of a table's metadata folder shows.
struct MetadataFolder {
    /// The documents of a table kept by its folder, in no order.
    private(set) var versions: [MetadataVersion: ObjectInfo] = [:]
    /// Documents that another catalog keeps, by name.
    private(set) var foreign: [String: ObjectInfo] = [:]
    /// The newest document that is compressed in an unknown way.
    private var unreadable: (name: String, version: Int)?

    init(_ objects: [ObjectInfo]) {
        for object in objects {
            switch MetadataName(object.key.name) {
            case .version(let version): versions[version] = object
            case .foreign(let name): foreign[name] = object
            case .unreadable(let name, let version):
                if version >= unreadable?.version ?? 0 { unreadable = (name, version) }
            case nil: continue
            }
        }
    }

    /// Bytes of all documents.
    var byteCount: Int {
        versions.values.reduce(0) { $0 + $1.byteCount }
            + foreign.values.reduce(0) { $0 + $1.byteCount }
    }

    /// Whether there is any document.
    var isTable: Bool { !versions.isEmpty || !foreign.isEmpty || unreadable != nil }

    /// The newest document of a table kept by its folder.
    ///
    /// - Throws: `IcebergError` `unsupported` when it cannot be read here.
    func newest() throws -> MetadataVersion? {
        let newest = versions.keys.max { ($0.number, $1.codec) < ($1.number, $0.codec) }
        if let unreadable, unreadable.version >= newest?.number ?? 0 {
            throw IcebergError(
                .unsupported,
                "\(unreadable.name) is compressed in a way that is not read here; set the table's "
                    + "property `\(TableMetadata.codecProperty)` to none or gzip by the program "
                    + "that wrote it"
            )
        }
        return newest
    }

    /// The newest document of another catalog.
    ///
    /// `00003-<uuid>`: the numbers have equal lengths, so the last name is the newest.
    var newestForeign: String? { foreign.keys.max() }

    /// Another document of the same number.
    func twin(of version: MetadataVersion) -> MetadataVersion? {
        versions.keys.first { $0.number == version.number && $0.codec != version.codec }
    }
}

extension MetadataCodec: Comparable {
    /// Engines take the first of several.
    static func < (left: MetadataCodec, right: MetadataCodec) -> Bool {
        func place(_ codec: MetadataCodec) -> Int { allCases.firstIndex(of: codec) ?? 0 }
        return place(left) < place(right)
    }
}

// MARK: Two lines of documents

extension FilesystemCatalog {
    /// Lists a table's documents.
    func documents(of identifier: TableName) async throws -> MetadataFolder {
        MetadataFolder(try await store.list(try metadataFolder(of: identifier)).objects)
    }

    /// Refuses a table that two catalogs have taken forward, each from the same document on: what
    /// one of them committed is missing from the other's line, and a commit here would leave it so.
    ///
    /// A catalog that keeps the place of the newest document itself, as pyiceberg's, DuckDB's and
    /// any REST catalog do, names its documents otherwise than a table kept by its folder.
    ///
    /// - Throws: `IcebergError` `unsupported`.
    func requireOneLine(_ table: Table, _ documents: MetadataFolder) async throws {
        guard let version = table.document else { return }
        if let twin = documents.twin(of: version) {
            throw IcebergError(
                .unsupported,
                "\(table.identifier) has two documents of one number, \(version.name) and "
                    + "\(twin.name): two programs committed at the same moment, and each engine "
                    + "sees one of them. Look at both, and move the one that is not to count out of "
                    + "the folder"
            )
        }
        let metadata = table.metadata
        let logged = Set(
            metadata.metadataLog.compactMap { store.locations.key(at: $0.location) }
        )
        for (name, object) in documents.foreign.sorted(by: { $0.key < $1.key })
        where !logged.contains(object.key) {
            let other = try await load(table.identifier, object.key, nil).metadata
            guard !metadata.continues(other) else { continue }
            throw IcebergError(
                .unsupported,
                "\(table.identifier) was changed through another catalog too: \(name) and "
                    + "\(version.name) in its metadata folder are two lines, and neither has what "
                    + "the other one got. Nothing was written. To keep the line of this lake, move "
                    + "\(name) out of the folder; to resume from the other catalog's, copy it to "
                    + "\(MetadataVersion(version.number + 1, .none).name) there; then let one of "
                    + "the two write, and sync into another table otherwise"
            )
        }
    }
}

extension TableMetadata {
    /// Whether a document of another catalog is one this table came from, or is itself.
    fileprivate func continues(_ other: TableMetadata) -> Bool {
        guard other.tableUUID == tableUUID else { return false }
        if other == self { return true }
        let isKnown = other.currentSnapshotID.map { snapshot($0) != nil } ?? true
        // It was copied to a name of this line.
        if isKnown, metadataLog.contains(where: { $0.timestamp == other.lastUpdated }) {
            return true
        }
        // It is older than all that the log still names.
        guard let oldest = metadataLog.map(\.timestamp).min(), other.lastUpdated < oldest else {
            return false
        }
        if isKnown { return true }
        // Its snapshot may have been expired, unless others of its time are still there.
        let first = snapshots.map(\.timestamp).min() ?? .distantFuture
        return other.currentSnapshot.map { $0.timestamp < first } ?? true
    }
}
