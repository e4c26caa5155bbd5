package import Basics
package import FoundationEssentials
package import JSON
package import ObjectStorage

/// A definition that is kept as one JSON document in the lake.
package protocol DefinitionDocument: Sendable {
    /// The folder of its kind in the lake, as in `_schedules`.
    static var folder: String { get }
    /// What one of its kind is called in messages.
    static var noun: String { get }

    var id: DefinitionID { get }

    /// Reads and checks a document.
    init(_ fields: inout DocumentFields) throws(DefinitionError)

    /// The document's fields, as they are written.
    var fields: JSONObject { get }
}

extension DefinitionDocument {
    /// Reads and checks a document of JSON.
    package init(parsing bytes: Data) throws(DefinitionError) {
        var fields = try DocumentFields(parsing: bytes)
        try self.init(&fields)
        try fields.end()
    }

    /// The document as JSON, always the same bytes for the same content.
    package func json() -> Data {
        Data(JSONValue.object(fields).bytes(.pretty))
    }
}

/// A document and the version in which it was read.
package struct StoredDocument<Document: DefinitionDocument>: Sendable {
    package let document: Document
    package let tag: ObjectTag
}

/// The documents of one kind.
///
/// Writes are compare-and-set: nothing of another writer is ever lost.
package struct DocumentStore<Document: DefinitionDocument>: Sendable {
    private let store: any ObjectStore

    /// Makes the documents of a lake.
    package init(_ store: any ObjectStore) { self.store = store }

    /// One file that is a document's, by its name.
    package struct Listed: Hashable, Sendable {
        package let id: DefinitionID
        package let tag: ObjectTag
    }

    /// What lies in the folder.
    package struct Listing: Sendable {
        package var documents: [Listed] = []
        /// Files whose names no document has.
        package var strangers: [String] = []
    }

    /// Lists the documents without reading them.
    ///
    /// - Throws: `StorageError`: a folder that cannot be listed is not an empty one.
    package func list() async throws -> Listing {
        var listing = Listing()
        for object in try await store.list(ObjectKey(Document.folder)).objects {
            let name = object.key.name
            // A name that is none is told apart here, and nothing else is.
            if name.hasSuffix(".json"), let id = try? DefinitionID(String(name.dropLast(5))) {
                listing.documents.append(Listed(id: id, tag: object.tag))
            } else {
                listing.strangers.append(name)
            }
        }
        return listing
    }

    /// Reads a document; nil where there is none.
    ///
    /// - Throws: `DefinitionError` for one that cannot be understood, or is longer than any; `StorageError`.
    package func read(_ id: DefinitionID) async throws -> StoredDocument<Document>? {
        let object: StoredObject
        do {
            object = try await store.read(key(id), limit: Limits.documentByteCount)
        } catch let error as StorageError where error.code == .notFound {
            return nil
        } catch let error as StorageError where error.code == .invalid {
            throw DefinitionError(.damaged, error.message)
        }
        let document: Document
        do {
            document = try Document(parsing: Data(object.bytes))
        } catch {
            throw DefinitionError(
                .damaged,
                field: error.field,
                "\(Document.folder)/\(id).json cannot be used: \(error.message)"
            )
        }
        guard document.id == id else {
            throw DefinitionError(
                .damaged,
                field: "id",
                "the document \(id).json says that it is \(document.id)"
            )
        }
        return StoredDocument(document: document, tag: object.info.tag)
    }

    /// The version of a document, whatever is in it; nil where there is none.
    package func tag(of id: DefinitionID) async throws -> ObjectTag? {
        try await store.info(key(id))?.tag
    }

    /// Reads a document that has to be there.
    ///
    /// - Throws: `DefinitionError` `notFound` among others.
    package func get(_ id: DefinitionID) async throws -> StoredDocument<Document> {
        guard let found = try await read(id) else {
            throw DefinitionError(.notFound, "there is no \(Document.noun) \(id)")
        }
        return found
    }

    /// Reads a document that something else names, so that it was there once.
    ///
    /// - Throws: `StorageError` `unreachable` where the folder of its kind is gone as well: a disk that is not
    ///   mounted is not an operator who has deleted everything. `DefinitionError` `notFound` among others.
    package func named(_ id: DefinitionID) async throws -> StoredDocument<Document> {
        if let found = try await read(id) { return found }
        try await requireFolder()
        return try await get(id)
    }

    /// - Throws: `StorageError` `unreachable` where the lake has no folder of this kind.
    package func requireFolder() async throws {
        let folders = try await store.list(nil).folders.map(\.rawValue)
        guard !folders.contains(Document.folder) else { return }
        throw StorageError(
            .unreachable,
            "the lake has no folder \(Document.folder), though it had a \(Document.noun); is its disk mounted?"
        )
    }

    /// Writes a new document.
    ///
    /// - Throws: `DefinitionError` `exists` where one of that name is there.
    package func create(_ document: Document) async throws -> StoredDocument<Document> {
        do {
            return try await write(document, .ifAbsent)
        } catch let error as StorageError where error.code == .precondition {
            throw DefinitionError(
                .exists,
                field: "id",
                "there is a \(Document.noun) \(document.id) already"
            )
        }
    }

    /// Writes a document over the version it was read in.
    ///
    /// - Throws: `DefinitionError` `changed` where it is another version by now.
    package func replace(
        _ document: Document,
        _ tag: ObjectTag
    ) async throws -> StoredDocument<Document> {
        do {
            return try await write(document, .ifMatch(tag))
        } catch let error as StorageError
            where error.code == .precondition || error.code == .notFound
        {
            throw Self.changed(document.id)
        }
    }

    /// Removes a document.
    ///
    /// - Throws: `DefinitionError` `notFound`, and `changed` where it is not the version of `tag`.
    package func delete(_ id: DefinitionID, _ tag: ObjectTag? = nil) async throws {
        guard let present = try await store.info(key(id)) else {
            throw DefinitionError(.notFound, "there is no \(Document.noun) \(id)")
        }
        guard tag == nil || present.tag == tag else { throw Self.changed(id) }
        try await store.delete(key(id))
    }

    private static func changed(_ id: DefinitionID) -> DefinitionError {
        DefinitionError(
            .changed,
            "the \(Document.noun) \(id) was changed since it was read; read it again"
        )
    }

    private func write(
        _ document: Document,
        _ condition: PutCondition
    ) async throws -> StoredDocument<Document> {
        let bytes = [UInt8](document.json())
        guard bytes.count <= Limits.documentByteCount else {
            throw DefinitionError(
                .invalid,
                "a \(Document.noun) has at most \(Limits.documentByteCount) bytes, not \(bytes.count)"
            )
        }
        let tag = try await store.put(
            bytes,
            to: key(document.id),
            condition: condition
        )
        return StoredDocument(document: document, tag: tag)
    }

    private func key(_ id: DefinitionID) throws -> ObjectKey {
        try ObjectKey("\(Document.folder)/\(id).json")
    }
}
