import Basics

/// Every number that bounds this target, with its reason.
package enum Limits {
    /// Bytes of a document: a hundred times what one with every field set has.
    package static let documentByteCount = 256 << 10

    /// Levels of a document: one with every field set has four.
    static let documentDepth = 16

    /// Bytes of a secret: a private key with its chain has 10 KiB.
    static let secretByteCount = 64 << 10

    /// How long a command that prints a secret may take: the run that needs it waits.
    static let commandPatience = Duration.seconds(30)

    /// Documents read at a time when all are read: enough to hide a store's latency.
    static let parallelReads = 16

    /// Triggers that are remembered as good: some 200 bytes each.
    static let goodTriggers = 10_000

    /// Occurrences a schedule may catch up on at once; each is a run.
    static let catchUp = 1_000

    /// Attempts at one run: with the longest wait between, most of a day.
    static let attempts = 100

    /// How long a read may wait for a table: nothing is "for ever" to Postgres, and its setting holds no month.
    package static let lockTimeouts = Duration.milliseconds(1)...(.days(1))

    /// The longest span in a definition: ten years.
    static let span = Duration.days(10 * 366)

    /// Failed runs in a row that pause a schedule, where the definition does not say otherwise: at one a
    /// day somebody has had ten days to look.
    static let pauseAfter = 10

    /// How long a run may take where the definition does not say otherwise: a day.
    static let timeout = Duration.days(1)
}
