import ObjectStorage
import Synchronization

/// The objects of a lake, which outlive every attempt at it.
final class SimulatedDisk: Sendable {
    private struct Stored {
        var key: ObjectKey
        var bytes: [UInt8]
        var tag: ObjectTag

        var info: ObjectInfo { ObjectInfo(key: key, byteCount: bytes.count, tag: tag) }
    }

    private struct State {
        var objects: [String: Stored] = [:]
        /// The names in each folder that has any.
        var names: [String: Set<String>] = [:]
        var writeCount = 0
        var writers: [Int: Int] = [:]
    }

    private let state = Mutex(State())

    let locations = ObjectLocations(base: "memory:/lake")

    /// Who put each version of the table.
    var writers: [Int: Int] { state.withLock { $0.writers } }

    func contains(_ key: ObjectKey) -> Bool { state.withLock { $0.objects[key.rawValue] != nil } }

    func bytes(_ key: ObjectKey) -> [UInt8]? {
        state.withLock { $0.objects[key.rawValue]?.bytes }
    }

    /// All keys, in order.
    var keys: [ObjectKey] { state.withLock { $0.objects.values.map(\.key).sorted() } }

    func read(_ key: ObjectKey, range: Range<Int>?) throws -> StoredObject {
        guard let found = state.withLock({ $0.objects[key.rawValue] }) else {
            throw StorageError(.notFound, "there is no \(key)")
        }
        let range = range ?? 0..<found.bytes.count
        guard range.upperBound <= found.bytes.count else {
            throw StorageError(.invalid, "\(key) ends before \(range)")
        }
        return StoredObject(info: found.info, bytes: Array(found.bytes[range]))
    }

    func put(
        _ bytes: [UInt8],
        to key: ObjectKey,
        condition: PutCondition,
        writer: Int
    ) throws -> ObjectTag {
        try state.withLock { state in
            let present = state.objects[key.rawValue]
            let isAllowed =
                switch condition {
                case .none: true
                case .ifAbsent: present == nil
                case .ifMatch(let tag): present?.tag == tag
                }
            guard isAllowed else { throw StorageError(.precondition, "\(key) is another") }
            state.writeCount += 1
            let tag = ObjectTag(String(state.writeCount))
            state.objects[key.rawValue] = Stored(key: key, bytes: bytes, tag: tag)
            if present == nil { Self.enter(key.rawValue, in: &state.names) }
            if let version = Self.version(key.name) { state.writers[version] = writer }
            return tag
        }
    }

    func list(_ folder: ObjectKey?) throws -> ObjectListing {
        let path = folder?.rawValue ?? ""
        var objects: [ObjectInfo] = []
        var folders: [ObjectKey] = []
        let found = state.withLock { state in
            (state.names[path] ?? []).map { name in
                let child = path.isEmpty ? name : path + "/" + name
                return (child, state.objects[child]?.info)
            }
        }
        for (child, info) in found {
            if let info { objects.append(info) } else { folders.append(try ObjectKey(child)) }
        }
        return ObjectListing(objects: objects.sorted { $0.key < $1.key }, folders: folders.sorted())
    }

    func delete(_ key: ObjectKey) {
        state.withLock { state in
            guard state.objects.removeValue(forKey: key.rawValue) != nil else { return }
            var path = key.rawValue
            while !path.isEmpty {
                let (parent, name) = Self.split(path)
                state.names[parent]?.remove(name)
                guard state.names[parent]?.isEmpty == true else { return }
                state.names[parent] = nil
                path = parent
            }
        }
    }

    private static func enter(_ path: String, in names: inout [String: Set<String>]) {
        var path = path
        while !path.isEmpty {
            let (parent, name) = split(path)
            guard names[parent, default: []].insert(name).inserted else { return }
            path = parent
        }
    }

    private static func split(_ path: String) -> (parent: String, name: String) {
        guard let slash = path.utf8.lastIndex(of: 0x2F) else { return ("", path) }
        return (String(path[..<slash]), String(path[path.utf8.index(after: slash)...]))
    }

    /// The number of a table's version by the name of its document.
    private static func version(_ name: String) -> Int? {
        guard name.hasPrefix("v"), name.hasSuffix(".metadata.json") else { return nil }
        return Int(name.dropFirst().dropLast(".metadata.json".count))
    }
}
