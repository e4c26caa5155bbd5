#if canImport(Glibc)
    import Glibc
#else
    import Musl
#endif

/// Every number that bounds this target, with its reason.
enum Limits {
    /// Bytes of an answer of the API: a page of a thousand schedules has some 3 MB.
    static let answerByteCount = 64 << 20

    /// The pause until a server that has begun to schedule says where it can be asked.
    static let recordInterval = Duration.milliseconds(100)

    /// How long a server takes to stop at most: runs have 20 s of it.
    static let shutdown = Duration.seconds(30)

    /// Files the server has open at most, where the system allows it: a thousand connections, and runs of
    /// hundreds of files each.
    static let openFiles: rlim_t = 16_384

    /// The time between two looks at a run.
    static let watchInterval = Duration.milliseconds(500)
}
