import ObjectStorage
import Synchronization

/// A store that notes the names of the objects that were written piece by piece.
final class WriteRecorder: ObjectStore {
    private let inner: any ObjectStore
    private let names = Mutex<[String]>([])

    init(_ inner: any ObjectStore) {
        self.inner = inner
    }

    /// The names, in order.
    var written: [String] { names.withLock { $0 } }

    var locations: ObjectLocations { inner.locations }

    func write<Result>(
        to key: ObjectKey,
        body: (any ObjectWriter) async throws -> Result
    ) async throws -> Result {
        let result = try await inner.write(to: key, body: body)
        names.withLock { $0.append(key.name) }
        return result
    }

    func put(
        _ bytes: [UInt8],
        to key: ObjectKey,
        condition: PutCondition
    ) async throws -> ObjectTag {
        try await inner.put(bytes, to: key, condition: condition)
    }

    func read(
        _ key: ObjectKey,
        range: Range<Int>?,
        limit: Int
    ) async throws -> StoredObject {
        try await inner.read(key, range: range, limit: limit)
    }

    func list(_ folder: ObjectKey?) async throws -> ObjectListing {
        try await inner.list(folder)
    }

    func delete(_ key: ObjectKey) async throws {
        try await inner.delete(key)
    }
}
