import Basics

/// Instants at equal distances.
package struct IntervalTrigger: Hashable, Sendable {
    /// Whole seconds, as calendars count.
    private let period: Int64
    private let anchor: Int64

    /// Makes a trigger of an interval of whole seconds, from one second to ten years.
    ///
    /// - Parameters:
    ///   - interval: The distance.
    ///   - phase: How long after 1970-01-01T00:00Z one of the instants is, in whole seconds.
    /// - Throws: `TriggerError` for any other.
    package init(_ interval: Duration, phase: Duration = .zero) throws(TriggerError) {
        guard interval >= Limits.intervalMin, interval <= Limits.intervalMax else {
            throw TriggerError("an interval is one second to ten years, not \(interval.text)")
        }
        for span in [interval, phase] where span != .seconds(span.components.seconds) {
            throw TriggerError("an interval is of whole seconds, not \(span.text)")
        }
        period = interval.components.seconds
        anchor = phase.components.seconds
    }

    /// The distance.
    package var interval: Duration { .seconds(period) }

    /// The first instant behind another, both in seconds since 1970; nil behind all that can be counted.
    func next(after instant: Int64) -> Int64? {
        let (distance, isTooFar) = instant.subtractingReportingOverflow(anchor)
        guard !isTooFar else { return nil }
        let past = distance % period
        let ahead = past < 0 ? -past : period - past
        let (next, isTooLate) = instant.addingReportingOverflow(ahead)
        return isTooLate ? nil : next
    }
}
