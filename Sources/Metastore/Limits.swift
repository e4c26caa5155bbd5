import Basics

/// Every number that bounds this target, with its reason.
package enum Limits {
    /// How long to wait for another process that writes: a transaction of ours takes some 20 ms.
    static let patience = Duration.seconds(10)

    /// The pause between two looks at a lock that another process has: opening takes some 20 ms.
    static let lockPause = Duration.milliseconds(10)

    /// Rows of a page of history, at most: the largest of the API, and one that tells of more.
    static let pageRows = 1_001

    /// Ended occurrences removed in one transaction, so that nothing waits long for it.
    static let pruneRows = 1_000

    /// Readers beside the one writer: requests of the API.
    static let readers = 4

    /// Former holders of a lease that are told from others: as many as a machine has processes that hang.
    static let formerHolders = 100

    /// How long idempotency keys are kept: a client that tries again does it within a day.
    static let idempotencyAge = Duration.days(1)
}
