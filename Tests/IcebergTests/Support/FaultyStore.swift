import ObjectStorage
import Synchronization

/// A store whose puts of metadata documents can be made to fail.
struct FaultyStore: ObjectStore {
    enum Fault: Sendable {
        /// The object lands and the answer gets lost.
        case loseAnswer
        /// The object lands, the answer gets lost, and the store tries again below us.
        case retryBelow
        /// Nothing lands.
        case fail
        /// Something else happens first.
        case before(@Sendable () async throws -> Void)
    }

    let inner: any ObjectStore
    private let faults: Faults

    private final class Faults: Sendable {
        let pending: Mutex<[Fault]>

        init(_ faults: [Fault]) {
            pending = Mutex(faults)
        }
    }

    init(_ inner: any ObjectStore, _ faults: [Fault]) {
        self.inner = inner
        self.faults = Faults(faults)
    }

    var locations: ObjectLocations { inner.locations }

    func put(
        _ bytes: [UInt8],
        to key: ObjectKey,
        condition: PutCondition
    ) async throws -> ObjectTag {
        guard key.name.hasSuffix(".metadata.json"),
            let fault = faults.pending.withLock({ $0.isEmpty ? nil : $0.removeFirst() })
        else { return try await inner.put(bytes, to: key, condition: condition) }
        switch fault {
        case .loseAnswer:
            _ = try await inner.put(bytes, to: key, condition: condition)
            throw StorageError(.device, "the answer got lost")
        case .retryBelow:
            _ = try await inner.put(bytes, to: key, condition: condition)
            return try await inner.put(bytes, to: key, condition: condition)
        case .fail:
            throw StorageError(.full, "no space")
        case .before(let body):
            try await body()
            return try await inner.put(bytes, to: key, condition: condition)
        }
    }

    func read(
        _ key: ObjectKey,
        range: Range<Int>?,
        limit: Int
    ) async throws -> StoredObject {
        try await inner.read(key, range: range, limit: limit)
    }

    func write<Result>(
        to key: ObjectKey,
        body: (any ObjectWriter) async throws -> Result
    ) async throws -> Result {
        try await inner.write(to: key, body: body)
    }

    func list(_ folder: ObjectKey?) async throws -> ObjectListing {
        try await inner.list(folder)
    }

    func delete(_ key: ObjectKey) async throws {
        try await inner.delete(key)
    }
}
