/// Every number that bounds this target, with its reason.
package enum Limits {
    /// Bytes of one segment of a key: what the file systems in use allow for a name.
    package static let segmentByteCount = 255

    /// Bytes of a key: S3's bound, and well under the 4,096 bytes of a path.
    package static let keyByteCount = 1_024

    /// Bytes of an object read whole: metadata and lists; data files are read by ranges.
    package static let wholeReadByteCount = 1 << 30

    /// Bytes a writer gathers before it calls the system: pages come in sizes around this.
    package static let writeBufferByteCount = 1 << 18

    /// Bytes handed to one system call: Linux moves at most 2 GiB less a page at once.
    package static let systemCallByteCount = 1 << 30

    /// Fresh names tried for a staging file: a name is lost only to a sweep in the very moment
    /// between its making and its locking.
    package static let stagingAttempts = 16

    /// Folders below a folder when everything is listed: a lake has six; a loop of links has no end.
    package static let folderDepth = 32

    /// Tries to take the lock of replacing, which is held for a rename: three seconds of them.
    package static let replaceLockAttempts = 600

    /// The rest between two of them.
    package static let replaceLockInterval = Duration.milliseconds(5)

    /// Calls of folders that wait for the disk at a time: as many as documents are read side by side, beside
    /// runs that write.
    static let folderThreadCount = 24

    /// Calls of folders that wait for such a thread: more than a busy server has tasks, and little memory.
    static let folderWaitingCount = 8_192
}
