/// Every number that bounds this target, with its reason.
enum Limits {
    /// Bytes of a request's body: the largest document, and a little.
    static let bodyByteCount = 512 << 10

    /// Items of a page where the request does not say otherwise, and at most.
    static let page = (usual: 100, most: 1_000)

    /// Requests a caller has at once, and so many more each second: a person or a dashboard needs a tenth.
    static let requests = (burst: 400.0, perSecond: 200.0)

    /// Callers that are counted at a time; beyond, counting begins anew.
    static let callers = 10_000

    /// Milliseconds between two reports of a run's progress.
    static let progressInterval: Int64 = 500

    /// Reports of one stream: half an hour.
    static let progressReports = 3_600

    /// Seconds a connection may be silent: one that sends half a request keeps others out.
    static let idleSeconds: Int64 = 30

    /// Bytes of an idempotency key: a UUID has 36.
    static let idempotencyKeyLength = 200

    /// Open connections: each costs some 20 KiB.
    static let connections = 1_000

    /// Milliseconds since the scheduler's last look at the clock after which it counts as stuck: it looks
    /// each second.
    static let stuck: Int64 = 30_000

    /// Times a dry run shows at most.
    static let nextTimes = 1_000
}
