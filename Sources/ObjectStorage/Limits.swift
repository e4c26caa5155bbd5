/// Every number that bounds this target, with its reason.
package enum Limits {
    /// Bytes of one segment of a key: what the file systems in use allow for a name.
    package static let segmentByteCount = 255

    /// Bytes of a key: S3's bound, and well under the 4,096 bytes of a path.
    package static let keyByteCount = 1_024

    /// Bytes of an object read whole: metadata and lists; data files are read by ranges.
    package static let wholeReadByteCount = 1 << 30

    /// Looks at an object that is replaced between the look at its size and the reading: people edit at most.
    static let changingReads = 10

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
}
