package import Basics

/// Where the lake's bytes live: a folder, or a bucket.
///
/// Everything safe in the lake rests on two promises of a store: an object appears whole or not
/// at all, and a condition of `put` is checked and acted upon in one step, across processes.
package protocol ObjectStore: Sendable {
    /// How this store's keys are written in table metadata.
    var locations: ObjectLocations { get }

    /// Reads an object, or `range` of its bytes; an empty range asks only for size and tag.
    ///
    /// - Parameters:
    ///   - key: Which one.
    ///   - range: The bytes, counted from 0; nil for all.
    ///   - limit: Bytes that are read at most: where there are more, none is.
    /// - Returns: The bytes, and the facts of the version they are of.
    /// - Throws: `StorageError` `notFound`, which only a store that answers says; `unreachable` for one
    ///   that does not; `invalid` for a range beyond the end, and for more bytes than `limit`.
    func read(_ key: ObjectKey, range: Range<Int>?, limit: Int) async throws -> StoredObject

    /// Writes a small object in one step and gives its tag.
    ///
    /// - Throws: `StorageError` `precondition` when the condition does not hold; `CancellationError`, with
    ///   nothing done. After another error the object may or may not be there.
    func put(_ bytes: [UInt8], to key: ObjectKey, condition: PutCondition) async throws -> ObjectTag

    /// Writes a large object piece by piece.
    ///
    /// When `body` returns, the object appears, if none of that key is there; when it throws,
    /// nothing is left behind. The writer is for `body` alone.
    ///
    /// - Throws: what `body` throws; `StorageError` `precondition` when the key exists.
    func write<Result>(
        to key: ObjectKey,
        body: (any ObjectWriter) async throws -> Result
    ) async throws -> Result

    /// Lists one level: the objects in a folder, or at the top, and the folders beside them.
    ///
    /// A folder that does not exist is empty, where the store answers.
    ///
    /// - Throws: `StorageError` `unreachable` where it does not, or the folder may not be read.
    func list(_ folder: ObjectKey?) async throws -> ObjectListing

    /// Removes an object; one that is not there is no error.
    func delete(_ key: ObjectKey) async throws
}

extension ObjectStore {
    /// Size and tag of an object; nil when there is none.
    package func info(_ key: ObjectKey) async throws -> ObjectInfo? {
        do {
            return try await read(key, range: 0..<0).info
        } catch let error as StorageError where error.code == .notFound {
            return nil
        }
    }

    /// Reads a whole object, or `range` of its bytes.
    ///
    /// - Throws: `StorageError`: `notFound`, and `invalid` for a range beyond the end, among others.
    package func read(_ key: ObjectKey, range: Range<Int>? = nil) async throws -> StoredObject {
        try await read(key, range: range, limit: Limits.wholeReadByteCount)
    }

    /// Reads a whole object that has at most so many bytes; nothing is read of a longer one.
    ///
    /// - Throws: `StorageError` `invalid` for a longer one.
    package func read(_ key: ObjectKey, limit: Int) async throws -> StoredObject {
        try await read(key, range: nil, limit: limit)
    }

    /// Lists every object in a folder and the folders in it, in the order of their keys.
    package func listAll(_ folder: ObjectKey?) async throws -> [ObjectInfo] {
        var found: [ObjectInfo] = []
        var pending: [(folder: ObjectKey?, depth: Int)] = [(folder, 0)]
        while let next = pending.popLast() {
            let listing = try await list(next.folder)
            found += listing.objects
            guard next.depth < Limits.folderDepth else { continue }
            pending += listing.folders.map { ($0, next.depth + 1) }
        }
        return found.sorted { $0.key < $1.key }
    }
}

/// The version of an object, to be compared and nothing else.
package struct ObjectTag: Hashable, Sendable {
    package let rawValue: String

    /// Makes a tag as the store writes it.
    package init(_ rawValue: String) {
        self.rawValue = rawValue
    }
}

/// When a `put` may take place.
package enum PutCondition: Hashable, Sendable {
    /// Always: the object is made or replaced.
    case none
    /// Only when there is no such object.
    case ifAbsent
    /// Only when the object is there in this version.
    case ifMatch(ObjectTag)
}

/// What a store knows of an object without reading it.
package struct ObjectInfo: Hashable, Sendable {
    package let key: ObjectKey
    package let byteCount: Int
    package let tag: ObjectTag
    /// When it was written, by the store's own clock; nil where a store does not tell.
    package let modifiedAt: Instant?

    /// Makes the facts of an object.
    package init(key: ObjectKey, byteCount: Int, tag: ObjectTag, modifiedAt: Instant? = nil) {
        self.key = key
        self.byteCount = byteCount
        self.tag = tag
        self.modifiedAt = modifiedAt
    }
}

/// An object as it was read: its bytes, and the facts of that very version.
package struct StoredObject: Sendable {
    package let info: ObjectInfo
    package let bytes: [UInt8]

    /// Makes an object from what was read.
    package init(info: ObjectInfo, bytes: [UInt8]) {
        self.info = info
        self.bytes = bytes
    }
}

/// One level of a store.
package struct ObjectListing: Hashable, Sendable {
    /// The objects, in the order of their keys.
    package let objects: [ObjectInfo]
    /// The folders, in the order of their keys.
    package let folders: [ObjectKey]

    /// Makes a listing of parts that are in order.
    package init(objects: [ObjectInfo], folders: [ObjectKey]) {
        self.objects = objects
        self.folders = folders
    }
}

/// Bytes that a store is handed to write.
///
/// Whoever hands them over gives them away: nobody changes them any more, and a store may hold them for as
/// long as it takes, on any thread.
package protocol ByteChunk: Sendable {
    /// How many there are.
    var byteCount: Int { get }

    /// Lends the bytes, which lie one behind the other.
    func withBytes<Result>(_ body: (UnsafeRawBufferPointer) throws -> Result) rethrows -> Result
}

extension [UInt8]: ByteChunk {
    package var byteCount: Int { count }

    package func withBytes<Result>(
        _ body: (UnsafeRawBufferPointer) throws -> Result
    ) rethrows -> Result {
        try withUnsafeBytes(body)
    }
}

/// Takes the bytes of an object that is being written, in order: one call after the other.
package protocol ObjectWriter: AnyObject {
    /// Bytes taken so far.
    var byteCount: Int { get }

    /// Takes all chunks there are at the moment; returns when the store wants more.
    ///
    /// - Throws: `StorageError`, `full` among others; the object must then be given up.
    func append(_ chunks: [any ByteChunk]) async throws
}

extension ObjectWriter {
    /// Takes more bytes.
    package func append(_ bytes: [UInt8]) async throws {
        let chunks: [any ByteChunk] = [bytes]
        try await append(chunks)
    }
}
