import Glibc

/// An open file of the system, closed when it goes out of use.
struct SystemFile: ~Copyable {
    let descriptor: CInt
    let path: String

    /// Opens a file; the descriptor is not inherited by child processes.
    ///
    /// - Throws: `StorageError` by the system's reason.
    init(path: String, flags: CInt, mode: mode_t = 0o644) throws {
        descriptor = try Self.call("open", path) { Glibc.open(path, flags | O_CLOEXEC, mode) }
        self.path = path
    }

    deinit {
        // Nothing can be done about a failed close: what must last was synced before.
        _ = close(descriptor)
    }

    /// Runs a system call again while it is interrupted.
    ///
    /// - Throws: `StorageError` made of `errno` when it gives -1.
    @discardableResult
    static func call<Number: SignedInteger>(
        _ action: String,
        _ path: String,
        _ body: () -> Number
    ) throws -> Number {
        while true {
            let result = body()
            if result != -1 { return result }
            let reason = errno
            if reason != EINTR { throw StorageError(action, path, reason) }
        }
    }

    /// Facts of the open file.
    func status() throws -> stat {
        var status = stat()
        try Self.call("look at", path) { fstat(descriptor, &status) }
        return status
    }

    /// Takes the exclusive lock of the file, unless another one has it: nobody waits for a lock, since its
    /// owner may have been stopped.
    ///
    /// - Returns: Whether it was taken.
    func takeLock() throws -> Bool {
        while true {
            if flock(descriptor, LOCK_EX | LOCK_NB) == 0 { return true }
            let reason = errno
            if reason == EINTR { continue }
            if reason == EWOULDBLOCK { return false }
            throw StorageError("lock", path, reason)
        }
    }

    /// Dates the file later than `old`, in nanoseconds since 1970, where it is not.
    func setChangeTime(after old: Int) throws {
        guard try status().changeTime <= old else { return }
        let later = old &+ 1
        let time = timespec(tv_sec: later / 1_000_000_000, tv_nsec: later % 1_000_000_000)
        try Self.call("date", path) { futimens(descriptor, [time, time]) }
    }

    /// Writes all bytes, however many the system takes at a time.
    func write(_ bytes: UnsafeRawBufferPointer) throws {
        var rest = bytes[...]
        while !rest.isEmpty {
            let part = UnsafeRawBufferPointer(rebasing: rest.prefix(Limits.systemCallByteCount))
            let count = try Self.call("write", path) {
                Glibc.write(descriptor, part.baseAddress, part.count)
            }
            rest = rest.dropFirst(count)
        }
    }

    /// Reads `range`, which lies inside of the file.
    func read(_ range: Range<Int>) throws -> [UInt8] {
        try [UInt8](unsafeUninitializedCapacity: range.count) { buffer, initialized in
            while initialized < range.count {
                let count = min(range.count - initialized, Limits.systemCallByteCount)
                let start = UnsafeMutableRawBufferPointer(buffer).baseAddress
                let done = initialized
                let got = try Self.call("read", path) {
                    pread(
                        descriptor,
                        start?.advanced(by: done),
                        count,
                        off_t(range.lowerBound + done)
                    )
                }
                guard got > 0 else {
                    throw StorageError(.device, "\(path) became shorter while it was read")
                }
                initialized += got
            }
        }
    }

    /// Makes what was written last through a loss of power.
    func sync() throws {
        try Self.call("sync", path) { fsync(descriptor) }
    }

    /// Makes the names in a folder last through a loss of power.
    static func syncFolder(_ path: String) throws {
        let folder = try SystemFile(path: path, flags: O_RDONLY | O_DIRECTORY)
        try folder.sync()
    }

    /// Makes a folder and those above it, each lasting, up to one that is there.
    ///
    /// - Throws: `StorageError`: `notFound` where `root` itself would have to be made.
    static func makeFolders(_ path: String, below root: String = "") throws {
        guard path != root else { throw StorageError("make the folder", path, ENOENT) }
        if mkdir(path, 0o755) == 0 {
            try syncFolder(parent(of: path))
            return
        }
        let reason = errno
        if reason == EEXIST { return }
        guard reason == ENOENT, path.utf8.count > 1 else {
            throw StorageError("make the folder", path, reason)
        }
        try makeFolders(parent(of: path), below: root)
        // Another process may make it in this moment, which is as good.
        if mkdir(path, 0o755) != 0, errno != EEXIST {
            throw StorageError("make the folder", path, errno)
        }
        try syncFolder(parent(of: path))
    }

    /// The folder a path lies in.
    static func parent(of path: String) -> String {
        guard let slash = path.utf8.lastIndex(of: 0x2F) else { return "." }
        return slash == path.startIndex ? "/" : String(path[..<slash])
    }
}

extension StorageError {
    /// Words the system's reason why `action` on `path` failed.
    init(_ action: String, _ path: String, _ reason: CInt) {
        let said = String(cString: strerror(reason))
        let (code, advice): (Code, String) =
            switch reason {
            case ENOENT: (.notFound, "")
            case EEXIST: (.precondition, "")
            case EACCES, EPERM, EROFS:
                (.denied, "; give the user the right to it or choose another folder")
            case ENOSPC, EDQUOT: (.full, "; free space or choose another disk")
            case EFBIG: (.full, "; raise the allowed file size (ulimit -f)")
            case ENOTDIR, EISDIR, ENAMETOOLONG, ELOOP: (.invalid, "; choose another name")
            case EXDEV: (.unsupported, "; the lake must lie on one file system")
            case EOPNOTSUPP, ENOSYS: (.unsupported, "; put the lake on another file system")
            case EUCLEAN, EBADMSG: (.damaged, "; have the file system checked")
            case ESTALE, ENOTCONN, ETIMEDOUT, EHOSTDOWN, EHOSTUNREACH, ENETUNREACH:
                (.unreachable, "; see whether its disk is mounted, and its server there")
            case EMFILE, ENFILE: (.device, "; raise the number of open files (ulimit -n)")
            default: (.device, "; check the disk")
            }
        self.init(code, "cannot \(action) \(path): \(said)\(advice)")
    }
}
