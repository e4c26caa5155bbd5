package import Basics
package import ObjectStorage

/// Tables found by their folders: `warehouse/<namespace>/<table>/metadata/v<N>.metadata.json`.
///
/// The document of the highest number is the table. A commit makes the next one if it is not
/// there, which only one writer can. `version-hint.text` names a recent number and may be behind,
/// so readers look upward from it. This is the layout engines call "hadoop"; other programs must
/// not write these tables, as most of them replace a document without looking.
package struct FilesystemCatalog: Sendable {
    let store: any ObjectStore
    let clocks: Clocks
    private let warehouse: ObjectKey

    /// Opens the catalog in the folder `warehouse` of a store.
    package init(store: any ObjectStore, warehouse: ObjectKey, clocks: Clocks) {
        self.store = store
        self.warehouse = warehouse
        self.clocks = clocks
    }

    // MARK: Places

    /// The folder of a table.
    package func folder(of identifier: TableName) throws -> ObjectKey {
        try warehouse.appending(
            PathName.encode(identifier.namespace) + "/" + PathName.encode(identifier.name)
        )
    }

    /// The absolute location of a table, which engines open it by.
    package func location(of identifier: TableName) throws -> String {
        store.locations.location(of: try folder(of: identifier))
    }

    func metadataFolder(of identifier: TableName) throws -> ObjectKey {
        try folder(of: identifier).appending("metadata")
    }

    func metadataKey(of identifier: TableName, _ document: MetadataVersion) throws
        -> ObjectKey
    {
        try metadataFolder(of: identifier).appending(document.name)
    }

    private func hintKey(of identifier: TableName) throws -> ObjectKey {
        try metadataFolder(of: identifier).appending("version-hint.text")
    }

    // MARK: Reading

    /// All tables, in the order of their names.
    package func tables() async throws -> [TableName] {
        do {
            var found: [TableName] = []
            for space in try await store.list(warehouse).folders {
                for folder in try await store.list(space).folders {
                    if let table = try await identifier(space.name, folder) { found.append(table) }
                }
            }
            return found.sorted()
        } catch {
            throw IcebergError.wrapping(error)
        }
    }

    /// The table of a folder; nil where there is none that this catalog can have made.
    private func identifier(_ space: String, _ folder: ObjectKey) async throws -> TableName? {
        let metadata = try folder.appending("metadata")
        let documents = MetadataFolder(try await store.list(metadata).objects)
        guard documents.isTable else { return nil }
        var properties: [String: String] = [:]
        if PathName.isShort(space) || PathName.isShort(folder.name) {
            guard let newest = try documents.newest() else { return nil }
            let bytes = try await store.read(try metadata.appending(newest.name)).bytes
            properties = try TableMetadata(stored: bytes).properties
        }
        return TableName.of(folders: (space, folder.name), properties: properties)
    }

    /// Loads a table as it is now; nil when there is none.
    ///
    /// - Throws: `IcebergError` `corrupt`, `unsupported` or `storage`.
    package func loadIfPresent(_ identifier: TableName) async throws -> Table? {
        do {
            return try await load(identifier, try await head(of: identifier))
        } catch {
            throw IcebergError.wrapping(error)
        }
    }

    /// Loads a table to write upon it, by a listing of its documents: it shows lines that a look at
    /// this one alone would not.
    ///
    /// - Throws: `IcebergError`: what `loadIfPresent` throws; `unsupported` where there are two.
    func loadForWriting(
        _ identifier: TableName
    ) async throws -> (table: Table?, documents: MetadataFolder) {
        do {
            let documents = try await documents(of: identifier)
            let head = try await listedHead(documents, hint: readHint(of: identifier), identifier)
            let table = try await load(identifier, head)
            if let table { try await requireOneLine(table, documents) }
            return (table, documents)
        } catch {
            throw IcebergError.wrapping(error)
        }
    }

    private func load(_ identifier: TableName, _ head: Head) async throws -> Table? {
        switch head {
        case .none: nil
        case .version(let document):
            try await load(identifier, try metadataKey(of: identifier, document), document)
        case .foreign(let name):
            try await load(identifier, try metadataFolder(of: identifier).appending(name), nil)
        }
    }

    /// Loads a table as it is now.
    ///
    /// - Throws: `IcebergError` `notFound` among others.
    package func load(_ identifier: TableName) async throws -> Table {
        guard let table = try await loadIfPresent(identifier) else {
            throw IcebergError(
                .notFound,
                "there is no table \(identifier) in \(store.locations.base)"
            )
        }
        return table
    }

    func load(
        _ identifier: TableName,
        _ key: ObjectKey,
        _ document: MetadataVersion?
    ) async throws -> Table {
        let bytes = try await store.read(key).bytes
        let location = store.locations.location(of: key)
        do {
            let metadata = try TableMetadata(stored: bytes)
            try checkName(of: metadata, identifier)
            return Table(
                identifier: identifier,
                metadata: metadata,
                metadataLocation: location,
                document: document,
                store: store
            )
        } catch let error as IcebergError {
            throw error.at("cannot read \(location)")
        }
    }

    /// Refuses a table of another name whose folder has the same short form.
    private func checkName(of metadata: TableMetadata, _ identifier: TableName) throws {
        for (property, name) in identifier.nameProperties {
            guard let other = metadata.properties[property] else { continue }
            guard !other.utf8.elementsEqual(name.utf8) else { continue }
            throw IcebergError(
                .unsupported,
                "the folder of \(identifier) is taken by \(other); choose another table with \(Remedy.dataset)"
            )
        }
    }

    // MARK: The newest document

    private enum Head {
        case none
        case version(MetadataVersion)
        /// Another catalog's document, by its file name.
        case foreign(String)
    }

    private func head(of identifier: TableName) async throws -> Head {
        let hint = try await readHint(of: identifier)
        if let hint, let number = Int(hint), number > 0,
            let found = try await document(of: identifier, number: number)
        {
            return .version(try await newest(of: identifier, from: found))
        }
        return try await listedHead(
            try await documents(of: identifier),
            hint: hint,
            identifier
        )
    }

    /// The hint: a number, or the stem of another catalog's document; nil when there is none.
    private func readHint(of identifier: TableName) async throws -> String? {
        do {
            let bytes = try await store.read(try hintKey(of: identifier)).bytes
            return String(decoding: bytes.filter { $0 > 0x20 }, as: UTF8.self)
        } catch let error as StorageError where error.code == .notFound {
            return nil
        }
    }

    /// The document of a number, under whatever name it has; nil when there is none.
    func document(
        of identifier: TableName,
        number: Int
    ) async throws -> MetadataVersion? {
        for codec in MetadataCodec.allCases {
            let document = MetadataVersion(number, codec)
            let key = try metadataKey(of: identifier, document)
            if try await store.info(key) != nil { return document }
        }
        return nil
    }

    /// The newest document at or above one that exists.
    private func newest(
        of identifier: TableName,
        from start: MetadataVersion
    ) async throws -> MetadataVersion {
        var newest = start
        for _ in 0..<Limits.versionProbes {
            guard let next = try await document(of: identifier, number: newest.number + 1) else {
                return newest
            }
            newest = next
        }
        return try await documents(of: identifier).newest() ?? newest
    }

    private func listedHead(
        _ documents: MetadataFolder,
        hint: String?,
        _ identifier: TableName
    ) async throws -> Head {
        do {
            if let newest = try documents.newest() { return .version(newest) }
        } catch let error as IcebergError {
            throw error.at("\(identifier)")
        }
        // A hint is advice: one that makes no sense counts as none.
        let hinted = documents.foreign.keys.first { name in
            hint.map { name.hasPrefix($0 + ".") } ?? false
        }
        return (hinted ?? documents.newestForeign).map { .foreign($0) } ?? .none
    }

    // MARK: The hint

    /// Points the hint at the newest version where it does not: a commit may have been cut off
    /// before it wrote the hint.
    package func repairHint(of table: Table) async throws {
        guard let document = table.document else { return }
        if try await readHint(of: table.identifier) == String(document.number) { return }
        try await writeHint(of: table.identifier, document)
    }

    /// Points the hint at the newest version, at least that of `document`.
    ///
    /// Engines open the table by the hint alone, so a slower writer must not leave it behind a
    /// faster one: each looks once more after it has written, and the last of them stops.
    func writeHint(of identifier: TableName, _ document: MetadataVersion) async throws {
        var document = document
        for _ in 0..<Limits.hintAttempts {
            _ = try await store.put(
                Array(String(document.number).utf8),
                to: try hintKey(of: identifier),
                condition: .none
            )
            let newest = try await newest(of: identifier, from: document)
            if newest == document { return }
            document = newest
        }
    }
}
