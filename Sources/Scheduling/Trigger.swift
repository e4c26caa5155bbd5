/// What tells when a schedule is due, by the clock: a pure function of an instant.
package enum Trigger: Hashable, Sendable {
    case cron(CronSchedule)
    case interval(IntervalTrigger)

    /// Reads a cron expression, which may begin with `CRON_TZ=zone` or `TZ=zone`, or `@every 90m`, which
    /// may end with `/` and how long after midnight of 1970 in UTC it begins.
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
        if words.first?.lowercased() == "@every" {
            if let name {
                throw TriggerError("an interval is the same in every time zone: leave out \(name)")
            }
            self = .interval(try Self.interval(words.dropFirst().joined(separator: " ")))
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

    /// The first instant behind another, both in seconds since 1970 in UTC; nil where there is none.
    package func next(after instant: Int64) -> Int64? {
        switch self {
        case .cron(let schedule): schedule.next(after: instant)
        case .interval(let trigger): trigger.next(after: instant)
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

    /// Seconds of numbers with units, the largest first; nil for anything else.
    private static func seconds(_ text: Substring) -> Int64? {
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
