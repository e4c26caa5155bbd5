import Basics
import Glibc

/// The folder of a store as the system has it.
///
/// Every call keeps its thread for as long as the disk does, so all of them are for the threads of
/// `LocalStore`.
struct LocalFolder: Sendable {
    let root: LocalRoot
    private let access: LocalStore.Access

    /// The first segment of keys that the store keeps for itself.
    private static let stagingName = "_staging"
    private static let lockName = "lock"

    /// The file whose lock is that of replacing.
    var lock: String { root.staging + "/" + Self.lockName }

    /// Opens a folder: a path, or `file://` and a path.
    ///
    /// - Throws: `StorageError`: `notFound` or `invalid` when it is no folder, `denied`.
    init(_ address: String, access: LocalStore.Access) throws {
        let path = try FolderAddress.path(address)
        if access == .writing { try SystemFile.makeFolders(Self.trimmed(path)) }
        guard let resolved = realpath(path, nil) else { throw StorageError("open", path, errno) }
        defer { free(resolved) }
        let whole = Self.trimmed(String(cString: resolved))
        root = try LocalRoot(path: whole == "/" ? "" : whole, marker: Self.stagingName)
        self.access = access
        guard access == .writing else { return }
        try SystemFile.makeFolders(root.staging)
        try StagedFile.sweep(root.staging, keeping: Self.lockName)
    }

    private static func trimmed(_ path: String) -> String {
        var path = path
        while path.utf8.count > 1, path.hasSuffix("/") { path.removeLast() }
        return path
    }

    // MARK: Reading

    func read(_ key: ObjectKey, range: Range<Int>?, limit: Int) throws -> StoredObject {
        let path = try path(of: key)
        let file = try open(path)
        let status = try file.status()
        guard status.isRegularFile else {
            throw StorageError(.notFound, "cannot read \(path): it is no file")
        }
        let info = status.info(of: key)
        let range = range ?? 0..<info.byteCount
        guard range.lowerBound >= 0, range.upperBound <= info.byteCount else {
            throw StorageError(
                .invalid,
                "cannot read bytes \(range.lowerBound) to \(range.upperBound) of \(path): "
                    + "it has \(info.byteCount)"
            )
        }
        guard range.count <= limit else {
            throw StorageError(
                .invalid,
                "cannot read \(path): these are \(range.count) bytes; at most \(limit) are read"
            )
        }
        do {
            return StoredObject(info: info, bytes: try file.read(range))
        } catch {
            throw root.explain(error, at: path)
        }
    }

    /// Opens a file; it does not wait for the other end of what is no file but a pipe.
    private func open(_ path: String) throws -> SystemFile {
        do {
            return try SystemFile(path: path, flags: O_RDONLY | O_NONBLOCK)
        } catch {
            throw root.explain(error, at: path)
        }
    }

    func list(_ key: ObjectKey?) throws -> ObjectListing {
        let path = try key.map { try self.path(of: $0) } ?? root.path
        var objects: [ObjectInfo] = []
        var folders: [ObjectKey] = []
        let names = try names(in: path.isEmpty ? "/" : path)
        var goneCount = 0
        for name in names {
            if key == nil, name == Self.stagingName { continue }
            // A name that is no segment of a key cannot be an object of ours.
            guard let key = try? key?.appending(name) ?? ObjectKey(name) else { continue }
            guard let status = try status(of: path + "/" + name) else {
                goneCount += 1
                continue
            }
            if status.isRegularFile {
                objects.append(status.info(of: key))
            } else if status.st_mode & S_IFMT == S_IFDIR {
                folders.append(key)
            }
        }
        // Where nothing is there, or what was there is gone, the store itself may be gone.
        if names.isEmpty || goneCount > 0 { try root.requireThere() }
        return ObjectListing(objects: objects.sorted { $0.key < $1.key }, folders: folders.sorted())
    }

    private func names(in path: String) throws -> [String] {
        do {
            return try FolderReader.names(in: path)
        } catch {
            let explained = root.explain(error, at: path)
            guard explained.code(.denied) else { throw explained }
            throw root.unreachable(path, EACCES)
        }
    }

    // MARK: Writing

    /// Begins an object.
    func stage() throws -> StagedObject { try StagedObject(in: root) }

    /// Gives an object, which is synced, its name in the place of what has it, under the lock of replacing.
    ///
    /// - Returns: The tag of what is there now; nil where another process has the lock.
    /// - Throws: `StorageError`: `precondition` where what is there is not `tag`.
    func replace(
        _ path: String,
        with object: StagedObject,
        expecting tag: ObjectTag?
    ) throws -> ObjectTag? {
        let lock = try SystemFile(path: lock, flags: O_RDWR | O_CREAT, mode: 0o666)
        guard try lock.takeLock() else { return nil }
        let old = try status(of: path)
        guard tag == nil || old?.tag == tag else {
            throw StorageError(
                .precondition,
                "cannot replace \(path): it is gone or not the version that was read"
            )
        }
        return try object.publish(replacing: path, later: old?.changeTime)
    }

    func delete(_ key: ObjectKey) throws {
        let path = try writablePath(of: key)
        do {
            try SystemFile.call("remove", path) { unlink(path) }
        } catch let error where error.code(.notFound) {
            return
        }
        try SystemFile.syncFolder(SystemFile.parent(of: path))
    }

    // MARK: Paths

    private func path(of key: ObjectKey) throws -> String {
        guard key.firstSegment != Self.stagingName else {
            throw StorageError(.invalid, "\(key) lies in the folder the store keeps for itself")
        }
        return root.path + "/" + key.rawValue
    }

    /// Where an object is to be written.
    ///
    /// - Throws: `StorageError`: `denied` in a store that was opened for reading, `unreachable` where the
    ///   store's folder is gone.
    func writablePath(of key: ObjectKey) throws -> String {
        guard access == .writing else {
            throw StorageError(.denied, "cannot write \(key): the lake was opened for reading")
        }
        // A write makes the folders it needs: not in the place where a disk is to be mounted.
        try root.requireThere()
        return try path(of: key)
    }

    private func status(of path: String) throws -> stat? {
        var status = stat()
        do {
            try SystemFile.call("look at", path) { stat(path, &status) }
        } catch let error where error.code(.notFound) || error.code(.invalid) {
            return nil
        } catch {
            throw root.explain(error, at: path)
        }
        return status
    }
}

extension stat {
    /// What a listing tells of the file.
    func info(of key: ObjectKey) -> ObjectInfo {
        ObjectInfo(
            key: key,
            byteCount: Int(st_size),
            tag: tag,
            modifiedAt: Instant(milliseconds: Int64(changeTime / 1_000_000))
        )
    }

    /// The version of the file: its time of change, length and inode.
    var tag: ObjectTag {
        ObjectTag(
            String(changeTime, radix: 36) + "-" + String(st_size, radix: 36) + "-"
                + String(st_ino, radix: 36)
        )
    }

    /// Nanoseconds since 1970.
    var changeTime: Int {
        // A file may carry any time, also one that does not fit.
        st_mtim.tv_sec &* 1_000_000_000 &+ st_mtim.tv_nsec
    }

    var isRegularFile: Bool { st_mode & S_IFMT == S_IFREG }
}
