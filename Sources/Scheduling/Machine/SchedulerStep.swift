package import Basics

/// What the machine wants: first written down in one transaction, then acted upon.
package struct SchedulerStep: Hashable, Sendable {
    /// An attempt to begin.
    package struct Start: Hashable, Sendable {
        package var occurrence: Occurrence
        package var attempt: Int
        /// Whether the run was stopped, so that this attempt only looks whether an earlier one had published
        /// it.
        package var onlyLooks = false
    }

    /// In the order in which they happened.
    package var changes: [Change] = []
    /// The schedules whose status changed.
    package var statuses: [String: ScheduleStatus] = [:]
    package var starts: [Start] = []
    /// Occurrences whose running attempt is to be stopped.
    package var cancels: [String] = []
    /// How often the clock was set back, where that has grown.
    package var era: Int?

    /// Makes a step of nothing.
    package init() {}

    /// Whether there is nothing to write and nothing to do.
    package var isEmpty: Bool {
        changes.isEmpty && statuses.isEmpty && starts.isEmpty && cancels.isEmpty && era == nil
    }

    /// One thing that happened to an occurrence.
    package enum Change: Hashable, Sendable {
        /// It is new and waits.
        case added(Occurrence)
        /// It is new, and has ended already; it stands for `count` nominal times up to `through`.
        case passed(
            Occurrence,
            OccurrenceState,
            OccurrenceReason,
            count: Int,
            through: Instant
        )
        case started(String, attempt: Int, at: Instant)
        /// An attempt ended.
        case attempted(String, attempt: Int, AttemptReport, at: Instant)
        /// It waits for its next attempt; nil for as soon as there is a place.
        case waits(String, until: Instant?)
        case ended(String, OccurrenceState, OccurrenceReason?, at: Instant)
    }
}
