import Basics
import Glibc

/// The right to open a metastore: two processes that make the same file at once would both create its tables.
///
/// An advisory lock of a file beside it, which goes with the process.
enum OpeningLock {
    /// Runs `body` while nobody else opens the metastore at `path`, for which it waits
    /// `Limits.patience` at most.
    ///
    /// - Throws: `MetastoreError` `unusable` where the lock's file cannot be made or locked, `busy` when another process
    ///   keeps the lock; what `body` throws.
    static func whileHeld<Result>(of path: String, _ body: () throws -> Result) throws -> Result {
        let name = path + ".lock"
        let descriptor = open(name, O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else {
            throw MetastoreError(
                .unusable,
                "\(name) cannot be made: \(String(cString: strerror(errno))); give the user of this process "
                    + "the right to write there, or name another place with \(Remedy.metastore)"
            )
        }
        defer { close(descriptor) }
        let deadline = ContinuousClock.now + Limits.patience
        while flock(descriptor, LOCK_EX | LOCK_NB) != 0 {
            let reason = errno
            guard reason == EWOULDBLOCK || reason == EINTR else {
                throw MetastoreError(
                    .unusable,
                    "\(name) cannot be locked: \(String(cString: strerror(reason))); put the metastore on a "
                        + "disk of this machine with \(Remedy.metastore)"
                )
            }
            guard ContinuousClock.now < deadline else {
                throw MetastoreError(
                    .busy,
                    "another process has been opening the metastore \(path) for \(Limits.patience.text); "
                        + "end that process, or try again"
                )
            }
            usleep(UInt32(Limits.lockPause / .microseconds(1)))
        }
        return try body()
    }
}
