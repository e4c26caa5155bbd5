/// A cron expression in a time zone: the instants at which a job runs.
///
/// Where clocks are put forward or back it does as Vixie's cron: a job that is not wild runs once for every
/// wall clock time, in the first of two passes, and where its time is skipped as soon as the clocks are
/// ahead of it; a wild one runs at every instant whose wall clock matches.
package struct CronSchedule: Hashable, Sendable {
    /// What becomes of a job that is not wild where clocks change.
    package enum DaylightRule: String, Hashable, Sendable, CaseIterable {
        /// Once in the first of two passes; once when a skipped time is over.
        case vixie
        /// Once in the first of two passes; not at all when its time is skipped.
        case skip
        /// In both passes; once when a skipped time is over.
        case both
    }

    package let expression: CronExpression
    package let zone: ZoneRules
    package let daylightRule: DaylightRule

    /// Makes a schedule.
    package init(
        _ expression: CronExpression,
        zone: ZoneRules,
        daylightRule: DaylightRule = .vixie
    ) {
        self.expression = expression
        self.zone = zone
        self.daylightRule = daylightRule
    }

    /// The first instant behind another, both in seconds since 1970 in UTC; nil where there is none in a
    /// whole cycle of the calendar.
    func next(after instant: Int64) -> Int64? {
        if expression.isWild { return nextMatching(from: instant + 1) }
        let once = nextOnce(after: instant)
        guard daylightRule == .both else { return once }
        return nextInSecondPass(after: instant, before: once ?? .max) ?? once
    }

    // MARK: Every matching instant

    private func nextMatching(from instant: Int64) -> Int64? {
        var segment = zone.segment(at: instant)
        var wall = instant + zone.offset(in: segment)
        while let time = expression.firstTime(from: wall) {
            let found = time - zone.offset(in: segment)
            if found < zone.end(of: segment) { return found }
            let next = segment + 1
            if zone.wallStart(of: next) < wall {
                // Clocks go back to before where the search began: what it passed comes once more.
                segment = next
                wall = zone.wallStart(of: next)
            } else {
                // No clock shows a matching time before this one.
                segment = max(next, zone.segment(at: time - Limits.zoneOffset))
                wall = max(zone.wallStart(of: segment), time)
            }
        }
        return nil
    }

    // MARK: Once for each time

    private func nextOnce(after instant: Int64) -> Int64? {
        let segment = zone.segment(at: instant)
        var wall = instant + zone.offset(in: segment) + 1
        // In a second pass, what the clocks show was there in the first one.
        if segment > 0 { wall = max(wall, zone.wallEnd(of: segment - 1)) }
        while let time = expression.firstTime(from: wall) {
            switch zone.moment(ofWall: time) {
            case .at(let found): return found
            case .skipped(let end):
                if daylightRule != .skip { return end }
                wall = zone.wallStart(of: zone.segment(at: end))
            }
        }
        return nil
    }

    // MARK: The second pass

    private func nextInSecondPass(after instant: Int64, before end: Int64) -> Int64? {
        var segment = max(zone.segment(at: instant), 1)
        while segment < zone.segmentCount, zone.start(of: segment) < end {
            defer { segment += 1 }
            let again = zone.wallEnd(of: segment - 1)
            let offset = zone.offset(in: segment)
            guard again > zone.wallStart(of: segment) else { continue }
            let first = max(zone.wallStart(of: segment), instant + 1 + offset)
            guard let time = expression.firstTime(from: first), time < again else { continue }
            let found = time - offset
            if found < end, found < zone.end(of: segment) { return found }
        }
        return nil
    }
}
