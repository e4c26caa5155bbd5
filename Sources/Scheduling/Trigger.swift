package import Basics

/// What tells when a schedule is due; by the clock it is a pure function of an instant.
package enum Trigger: Hashable, Sendable {
    case cron(CronSchedule)
    case interval(IntervalTrigger)
    /// So long after the last run ended.
    case completion(Duration)
    /// When the table has a new snapshot.
    case dataset(TableName)
    /// Only when somebody asks.
    case manual

    /// Reads a trigger.
    ///
    /// A cron expression may begin with `CRON_TZ=zone` or `TZ=zone`. `@every 90m` may end with `/` and how
    /// long after midnight of 1970 in UTC it begins. `@completion 90m` counts from the end of the last run,
    /// `@after namespace.table` waits for a new snapshot of that table, `@manual` for somebody to ask.
    ///
    /// - Parameters:
    ///   - text: The expression.
    ///   - zone: The zone's name as given elsewhere; UTC where it is given nowhere.
    ///   - daylightRule: What becomes of times that clocks skip or show twice.
    ///   - zones: Where zones are known.
    /// - Throws: `TriggerError` for what cannot be read, and for two zones that differ.
    package init(
        parsing text: String,
        zone: String? = nil,
        daylightRule: CronSchedule.DaylightRule = .vixie,
        zones: ZoneCatalog = ZoneCatalog()
    ) throws(TriggerError) {
        var words = text.split { $0 == " " || $0 == "\t" }.map(String.init)
        var name = zone
        for prefix in ["CRON_TZ=", "TZ="] where words.first?.hasPrefix(prefix) == true {
            let written = String(words.removeFirst().dropFirst(prefix.utf8.count))
            guard name == nil || name == written else {
                throw TriggerError("the expression says \(written), the schedule \(name ?? "")")
            }
            name = written
        }
        if let other = try Self.withoutZone(words) {
            if let name {
                throw TriggerError("\(words[0]) is the same in every time zone: leave out \(name)")
            }
            self = other
            return
        }
        let expression = try CronExpression(parsing: words.joined(separator: " "))
        self = .cron(
            CronSchedule(
                expression,
                zone: try zones.zone(name ?? "UTC"),
                daylightRule: daylightRule
            )
        )
    }

    /// The first instant behind another, of whole seconds; nil where the clock tells none.
    package func next(after instant: Instant) -> Instant? {
        nextSecond(after: instant.seconds).map { Instant(seconds: $0) }
    }

    /// Calendars and clocks count seconds: here they are seconds since 1970 in UTC.
    private func nextSecond(after second: Int64) -> Int64? {
        switch self {
        case .cron(let schedule): schedule.next(after: second)
        case .interval(let trigger): trigger.next(after: second)
        case .completion, .dataset, .manual: nil
        }
    }

    /// The last instant behind `start` that is not behind `end`; nil where there is none.
    ///
    /// Found by halving the time between, since `next` never falls: some 40 calls for any distance.
    package func last(after start: Instant, through limit: Instant) -> Instant? {
        let end = limit.seconds
        guard let first = nextSecond(after: start.seconds), first <= end else { return nil }
        var found = first
        var (low, high) = (first, end)
        while low < high {
            let middle = low + (high - low) / 2
            if let time = nextSecond(after: middle), time <= end {
                found = time
                low = time
            } else {
                high = middle
            }
        }
        return Instant(seconds: found)
    }

    /// Whether the clock tells when it is due.
    package var isByClock: Bool {
        switch self {
        case .cron, .interval: true
        case .completion, .dataset, .manual: false
        }
    }

    /// Triggers of other words than cron's; nil for anything else.
    private static func withoutZone(_ words: [String]) throws(TriggerError) -> Trigger? {
        let rest = words.dropFirst().joined(separator: " ")
        switch words.first?.lowercased() {
        case "@every": return .interval(try interval(rest))
        case "@completion":
            guard let pause = Duration(parsing: rest) else {
                throw TriggerError(
                    "behind @completion stands a time such as 90s or 15m, not \(rest)"
                )
            }
            return .completion(try IntervalTrigger(pause).interval)
        case "@after":
            do {
                // A name with blanks would hide a word too many.
                guard words.count == 2 else { throw TriggerError("") }
                return .dataset(try TableName(parsing: rest))
            } catch {
                throw TriggerError("behind @after stands a table, namespace.table, not \(rest)")
            }
        case "@manual":
            guard words.count == 1 else {
                throw TriggerError("behind @manual stands nothing, not \(rest)")
            }
            return .manual
        default: return nil
        }
    }

    private static func interval(_ text: String) throws(TriggerError) -> IntervalTrigger {
        let parts = text.split(separator: "/", omittingEmptySubsequences: false)
        guard parts.count <= 2, let interval = Duration(parsing: parts[0]) else {
            throw TriggerError(
                "behind @every stands a time such as 90s, 15m, 1h30m or 2d, not \(text)"
            )
        }
        guard parts.count == 2 else { return try IntervalTrigger(interval) }
        guard let phase = Duration(parsing: parts[1]) else {
            throw TriggerError("behind / stands a time such as 90s or 15m, not \(parts[1])")
        }
        return try IntervalTrigger(interval, phase: phase)
    }
}
