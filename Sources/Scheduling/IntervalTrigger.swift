/// Instants at equal distances.
package struct IntervalTrigger: Hashable, Sendable {
    /// The distance in seconds.
    package let seconds: Int64
    /// One of the instants, in seconds since 1970 in UTC.
    package let anchor: Int64

    /// Makes a trigger of an interval of one second to ten years.
    ///
    /// - Throws: `TriggerError` for any other.
    package init(seconds: Int64, anchor: Int64 = 0) throws(TriggerError) {
        guard seconds >= Limits.intervalMin, seconds <= Limits.intervalMax else {
            throw TriggerError("an interval is one second to ten years, not \(seconds) seconds")
        }
        self.seconds = seconds
        self.anchor = anchor
    }

    /// The first instant behind another; nil behind all that can be counted.
    package func next(after instant: Int64) -> Int64? {
        let (distance, isTooFar) = instant.subtractingReportingOverflow(anchor)
        guard !isTooFar else { return nil }
        let past = distance % seconds
        let ahead = past < 0 ? -past : seconds - past
        let (next, isTooLate) = instant.addingReportingOverflow(ahead)
        return isTooLate ? nil : next
    }
}
