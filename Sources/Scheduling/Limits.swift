/// Every number that bounds this target, with its reason.
enum Limits {
    /// Years in which a time is looked for: after so many the calendar begins anew, weekdays too.
    static let calendarCycleYears = 400

    /// Bytes of a time zone's file: the largest there is has 4,000.
    static let zoneFileByteCount = 1 << 20

    /// The year up to which a zone's rule for the future is spelled out as changes; more than a cycle of the
    /// calendar from any time this program will see.
    static let lastZoneYear: Int64 = 2_500

    /// The largest distance from UTC a zone's file may have, in seconds (RFC 9636, section 3.2).
    static let zoneOffset: Int64 = 26 * 3_600

    /// The shortest interval in seconds: below it a run is a stream, not a schedule.
    static let intervalMin: Int64 = 1

    /// The longest interval in seconds: ten years, far from where sums of times overflow.
    static let intervalMax: Int64 = 10 * 366 * 86_400

    /// Characters of an expression: enough to list every minute by its number.
    static let expressionLength = 1_000
}
