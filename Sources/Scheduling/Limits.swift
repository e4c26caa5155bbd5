import Basics

/// Every number that bounds this target, with its reason.
package enum Limits {
    /// Years in which a time is looked for: after so many the calendar repeats, weekdays too.
    static let calendarCycleYears = 400

    /// Bytes of a time zone's file: the largest there is has 4,000.
    static let zoneFileByteCount = 1 << 20

    /// The year up to which a zone's rule for the future is spelled out as changes; more than a cycle of the
    /// calendar from any time this program will see.
    static let lastZoneYear: Int64 = 2_500

    /// The largest distance from UTC a zone's file may have, in seconds (RFC 9636, section 3.2).
    static let zoneOffset: Int64 = 26 * 3_600

    /// The shortest interval: below it a run is a stream, not a schedule.
    static let intervalMin = Duration.seconds(1)

    /// The longest interval: ten years, far from where sums of times overflow.
    static let intervalMax = Duration.days(10 * 366)

    /// Characters of an expression: enough to list every minute by its number.
    static let expressionLength = 1_000

    /// Alarms dealt with in one step: what is written of them is a transaction of some 20 ms.
    package static let stepAlarms = 1_000

    /// How far the clock may go back before it counts as having been wrong: a correction of that size
    /// delays a schedule by no more, and a larger one would silence it until the clock was there again.
    static let clockStep = Duration.minutes(10)

    /// How late a schedule may be that catches up on nothing: a restart takes less.
    static let lateness = Duration.minutes(1)

    /// Times of a gap that are counted one by one: some 15 ms; the gap is recorded as a whole in any case.
    static let countedGap = 100_000

    /// So many counted times are as much work as one alarm.
    static let countedPerAlarm = 1_000

    /// Timers that are kept whatever became of their attempts: they cost 100 bytes each.
    static let timers = 10_000

    /// Nominal times of one backfill: more are asked for in parts.
    static let backfill = 1_000
}
