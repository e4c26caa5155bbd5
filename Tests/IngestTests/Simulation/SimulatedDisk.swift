import ObjectStorage
import StoreSupport
import Synchronization

/// The objects of a lake, which outlive every attempt at it, and who wrote the versions of its table.
final class SimulatedDisk: Sendable {
    private let objects = MemoryStore()
    private let versions = Mutex<[Int: Int]>([:])

    var locations: ObjectLocations { objects.locations }

    /// Who put each version of the table.
    var writers: [Int: Int] { versions.withLock { $0 } }

    func contains(_ key: ObjectKey) -> Bool { objects[key] != nil }

    func bytes(_ key: ObjectKey) -> [UInt8]? { objects[key] }

    /// All keys, in order.
    var keys: [ObjectKey] { objects.keys }

    func read(_ key: ObjectKey, range: Range<Int>?, limit: Int) throws -> StoredObject {
        try objects.read(key, range: range, limit: limit)
    }

    func put(
        _ bytes: [UInt8],
        to key: ObjectKey,
        condition: PutCondition,
        writer: Int
    ) throws -> ObjectTag {
        let tag = try objects.put(bytes, to: key, condition: condition)
        if let version = Self.version(key.name) {
            versions.withLock { $0[version] = writer }
        }
        return tag
    }

    func list(_ folder: ObjectKey?) throws -> ObjectListing { try objects.list(folder) }

    func delete(_ key: ObjectKey) { objects.delete(key) }

    /// The number of a table's version by the name of its document.
    private static func version(_ name: String) -> Int? {
        guard name.hasPrefix("v"), name.hasSuffix(".metadata.json") else { return nil }
        return Int(name.dropFirst().dropLast(".metadata.json".count))
    }
}
