import Basics
import Glibc

/// A folder as a store.
///
/// Every object is written in `_staging` first, synced, and then gets its name in one step:
/// by `link(2)` where it must be new, by `rename(2)` where it may replace. Replacing happens
/// under the lock of one file, so a version can be compared and replaced in one step by any
/// number of processes on this machine. Whatever waits for the disk does so on threads of its own.
package struct LocalStore: ObjectStore {
    /// What a store is opened for.
    package enum Access: Sendable {
        /// Nothing is written, not even the folder.
        case reading
        /// The folder is made when it is missing, and what dead writers left is removed.
        case writing
    }

    package let locations: ObjectLocations
    private let folder: LocalFolder

    /// The threads of all folders: what a lease is renewed by has nothing to do with them.
    private static let threads = BlockingPool(
        threadLimit: Limits.folderThreadCount,
        waitingLimit: Limits.folderWaitingCount
    )

    /// Opens the folder `root`: a path, or `file://` and a path.
    ///
    /// It keeps its thread for as long as the disk does; see `open`.
    ///
    /// - Throws: `StorageError`: `notFound` or `invalid` when it is no folder, `denied`.
    package init(root address: String, access: Access) throws {
        folder = try LocalFolder(address, access: access)
        locations = Self.locations(of: folder.root.path)
    }

    /// Opens the folder `root`, as the initializer does, where others have work to do meanwhile.
    ///
    /// - Throws: `StorageError`, as the initializer does.
    package static func open(root address: String, access: Access) async throws -> LocalStore {
        try await onDisk { try LocalStore(root: address, access: access) }
    }

    /// Addresses with the scheme `file`, which engines built on iceberg-rust ask for.
    ///
    /// Letters that would have to be encoded in an address stand in a plain path, which other
    /// engines take as it is: none of them decodes an address. Programs write the same file as
    /// `file:/…` or `file:///…` too.
    private static func locations(of root: String) -> ObjectLocations {
        let forms = ["file://" + root, root, "file:" + root]
        let isPlain = root.utf8.allSatisfy {
            EncodedText.meansItself($0) || $0 == UInt8(ascii: "/")
        }
        let base = isPlain ? forms[0] : forms[1]
        return ObjectLocations(base: base, synonyms: forms.filter { $0 != base })
    }

    /// Runs what waits for the disk.
    private static func onDisk<Value: Sendable>(
        _ body: @escaping @Sendable () throws -> Value
    ) async throws -> Value {
        do {
            return try await threads.run(body)
        } catch let error as BlockingPoolError {
            throw StorageError(.throttled, error.message)
        }
    }

    package func read(
        _ key: ObjectKey,
        range: Range<Int>?,
        limit: Int
    ) async throws -> StoredObject {
        try await Self.onDisk { [folder] in try folder.read(key, range: range, limit: limit) }
    }

    package func put(
        _ bytes: [UInt8],
        to key: ObjectKey,
        condition: PutCondition
    ) async throws -> ObjectTag {
        switch condition {
        case .ifAbsent:
            try await Self.onDisk { [folder] in
                let path = try folder.writablePath(of: key)
                let object = try folder.stage()
                defer { object.abandon() }
                try object.append([bytes])
                return try object.publish(ifAbsentAt: path)
            }
        case .none: try await replace(key, with: bytes, expecting: nil)
        case .ifMatch(let tag): try await replace(key, with: bytes, expecting: tag)
        }
    }

    package func write<Result>(
        to key: ObjectKey,
        body: (any ObjectWriter) async throws -> Result
    ) async throws -> Result {
        let (path, object) = try await Self.onDisk { [folder] in
            (try folder.writablePath(of: key), try folder.stage())
        }
        do {
            let result = try await body(Writer(object))
            try await Self.onDisk { try object.publishOrWithdraw(ifAbsentAt: path) }
            return result
        } catch {
            await Self.threads.tidy { object.abandon() }
            throw error
        }
    }

    package func list(_ key: ObjectKey?) async throws -> ObjectListing {
        try await Self.onDisk { [folder] in try folder.list(key) }
    }

    package func delete(_ key: ObjectKey) async throws {
        try await Self.onDisk { [folder] in try folder.delete(key) }
    }

    // MARK: Replacing

    private func replace(
        _ key: ObjectKey,
        with bytes: [UInt8],
        expecting tag: ObjectTag?
    ) async throws -> ObjectTag {
        // What takes time comes before the lock, which a process may be stopped under.
        let (path, object) = try await Self.onDisk { [folder] in
            let path = try folder.writablePath(of: key)
            let object = try folder.stage()
            do {
                try object.append([bytes])
                try object.sync()
            } catch {
                object.abandon()
                throw error
            }
            return (path, object)
        }
        do {
            return try await replace(path, with: object, expecting: tag)
        } catch {
            await Self.threads.tidy { object.abandon() }
            throw error
        }
    }

    private func replace(
        _ path: String,
        with object: StagedObject,
        expecting tag: ObjectTag?
    ) async throws -> ObjectTag {
        for _ in 0..<Limits.replaceLockAttempts {
            let made = try await Self.onDisk { [folder] in
                try folder.replace(path, with: object, expecting: tag)
            }
            if let made { return made }
            // Whoever has the lock may have been stopped: no thread waits for it.
            try await Task.sleep(for: Limits.replaceLockInterval)
        }
        throw StorageError(
            .device,
            "cannot replace an object in \(folder.root.path): another process holds \(folder.lock) and "
                + "does not go on; look for one that was stopped"
        )
    }

    // MARK: Writing piece by piece

    /// Hands the bytes of one object over to the threads of the disk.
    private final class Writer: ObjectWriter {
        private let object: StagedObject
        private(set) var byteCount = 0

        init(_ object: StagedObject) { self.object = object }

        func append(_ chunks: [any ByteChunk]) async throws {
            guard !chunks.isEmpty else { return }
            byteCount += chunks.reduce(0) { $0 + $1.byteCount }
            try await LocalStore.onDisk { [object] in try object.append(chunks) }
        }
    }
}
