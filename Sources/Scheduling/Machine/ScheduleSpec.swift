package import Basics

/// What the scheduler has to know of a schedule's definition.
package struct ScheduleSpec: Hashable, Sendable {
    package var id: String
    package var trigger: Trigger
    /// The table it loads: one run at a time writes to it, whatever its schedule.
    package var target: TableName
    /// What its source shares with others: a host's name as a rule.
    package var pool: String
    package var overlap = OverlapPolicy.skip
    package var catchUp = CatchUpPolicy.latest
    /// The longest delay behind the nominal time.
    package var jitter = Duration.zero
    package var retry = RetryPolicy()
    /// How long an attempt may take.
    package var timeout: Duration?
    /// No occurrence is before.
    package var startAt: Instant?
    /// No occurrence is at or behind it.
    package var endAt: Instant?
    /// So many failed runs in a row pause the schedule; 0 for never.
    package var pauseAfter = 0
    package var isEnabled = true
    package var createdAt: Instant
    /// Whether it is due as soon as it is there.
    package var isDueWhenCreated = true

    /// Makes a specification with the policies' defaults.
    package init(id: String, trigger: Trigger, target: TableName, pool: String, createdAt: Instant)
    {
        self.id = id
        self.trigger = trigger
        self.target = target
        self.pool = pool
        self.createdAt = createdAt
    }

    /// The first nominal time behind another; nil where there is none.
    package func nextNominal(after time: Instant) -> Instant? {
        let start = max(time, startAt?.previous ?? .distantPast)
        guard let nominal = trigger.next(after: start), nominal < endAt ?? .distantFuture else {
            return nil
        }
        return nominal
    }

    /// The last nominal time behind `time` that is due by `end`; nil where there is none.
    package func lastNominal(after time: Instant, dueBy end: Instant) -> Instant? {
        let start = max(time, startAt?.previous ?? .distantPast)
        let limit = min(end, (endAt ?? .distantFuture).previous)
        guard let last = trigger.last(after: start, through: limit) else { return nil }
        if due(last) <= end { return last }
        // Only the newest one can be delayed beyond: a delay ends before the next nominal time.
        return trigger.last(after: start, through: last.previous)
    }

    /// When a nominal time is due: delayed by what its schedule and time alone decide, and never as far as
    /// the next one.
    package func due(_ nominal: Instant) -> Instant {
        guard jitter > .zero else { return nominal }
        let chance = Chance.hash(id, nominal.milliseconds) % UInt64(jitter.milliseconds + 1)
        let delayed = nominal + .milliseconds(Int64(chance))
        return min(delayed, nextNominal(after: nominal)?.previous ?? delayed)
    }

    /// Whether another specification fires at other times.
    func firesUnlike(_ other: ScheduleSpec) -> Bool {
        trigger != other.trigger || startAt != other.startAt || endAt != other.endAt
            || jitter != other.jitter
    }
}

/// What runs have made of a schedule; kept apart from its definition, and written by the scheduler alone.
package struct ScheduleStatus: Hashable, Sendable {
    /// Everything up to this time is recorded.
    package var cursor: Instant
    /// Failed runs since the last good one.
    package var failures: Int
    /// Why it rests; nil while it does not.
    package var pauseReason: String?

    /// Makes a status.
    package init(cursor: Instant, failures: Int = 0, pauseReason: String? = nil) {
        self.cursor = cursor
        self.failures = failures
        self.pauseReason = pauseReason
    }
}

/// Numbers that look random and are the same for the same input, for ever.
enum Chance {
    /// A hash of a name and a number: FNV-1a, then the finalizer of SplitMix64 (Steele, Lea, Flood, 2014).
    static func hash(_ name: String, _ number: Int64) -> UInt64 {
        var hash: UInt64 = 0xCBF2_9CE4_8422_2325
        for byte in name.utf8 { hash = (hash ^ UInt64(byte)) &* 0x0000_0100_0000_01B3 }
        var mixed = hash ^ UInt64(bitPattern: number) &* 0x9E37_79B9_7F4A_7C15
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }
}
