import Glibc

/// The folder of a store, as it was when the store was opened.
///
/// A path that leads nowhere means two things: that there is no such object, or that the disk with all of
/// them is not mounted. Only a folder that is still the lake's may say the first.
struct LocalRoot: Sendable {
    /// The path without a slash at its end; empty for the root of the system.
    let path: String
    /// What the store keeps for itself: a lake that came back on another device has it too.
    let marker: String
    private let device: dev_t
    private let inode: ino_t

    /// Takes note of the folder at a path that is resolved.
    init(path: String, marker: String) throws {
        self.path = path
        self.marker = marker
        let folder = try SystemFile(path: path.isEmpty ? "/" : path, flags: O_RDONLY | O_DIRECTORY)
        let status = try folder.status()
        device = status.st_dev
        inode = status.st_ino
    }

    /// - Throws: `StorageError` `unreachable` where the folder is not there, or is another one.
    func requireThere() throws {
        let shown = path.isEmpty ? "/" : path
        var status = stat()
        guard stat(shown, &status) == 0 else { throw unreachable(shown, errno) }
        if status.st_dev == device, status.st_ino == inode { return }
        guard stat(path + "/" + marker, &status) == 0 else {
            throw StorageError(
                .unreachable,
                "the lake \(shown) cannot be looked at: another folder is in its place; is its disk mounted?"
            )
        }
    }

    /// The folder of files that are being written.
    var staging: String { path + "/" + marker }

    /// Makes a folder of the store, and those above it that are missing.
    ///
    /// The store's own folder is never made again: where it is gone, so are all objects.
    ///
    /// - Throws: `StorageError`: `unreachable` where the store's folder is gone, among others.
    func makeFolders(_ folder: String) throws {
        try requireThere()
        do {
            try SystemFile.makeFolders(folder, below: path)
        } catch let error where error.code(.notFound) {
            throw unreachable(path.isEmpty ? "/" : path, ENOENT)
        }
    }

    /// The failure of a call at a path, or that of the store itself where that is why the call failed.
    func explain(_ error: any Error, at path: String) -> any Error {
        guard let error = error as? StorageError else { return error }
        switch error.code {
        case .notFound, .device, .denied:
            do { try requireThere() } catch { return error }
        case .invalid, .precondition, .full, .unreachable, .throttled, .damaged, .unsupported:
            return error
        }
        guard error.code == .denied else { return error }
        let folder = SystemFile.parent(of: path)
        guard faccessat(AT_FDCWD, folder, X_OK, AT_EACCESS) != 0 else { return error }
        return unreachable(folder, errno)
    }

    /// Says that a folder cannot be looked at.
    func unreachable(_ folder: String, _ reason: CInt) -> StorageError {
        StorageError(
            .unreachable,
            "the folder \(folder) cannot be looked at: \(String(cString: strerror(reason))); see whether its "
                + "disk is mounted, and who may read it"
        )
    }
}
