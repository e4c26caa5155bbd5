import ObjectStorage
import StoreSupport

/// The lake as one attempt sees it, with what goes wrong for that attempt.
struct SimulatedStore: ObjectStore {
    let disk: SimulatedDisk
    let attempt: SimulatedAttempt

    var locations: ObjectLocations { disk.locations }

    func read(
        _ key: ObjectKey,
        range: Range<Int>?,
        limit: Int
    ) async throws -> StoredObject {
        try await attempt.storing("read \(key)", isWrite: false) {
            try disk.read(key, range: range, limit: limit)
        }
    }

    func put(
        _ bytes: [UInt8],
        to key: ObjectKey,
        condition: PutCondition
    ) async throws -> ObjectTag {
        try await attempt.storing("put \(key)", isWrite: true) {
            try disk.put(bytes, to: key, condition: condition, writer: attempt.number)
        }
    }

    func write<Result>(
        to key: ObjectKey,
        body: (any ObjectWriter) async throws -> Result
    ) async throws -> Result {
        let writer = MemoryWriter()
        let result = try await body(writer)
        _ = try await attempt.storing("write \(key)", isWrite: true) {
            try disk.put(writer.bytes, to: key, condition: .ifAbsent, writer: attempt.number)
        }
        return result
    }

    func list(_ folder: ObjectKey?) async throws -> ObjectListing {
        try await attempt.storing("list \(folder?.rawValue ?? "")", isWrite: false) {
            try disk.list(folder)
        }
    }

    func delete(_ key: ObjectKey) async throws {
        try await attempt.storing("delete \(key)", isWrite: true) { disk.delete(key) }
    }
}
