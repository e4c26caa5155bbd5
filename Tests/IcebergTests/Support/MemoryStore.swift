import ObjectStorage
import Synchronization

/// A store that forgets, for tests that read thousands of broken files.
final class MemoryStore: ObjectStore {
    private let objects = Mutex<[ObjectKey: [UInt8]]>([:])

    var locations: ObjectLocations { ObjectLocations(base: "memory:") }

    subscript(key: ObjectKey) -> [UInt8]? {
        get { objects.withLock { $0[key] } }
        set { objects.withLock { $0[key] = newValue } }
    }

    func read(_ key: ObjectKey, range: Range<Int>?) async throws -> StoredObject {
        guard let bytes = self[key] else { throw StorageError(.notFound, "no \(key)") }
        return StoredObject(
            info: ObjectInfo(key: key, byteCount: bytes.count, tag: ObjectTag("")),
            bytes: range.map { Array(bytes[$0]) } ?? bytes
        )
    }

    func put(
        _ bytes: [UInt8],
        to key: ObjectKey,
        condition: PutCondition
    ) async throws -> ObjectTag {
        try objects.withLock { objects in
            if condition == .ifAbsent, objects[key] != nil {
                throw StorageError(.precondition, "\(key) exists")
            }
            objects[key] = bytes
        }
        return ObjectTag("")
    }

    func write<Result>(
        to key: ObjectKey,
        body: (any ObjectWriter) async throws -> Result
    ) async throws -> Result {
        throw StorageError(.device, "not needed here")
    }

    func list(_ folder: ObjectKey?) async throws -> ObjectListing {
        let prefix = folder.map { $0.rawValue + "/" } ?? ""
        let found = objects.withLock { objects in
            objects.filter { $0.key.rawValue.hasPrefix(prefix) }
        }
        return ObjectListing(
            objects: found.map {
                ObjectInfo(key: $0.key, byteCount: $0.value.count, tag: ObjectTag(""))
            }.sorted { $0.key < $1.key },
            folders: []
        )
    }

    func delete(_ key: ObjectKey) async throws {
        self[key] = nil
    }
}
