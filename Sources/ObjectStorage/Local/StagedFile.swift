import Glibc

/// A file without a name in the lake: it is written in the staging folder under a lock.
///
/// The lock says that its owner lives. A file whose lock is free was left by a process that died
/// and is removed by the next one that opens the store for writing. Between the making of a file
/// and the taking of its lock a sweep may take it for a dead one, lock it and remove it, so the
/// owner makes another one where it does not get the lock, or the name is gone once it has it.
/// No clock is needed, and none would be right with a slow disk or a stopped process.
struct StagedFile: ~Copyable {
    let file: SystemFile
    private let root: LocalRoot

    /// Makes a file in the staging folder of a store, locked by us.
    init(in root: LocalRoot) throws {
        let folder = root.staging
        for _ in 0..<Limits.stagingAttempts {
            let name = String(UInt64.random(in: .min ... .max), radix: 36)
            let path = folder + "/" + name
            let file: SystemFile
            do {
                file = try SystemFile(path: path, flags: O_RDWR | O_CREAT | O_EXCL)
            } catch let error where error.code(.notFound) {
                // Somebody tidied up the empty folder.
                try root.makeFolders(folder)
                continue
            }
            if try file.takeLock(), try file.status().st_nlink > 0 {
                self.file = file
                self.root = root
                return
            }
        }
        throw StorageError(.device, "cannot make a file in \(folder): each one was removed at once")
    }

    /// Gives the file its name, if no other has it, and takes its staging name away.
    ///
    /// - Throws: `StorageError` `precondition` when the name is taken.
    borrowing func publish(ifAbsentAt target: String) throws {
        try file.sync()
        try makingFolders(of: target) {
            try SystemFile.call("make", target) { link(file.path, target) }
        }
        discard()
        try SystemFile.syncFolder(SystemFile.parent(of: target))
    }

    /// Gives the file, which is synced, its name in the place of what has it.
    borrowing func publish(replacing target: String) throws {
        try makingFolders(of: target) {
            try SystemFile.call("replace", target) { rename(file.path, target) }
        }
        try SystemFile.syncFolder(SystemFile.parent(of: target))
    }

    /// Takes the name away that the file has got, where the answer to getting it was lost.
    borrowing func withdraw(from target: String) {
        var named = stat()
        // Where it cannot be looked at, it may stay: unused space.
        guard let own = try? file.status(), stat(target, &named) == 0,
            named.st_ino == own.st_ino, named.st_dev == own.st_dev
        else { return }
        _ = unlink(target)
    }

    /// Removes the file from the staging folder.
    borrowing func discard() {
        // A file that stays is removed by the next sweep.
        _ = unlink(file.path)
    }

    private borrowing func makingFolders(of target: String, _ body: () throws -> Void) throws {
        do {
            try body()
        } catch let error where error.code(.notFound) {
            try root.makeFolders(SystemFile.parent(of: target))
            try body()
        }
    }

    /// Removes the files whose owners are dead.
    static func sweep(_ folder: String, keeping kept: String) throws {
        for name in try FolderReader.names(in: folder) where name != kept {
            let path = folder + "/" + name
            do {
                let file = try SystemFile(path: path, flags: O_RDWR | O_NOFOLLOW)
                // The lock is held until the name is gone: its maker, if it comes now, sees by either
                // that it lost the file.
                guard try file.takeLock() else { continue }
                try SystemFile.call("remove", path) { unlink(path) }
            } catch let error where error.code(.notFound) || error.code(.invalid) {
                // It was published or swept by others in the meantime, or is no file of ours.
                continue
            }
        }
    }
}

extension Error {
    /// Whether this is a storage error of that code.
    func code(_ code: StorageError.Code) -> Bool {
        (self as? StorageError)?.code == code
    }
}
