package import ObjectStorage

/// Tables found by their folders: `warehouse/<namespace>/<table>/metadata/v<N>.metadata.json`.
///
/// The document of the highest number is the table. A commit makes the next one if it is not
/// there, which only one writer can. `version-hint.text` names a recent number and may be behind,
/// so readers look upward from it. This is the layout engines call "hadoop"; other programs must
/// not write these tables, as most of them replace a document without looking.
package struct FilesystemCatalog: Sendable {
    let store: any ObjectStore
    let environment: CommitEnvironment
    private let warehouse: ObjectKey

    /// Opens the catalog in the folder `warehouse` of a store.
    package init(store: any ObjectStore, warehouse: ObjectKey, environment: CommitEnvironment) {
        self.store = store
        self.warehouse = warehouse
        self.environment = environment
    }

    // MARK: Places

    /// The folder of a table.
    package func folder(of identifier: TableIdentifier) throws -> ObjectKey {
        try warehouse.appending(
            PathName.encode(identifier.namespace) + "/" + PathName.encode(identifier.name)
        )
    }

    /// The absolute location of a table, which engines open it by.
    package func location(of identifier: TableIdentifier) throws -> String {
        store.locations.location(of: try folder(of: identifier))
    }

    func metadataFolder(of identifier: TableIdentifier) throws -> ObjectKey {
        try folder(of: identifier).appending("metadata")
    }

    func metadataKey(of identifier: TableIdentifier, version: Int) throws -> ObjectKey {
        try metadataFolder(of: identifier).appending("v\(version).metadata.json")
    }

    private func hintKey(of identifier: TableIdentifier) throws -> ObjectKey {
        try metadataFolder(of: identifier).appending("version-hint.text")
    }

    // MARK: Reading

    /// All tables, in the order of their names.
    package func tables() async throws -> [TableIdentifier] {
        do {
            var found: [TableIdentifier] = []
            for space in try await store.list(warehouse).folders {
                guard let namespace = PathName.decode(space.name) else { continue }
                for folder in try await store.list(space).folders {
                    guard let name = PathName.decode(folder.name),
                        let identifier = try? TableIdentifier(namespace: namespace, name: name)
                        // A folder no table name has was not made by this catalog.
                    else { continue }
                    let metadata = try await store.list(try folder.appending("metadata"))
                    if metadata.objects.contains(where: { $0.key.name.hasSuffix(Self.suffix) }) {
                        found.append(identifier)
                    }
                }
            }
            return found.sorted()
        } catch {
            throw IcebergError.wrapping(error)
        }
    }

    /// Loads a table as it is now; nil when there is none.
    ///
    /// - Throws: `IcebergError` `corrupt`, `unsupported` or `storage`.
    package func loadIfPresent(_ identifier: TableIdentifier) async throws -> Table? {
        do {
            switch try await head(of: identifier) {
            case .none: return nil
            case .version(let version):
                return try await load(
                    identifier,
                    try metadataKey(of: identifier, version: version),
                    version
                )
            case .foreign(let name):
                return try await load(
                    identifier,
                    try metadataFolder(of: identifier).appending(name),
                    nil
                )
            }
        } catch {
            throw IcebergError.wrapping(error)
        }
    }

    /// Loads a table as it is now.
    ///
    /// - Throws: `IcebergError` `notFound` among others.
    package func load(_ identifier: TableIdentifier) async throws -> Table {
        guard let table = try await loadIfPresent(identifier) else {
            throw IcebergError(
                .notFound,
                "there is no table \(identifier) in \(store.locations.base)"
            )
        }
        return table
    }

    private func load(
        _ identifier: TableIdentifier,
        _ key: ObjectKey,
        _ version: Int?
    ) async throws -> Table {
        let bytes = try await store.read(key).bytes
        let location = store.locations.location(of: key)
        do {
            return Table(
                identifier: identifier,
                metadata: try TableMetadata(parsing: bytes),
                metadataLocation: location,
                version: version,
                store: store
            )
        } catch let error as IcebergError {
            throw error.at("cannot read \(location)")
        }
    }

    // MARK: The newest document

    static let suffix = ".metadata.json"

    private enum Head {
        case none
        case version(Int)
        /// Another catalog's document, by its file name.
        case foreign(String)
    }

    private func head(of identifier: TableIdentifier) async throws -> Head {
        let hint = try await readHint(of: identifier)
        if case .version(let hinted) = hint, try await exists(identifier, hinted) {
            return .version(try await newest(of: identifier, from: hinted))
        }
        let listed = try await listedHead(of: identifier)
        if case .foreign(let hinted) = hint, case .foreign = listed {
            let key = try metadataFolder(of: identifier).appending(hinted)
            if try await store.info(key) != nil { return hint }
        }
        return listed
    }

    private func readHint(of identifier: TableIdentifier) async throws -> Head {
        let bytes: [UInt8]
        do {
            bytes = try await store.read(try hintKey(of: identifier)).bytes
        } catch let error as StorageError where error.code == .notFound {
            return .none
        }
        let text = String(decoding: bytes.filter { $0 > 0x20 }, as: UTF8.self)
        if let version = Int(text), version > 0 { return .version(version) }
        let name = text + Self.suffix
        // A hint is advice: one that makes no sense counts as none.
        guard (try? ObjectKey(name)) != nil, !name.utf8.contains(0x2F) else { return .none }
        return .foreign(name)
    }

    private func exists(_ identifier: TableIdentifier, _ version: Int) async throws -> Bool {
        try await store.info(try metadataKey(of: identifier, version: version)) != nil
    }

    /// The highest version at or above one that exists.
    private func newest(of identifier: TableIdentifier, from start: Int) async throws -> Int {
        var version = start
        for _ in 0..<Limits.versionProbes {
            guard version < .max, try await exists(identifier, version + 1) else { return version }
            version += 1
        }
        guard case .version(let listed) = try await listedHead(of: identifier) else {
            return version
        }
        return max(version, listed)
    }

    private func listedHead(of identifier: TableIdentifier) async throws -> Head {
        var newest: Int?
        var foreign: String?
        for object in try await store.list(try metadataFolder(of: identifier)).objects {
            let name = object.key.name
            guard name.hasSuffix(Self.suffix) else { continue }
            let stem = name.dropLast(Self.suffix.count)
            if stem.hasPrefix("v"), let version = Int(stem.dropFirst()), version > 0 {
                newest = max(newest ?? 0, version)
            } else {
                // `00003-<uuid>`: the names have equal lengths, so the last one is the newest.
                foreign = max(foreign ?? "", name)
            }
        }
        if let newest { return .version(newest) }
        return foreign.map { .foreign($0) } ?? .none
    }

    // MARK: The hint

    /// Points the hint at the newest version where it does not: a commit may have been cut off
    /// before it wrote the hint.
    package func repairHint(of table: Table) async throws {
        guard let version = table.version else { return }
        if case .version(version) = try await readHint(of: table.identifier) { return }
        try await writeHint(of: table.identifier, version: version)
    }

    /// Points the hint at the newest version, at least `version`.
    ///
    /// Engines open the table by the hint alone, so a slower writer must not leave it behind a
    /// faster one: each looks once more after it has written, and the last of them stops.
    func writeHint(of identifier: TableIdentifier, version: Int) async throws {
        var version = version
        for _ in 0..<Limits.hintAttempts {
            _ = try await store.put(
                Array(String(version).utf8),
                to: try hintKey(of: identifier),
                condition: .none
            )
            let newest = try await newest(of: identifier, from: version)
            if newest == version { return }
            version = newest
        }
    }
}
