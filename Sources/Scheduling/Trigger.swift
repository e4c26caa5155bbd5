/// What tells when a schedule is due; by the clock it is a pure function of an instant.
package enum Trigger: Hashable, Sendable {
    case cron(CronSchedule)
    case interval(IntervalTrigger)
    /// So many seconds after the last run ended.
    case completion(seconds: Int64)
    /// When the table `namespace.table` has a new snapshot.
    case dataset(String)
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

    /// The first instant behind another, both in seconds since 1970 in UTC; nil where the clock tells none.
    package func next(after instant: Int64) -> Int64? {
        switch self {
        case .cron(let schedule): schedule.next(after: instant)
        case .interval(let trigger): trigger.next(after: instant)
        case .completion, .dataset, .manual: nil
        }
    }

    /// The last instant behind `start` that is not behind `end`; nil where there is none.
    ///
    /// Found by halving the time between, since `next` never falls: some 40 calls for any distance.
    package func last(after start: Int64, through end: Int64) -> Int64? {
        guard let first = next(after: start), first <= end else { return nil }
        var found = first
        var (low, high) = (first, end)
        while low < high {
            let middle = low + (high - low) / 2
            if let time = next(after: middle), time <= end {
                found = time
                low = time
            } else {
                high = middle
            }
        }
        return found
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
            guard let seconds = seconds(rest[...]) else {
                throw TriggerError(
                    "behind @completion stands a time such as 90s or 15m, not \(rest)"
                )
            }
            return .completion(seconds: try IntervalTrigger(seconds: seconds).seconds)
        case "@after":
            let parts = rest.split(separator: ".", maxSplits: 1, omittingEmptySubsequences: false)
            guard words.count == 2, parts.count == 2, parts.allSatisfy({ !$0.isEmpty }) else {
                throw TriggerError("behind @after stands a table, namespace.table, not \(rest)")
            }
            return .dataset(rest)
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
        guard parts.count <= 2, let seconds = seconds(parts[0]) else {
            throw TriggerError(
                "behind @every stands a time such as 90s, 15m, 1h30m or 2d, not \(text)"
            )
        }
        guard parts.count == 2 else { return try IntervalTrigger(seconds: seconds) }
        guard let phase = self.seconds(parts[1]) else {
            throw TriggerError("behind / stands a time such as 90s or 15m, not \(parts[1])")
        }
        return try IntervalTrigger(seconds: seconds, anchor: phase)
    }

    /// Seconds of numbers with units, the largest first, as in `1h30m`; nil for anything else.
    package static func seconds(_ text: Substring) -> Int64? {
        let units: [(Character, Int64)] = [("d", 86_400), ("h", 3_600), ("m", 60), ("s", 1)]
        var rest = text
        var total: Int64 = 0
        for (unit, factor) in units {
            let digits = rest.prefix { $0.isASCII && $0.isNumber }
            guard rest.dropFirst(digits.count).first == unit else { continue }
            guard let number = Int64(digits), number <= Limits.intervalMax else { return nil }
            total += number * factor
            rest = rest.dropFirst(digits.count + 1)
        }
        return rest.isEmpty && !text.isEmpty ? total : nil
    }
}
