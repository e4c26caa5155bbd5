import Basics
import Glibc

/// A folder as a store.
///
/// Every object is written in `_staging` first, synced, and then gets its name in one step:
/// by `link(2)` where it must be new, by `rename(2)` where it may replace. Replacing happens
/// under the lock of one file, so a version can be compared and replaced in one step by any
/// number of processes on this machine. Calls block their thread for as long as the disk does.
package struct LocalStore: ObjectStore {
    /// What a store is opened for.
    package enum Access: Sendable {
        /// Nothing is written, not even the folder.
        case reading
        /// The folder is made when it is missing, and what dead writers left is removed.
        case writing
    }

    package let locations: ObjectLocations
    private let folder: LocalRoot
    private let access: Access

    /// The first segment of keys that the store keeps for itself.
    private static let stagingName = "_staging"
    private static let lockName = "lock"

    private var root: String { folder.path }
    private var staging: String { folder.staging }

    /// Opens the folder `root`: a path, or `file://` and a path.
    ///
    /// - Throws: `StorageError`: `notFound` or `invalid` when it is no folder, `permission`.
    package init(root address: String, access: Access) throws {
        let path = try FolderAddress.path(address)
        if access == .writing { try SystemFile.makeFolders(Self.trimmed(path)) }
        guard let resolved = realpath(path, nil) else { throw StorageError("open", path, errno) }
        defer { free(resolved) }
        let root = Self.trimmed(String(cString: resolved))
        folder = try LocalRoot(path: root == "/" ? "" : root, marker: Self.stagingName)
        self.access = access
        locations = Self.locations(of: folder.path)
        guard access == .writing else { return }
        try SystemFile.makeFolders(staging)
        try StagedFile.sweep(staging, keeping: Self.lockName)
    }

    /// Addresses with the scheme `file`, which engines built on iceberg-rust ask for.
    ///
    /// Letters that would have to be encoded in an address stand in a plain path, which other
    /// engines take as it is: none of them decodes an address. Programs write the same file as
    /// `file:/…` or `file:///…` too.
    private static func locations(of root: String) -> ObjectLocations {
        let forms = ["file://" + root, root, "file:" + root]
        let isPlain = root.utf8.allSatisfy { byte in
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "/"), UInt8(ascii: "-"),
                UInt8(ascii: "_"), UInt8(ascii: "."), UInt8(ascii: "~"):
                true
            default: false
            }
        }
        let base = isPlain ? forms[0] : forms[1]
        return ObjectLocations(base: base, synonyms: forms.filter { $0 != base })
    }

    private static func trimmed(_ path: String) -> String {
        var path = path
        while path.utf8.count > 1, path.hasSuffix("/") { path.removeLast() }
        return path
    }

    package func read(_ key: ObjectKey, range: Range<Int>?) async throws -> StoredObject {
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
        guard range.count <= Limits.wholeReadByteCount else {
            throw StorageError(
                .invalid,
                "cannot read \(range.count) bytes of \(path) at once: the most is "
                    + "\(Limits.wholeReadByteCount)"
            )
        }
        do {
            return StoredObject(info: info, bytes: try file.read(range))
        } catch {
            throw folder.explain(error, at: path)
        }
    }

    /// Opens a file; it does not wait for the other end of what is no file but a pipe.
    private func open(_ path: String) throws -> SystemFile {
        do {
            return try SystemFile(path: path, flags: O_RDONLY | O_NONBLOCK)
        } catch {
            throw folder.explain(error, at: path)
        }
    }

    package func put(
        _ bytes: [UInt8],
        to key: ObjectKey,
        condition: PutCondition
    ) async throws -> ObjectTag {
        let path = try writablePath(of: key)
        let writer = try LocalObjectWriter(in: folder)
        defer { writer.abandon() }
        try writer.append(bytes)
        switch condition {
        case .ifAbsent:
            try writer.publish(ifAbsentAt: path)
        case .none:
            // What takes time comes before the lock, which a process may be stopped under.
            try writer.sync()
            try await withReplaceLock { try replace(path, with: writer) }
        case .ifMatch(let tag):
            try writer.sync()
            try await withReplaceLock {
                guard try status(of: path)?.tag == tag else {
                    throw StorageError(
                        .precondition,
                        "cannot replace \(path): it is gone or not the version that was read"
                    )
                }
                try replace(path, with: writer)
            }
        }
        return try writer.withFile { try $0.status().tag }
    }

    package func write<Result>(
        to key: ObjectKey,
        body: (any ObjectWriter) async throws -> Result
    ) async throws -> Result {
        let path = try writablePath(of: key)
        let writer = try LocalObjectWriter(in: folder)
        defer { writer.abandon() }
        let result = try await body(writer)
        try writer.publish(ifAbsentAt: path)
        return result
    }

    package func list(_ key: ObjectKey?) async throws -> ObjectListing {
        let path = try key.map { try self.path(of: $0) } ?? root
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
        if names.isEmpty || goneCount > 0 { try folder.requireThere() }
        return ObjectListing(objects: objects.sorted { $0.key < $1.key }, folders: folders.sorted())
    }

    private func names(in path: String) throws -> [String] {
        do {
            return try FolderReader.names(in: path)
        } catch {
            let explained = folder.explain(error, at: path)
            guard explained.code(.permission) else { throw explained }
            throw folder.unreachable(path, EACCES)
        }
    }

    package func delete(_ key: ObjectKey) async throws {
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
        return root + "/" + key.rawValue
    }

    private func writablePath(of key: ObjectKey) throws -> String {
        guard access == .writing else {
            throw StorageError(.permission, "cannot write \(key): the lake was opened for reading")
        }
        // A write makes the folders it needs: not in the place where a disk is to be mounted.
        try folder.requireThere()
        return try path(of: key)
    }

    private func status(of path: String) throws -> stat? {
        var status = stat()
        do {
            try SystemFile.call("look at", path) { stat(path, &status) }
        } catch let error where error.code(.notFound) || error.code(.invalid) {
            return nil
        } catch {
            throw folder.explain(error, at: path)
        }
        return status
    }

    // MARK: Replacing

    private func withReplaceLock(_ body: () throws -> Void) async throws {
        let file = try SystemFile(
            path: staging + "/" + Self.lockName,
            flags: O_RDWR | O_CREAT,
            mode: 0o666
        )
        for _ in 0..<Limits.replaceLockAttempts {
            if try file.lock(waiting: false) { return try body() }
            try await Task.sleep(for: Limits.replaceLockInterval)
        }
        throw StorageError(
            .device,
            "cannot replace an object in \(root): another process holds \(file.path) and does not "
                + "go on; look for one that was stopped"
        )
    }

    /// Replaces under the lock, with a time of change that is later than the old one's.
    ///
    /// The clock of a file system ticks in milliseconds and inode numbers are used again, so
    /// without this two versions of equal length could have one tag.
    private func replace(_ path: String, with writer: LocalObjectWriter) throws {
        if let old = try status(of: path) {
            try writer.withFile { file in
                let new = try file.status()
                guard new.changeTime <= old.changeTime else { return }
                let later = old.changeTime &+ 1
                let time = timespec(
                    tv_sec: later / 1_000_000_000,
                    tv_nsec: later % 1_000_000_000
                )
                try SystemFile.call("date", path) { futimens(file.descriptor, [time, time]) }
            }
        }
        try writer.publish(replacing: path)
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
