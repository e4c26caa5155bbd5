package import ObjectStorage
import Synchronization

/// A store in memory, which keeps every promise of `ObjectStore` and answers at once.
package final class MemoryStore: ObjectStore {
    fileprivate struct Stored {
        var bytes: [UInt8]
        var tag: ObjectTag
    }

    fileprivate struct State {
        var objects: [ObjectKey: Stored] = [:]
        /// What lies in each folder that holds anything, by their names in bytes.
        var children: [[UInt8]: Set<[UInt8]>] = [:]
        var putCount = 0
    }

    private let state = Mutex(State())
    package let locations: ObjectLocations

    /// Makes an empty store, whose locations begin with `base`.
    package init(base: String = "memory:/lake") {
        locations = ObjectLocations(base: base)
    }

    // MARK: Looking past the protocol

    /// All keys, in order.
    package var keys: [ObjectKey] { state.withLock { $0.objects.keys.sorted() } }

    /// The bytes of an object; nil where there is none.
    ///
    /// Setting them makes, replaces or removes it.
    package subscript(key: ObjectKey) -> [UInt8]? {
        get { state.withLock { $0.objects[key]?.bytes } }
        set { _ = state.withLock { $0.set(key, newValue) } }
    }

    // MARK: ObjectStore

    /// As `ObjectStore` has it, without waiting.
    package func read(_ key: ObjectKey, range: Range<Int>?, limit: Int) throws -> StoredObject {
        guard let found = state.withLock({ $0.objects[key] }) else {
            throw StorageError(.notFound, "there is no \(key)")
        }
        let range = range ?? 0..<found.bytes.count
        guard range.lowerBound >= 0, range.upperBound <= found.bytes.count else {
            throw StorageError(.invalid, "\(key) ends before \(range)")
        }
        guard range.count <= limit else {
            throw StorageError(
                .invalid,
                "\(range.count) bytes of \(key); at most \(limit) are read"
            )
        }
        let info = ObjectInfo(key: key, byteCount: found.bytes.count, tag: found.tag)
        return StoredObject(info: info, bytes: Array(found.bytes[range]))
    }

    /// As `ObjectStore` has it, without waiting.
    package func put(
        _ bytes: [UInt8],
        to key: ObjectKey,
        condition: PutCondition
    ) throws -> ObjectTag {
        try state.withLock { state in
            let present = state.objects[key]
            let isAllowed =
                switch condition {
                case .none: true
                case .ifAbsent: present == nil
                case .ifMatch(let tag): present?.tag == tag
                }
            guard isAllowed else { throw StorageError(.precondition, "\(key) is another") }
            return state.set(key, bytes)
        }
    }

    package func write<Result>(
        to key: ObjectKey,
        body: (any ObjectWriter) async throws -> Result
    ) async throws -> Result {
        let writer = MemoryWriter()
        let result = try await body(writer)
        _ = try put(writer.bytes, to: key, condition: .ifAbsent)
        return result
    }

    /// As `ObjectStore` has it, without waiting.
    package func list(_ folder: ObjectKey?) throws -> ObjectListing {
        var objects: [ObjectInfo] = []
        var folders: [ObjectKey] = []
        try state.withLock { state in
            for child in state.children[Array((folder?.rawValue ?? "").utf8)] ?? [] {
                let key = try ObjectKey(String(decoding: child, as: UTF8.self))
                if let found = state.objects[key] {
                    objects.append(
                        ObjectInfo(key: key, byteCount: found.bytes.count, tag: found.tag)
                    )
                }
                if state.children[child] != nil { folders.append(key) }
            }
        }
        return ObjectListing(objects: objects.sorted { $0.key < $1.key }, folders: folders.sorted())
    }

    /// As `ObjectStore` has it, without waiting.
    package func delete(_ key: ObjectKey) { self[key] = nil }
}

/// Gathers what is written.
package final class MemoryWriter: ObjectWriter {
    package private(set) var bytes: [UInt8] = []

    /// Makes a writer that has taken nothing.
    package init() {}

    package var byteCount: Int { bytes.count }

    package func append(_ chunks: [any ByteChunk]) {
        for chunk in chunks { chunk.withBytes { bytes += $0 } }
    }
}

extension MemoryStore.State {
    /// Makes, replaces or removes an object; its tag is told from all before it.
    fileprivate mutating func set(_ key: ObjectKey, _ bytes: [UInt8]?) -> ObjectTag {
        putCount += 1
        let tag = ObjectTag(String(putCount))
        let path = Array(key.rawValue.utf8)
        if let bytes {
            let isNew = objects.updateValue(.init(bytes: bytes, tag: tag), forKey: key) == nil
            if isNew { enter(path) }
        } else if objects.removeValue(forKey: key) != nil {
            remove(path)
        }
        return tag
    }

    private static func parent(of path: [UInt8]) -> [UInt8] {
        Array(path.lastIndex(of: UInt8(ascii: "/")).map { path[..<$0] } ?? [])
    }

    private mutating func enter(_ path: [UInt8]) {
        var path = path
        while !path.isEmpty {
            let parent = Self.parent(of: path)
            guard children[parent, default: []].insert(path).inserted else { return }
            path = parent
        }
    }

    private mutating func remove(_ path: [UInt8]) {
        var path = path
        while !path.isEmpty, children[path] == nil {
            let parent = Self.parent(of: path)
            children[parent]?.remove(path)
            guard children[parent]?.isEmpty == true else { return }
            children[parent] = nil
            path = parent
        }
    }
}
