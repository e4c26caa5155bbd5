import Glibc

/// The right to open a metastore: two processes that make the same file at once would both create its tables.
///
/// An advisory lock of a file beside it, which goes with the process.
enum OpeningLock {
    /// Runs `body` while nobody else opens the metastore at `path`, for which it waits
    /// `Limits.busySeconds` at most.
    ///
    /// - Throws: `MetastoreError` `unusable` where the lock's file cannot be made, `busy` when another process
    ///   keeps the lock; what `body` throws.
    static func whileHeld<Result>(of path: String, _ body: () throws -> Result) throws -> Result {
        let name = path + ".lock"
        let descriptor = open(name, O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else {
            throw MetastoreError(
                .unusable,
                "\(name) cannot be made: \(String(cString: strerror(errno)))"
            )
        }
        defer { close(descriptor) }
        let pause: UInt32 = 10_000
        var waits = Int(Limits.busySeconds * 1_000_000) / Int(pause)
        while flock(descriptor, LOCK_EX | LOCK_NB) != 0 {
            guard waits > 0 else {
                throw MetastoreError(
                    .busy,
                    "another process opens the metastore \(path) and does not end"
                )
            }
            waits -= 1
            usleep(pause)
        }
        return try body()
    }
}
