import Basics

/// Every number that bounds this target, with its reason.
enum Limits {
    /// Bytes of a request's body: the largest document, and a little.
    static let bodyByteCount = 512 << 10

    /// Items of a page where the request does not say otherwise, and at most.
    static let page = (usual: 100, most: 1_000)

    /// Requests a caller has at once, and so many more each second: a person or a dashboard needs a tenth.
    static let requests = (burst: 400.0, perSecond: 200.0)

    /// Callers that are counted at a time; beyond, counting begins again.
    static let callers = 10_000

    /// The time between two reports of a run's progress.
    static let progressInterval = Duration.milliseconds(500)

    /// Reports of one stream: half an hour.
    static let progressReports = 3_600

    /// The time from an answer to the head of the next request on its connection.
    static let idlePatience = Duration.seconds(30)

    /// The time from the opening of a connection to the head of its first request, which fits in one packet.
    static let headPatience = Duration.seconds(10)

    /// How long the body of a request may take in all: 512 KiB at 140 kbit/s.
    static let bodyPatience = Duration.seconds(30)

    /// How long the sending of an answer may take: the largest has some 3 MB.
    static let sendPatience = Duration.minutes(1)

    /// How long a stream of a run's progress may take, whoever reads it how slowly.
    static let eventsPatience = Duration.minutes(45)

    /// For how long what comes behind a last answer is dropped, so that it is read.
    static let leavePatience = Duration.seconds(2)

    /// Bytes that bodies being read may take together: 128 of the largest.
    static let bodiesByteCount = 64 << 20

    /// Bytes of a request's head: a token has 80, browsers send 4 KiB.
    static let headByteCount = 16 << 10

    /// Fields of a request's head: browsers send 20.
    static let headFields = 100

    /// Bytes of an idempotency key: a UUID has 36.
    static let idempotencyKeyLength = 200

    /// Open connections: each costs some 20 KiB.
    static let connections = 1_000

    /// Connections beyond, for questions that everybody may ask.
    static let surplusConnections = 50

    /// The time since the scheduler's last look at the clock after which it counts as stuck: it looks
    /// each second.
    static let stuck = Duration.seconds(30)

    /// Times a dry run shows at most.
    static let nextTimes = 1_000
}
