import Basics

/// Every number that bounds this target, with its reason.
package enum Limits {
    /// The longest time between two looks at the clock: a clock that was set is noticed.
    static let clockInterval = Duration.seconds(1)

    /// The time between two transactions: what comes meanwhile is written together, and nobody waits for
    /// longer than one can see.
    static let stepInterval = Duration.milliseconds(20)

    /// How long a lease lasts: how long a node that hangs keeps others from its work.
    static let leaseSpan = Duration.seconds(15)

    /// The time between renewals: two may fail.
    static let leaseRenewal = Duration.seconds(5)

    /// When a node that waits for the lease asks again.
    static let leaseRetry = Duration.milliseconds(500)

    /// When what the store refused is tried again, at first and at most.
    static let storeRetry = Duration.milliseconds(250)...(.seconds(10))

    /// The time between two looks for documents that others wrote.
    static let rescan = Duration.seconds(5)

    /// Looking for documents takes at most one in so many parts of the time: with 100,000 of them it takes
    /// 0.5 s, and an idle node stays idle.
    static let rescanShare = 250

    /// The longest time between two looks, also where a disk hung during the last one.
    static let rescanMost = Duration.minutes(10)

    /// The time between two looks whether the lake is there: a balancer asks about as often.
    static let lakeInterval = Duration.seconds(1)

    /// The time between two looks at tables that schedules wait for.
    static let followInterval = Duration.seconds(5)

    /// Documents read side by side: what hides a store's latency.
    static let documentReaders = 16

    /// Documents noted in one transaction.
    static let documentBatch = 1_000

    /// Runs at a time where the settings do not say otherwise: each holds up to 256 MiB and some connections.
    package static let runs = 4

    /// Runs at a time of one source: a database has other users too.
    package static let runsPerSource = 2

    /// How long a run has to come to a stop when the program ends; what it has read since its last
    /// checkpoint is read again.
    static let stopGrace = Duration.seconds(20)

    /// Days of history that are kept where the settings do not say otherwise.
    package static let historyDays = 90

    /// The time between two removals of old history.
    static let pruneInterval = Duration.hours(1)

    /// Upper bounds of the lateness histogram's buckets, in seconds.
    static let latenessBuckets = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 5, 30, 300]

    /// Characters of an error's message that are kept.
    static let messageLength = 2_000

    /// Triggers that are kept read: a schedule in a zone holds the zone's rules, some 10 KiB.
    static let knownTriggers = 10_000

    /// Times an edit is tried again that somebody else came before.
    static let editAttempts = 10

    /// Schedules of one table that are compared with a new one.
    static let sharedTarget = 1_000
}
