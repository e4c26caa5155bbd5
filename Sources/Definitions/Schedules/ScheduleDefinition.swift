package import Basics
package import Scheduling

/// A schedule as its operator wrote it: what is read, where it lands, when, and what becomes of it when
/// things go wrong.
///
/// Nothing a run writes is in it.
package struct ScheduleDefinition: DefinitionDocument, Hashable {
    package static let folder = "_schedules"
    package static let noun = "schedule"

    /// When a new schedule is due for the first time.
    package enum Start: String, Hashable, Sendable, CaseIterable {
        /// As soon as it is there.
        case now
        /// At the first time of its trigger.
        case next
    }

    package var id: DefinitionID
    package var text = ""
    package var source: SourceChoice
    /// The stream that is read: `table`, or `schema.table`.
    package var stream: String
    /// The table it lands in.
    package var dataset: TableName
    package var sync = SyncDefinition()
    package var trigger: String
    package var timeZone: String?
    package var daylightRule = CronSchedule.DaylightRule.vixie
    package var start = Start.now
    package var overlap = OverlapPolicy.skip
    package var catchUp = CatchUpPolicy.latest
    package var jitter = Duration.zero
    package var retry = RetryPolicy()
    package var timeout = Limits.timeout
    /// No occurrence is before it.
    package var startAt: Instant?
    /// No occurrence is at it or later.
    package var endAt: Instant?
    package var pauseAfter = Limits.pauseAfter
    package var isEnabled = true
    package var createdAt: Instant
    package var createdBy: String

    /// The trigger, with the zones of the machine.
    ///
    /// - Throws: `DefinitionError` `invalid` for the field `trigger`.
    package func parsedTrigger(_ zones: ZoneCatalog) throws(DefinitionError) -> Trigger {
        let parsed: Trigger
        do {
            parsed = try Trigger(
                parsing: trigger,
                zone: timeZone,
                daylightRule: daylightRule,
                zones: zones
            )
        } catch {
            throw DefinitionError(.invalid, field: "trigger", error.message)
        }
        guard parsed != .dataset(dataset) else {
            throw DefinitionError(
                .invalid,
                field: "trigger",
                "a schedule cannot wait for the table that it loads itself"
            )
        }
        return parsed
    }

    /// What the scheduler has to know of it.
    ///
    /// - Parameters:
    ///   - trigger: Its trigger, read.
    ///   - pool: What its source shares with others.
    /// - Returns: The specification.
    package func spec(_ trigger: Trigger, pool: String) -> ScheduleSpec {
        var spec = ScheduleSpec(
            id: id.rawValue,
            trigger: trigger,
            target: dataset,
            pool: pool,
            createdAt: createdAt
        )
        spec.overlap = overlap
        spec.catchUp = catchUp
        spec.jitter = jitter
        spec.retry = retry
        spec.timeout = timeout
        spec.startAt = startAt
        spec.endAt = endAt
        spec.pauseAfter = pauseAfter
        spec.isEnabled = isEnabled
        spec.isDueWhenCreated = start == .now
        return spec
    }
}

/// The source of a schedule: one that is defined by itself, or an address of its own.
package enum SourceChoice: Hashable, Sendable {
    case named(DefinitionID)
    case inline(SourceAddress)
}

/// How a stream is read and published.
package struct SyncDefinition: Hashable, Sendable {
    /// How much of a stream is read.
    package enum Mode: String, Hashable, Sendable, CaseIterable {
        case fullRefresh = "full-refresh"
        case incremental
    }

    /// What becomes of rows the table has already.
    package enum Conflict: String, Hashable, Sendable, CaseIterable {
        case merge
        case append
    }

    /// How the table follows a changed source.
    package enum Contract: String, Hashable, Sendable, CaseIterable {
        case evolve
        case freeze
        case discard
    }

    /// What becomes of values a column cannot hold.
    package enum Policy: String, Hashable, Sendable, CaseIterable {
        case error
        case null
        case clamp
        case string
    }

    /// Which encodings the table's files use.
    package enum Encodings: String, Hashable, Sendable, CaseIterable {
        case compatible
        case balanced
        case compact
    }

    package var mode = Mode.fullRefresh
    package var cursor: String?
    package var primaryKey: [String]?
    package var conflict: Conflict?
    package var lookback: Lookback?
    package var columns: [String]?
    package var condition: String?
    package var policy: Policy?
    package var columnPolicies: [String: Policy] = [:]
    package var contract = Contract.evolve
    package var allowsTypeChange = false
    /// Whether an incremental read may miss rows that come or go without a write to them.
    package var acceptsUnseenChanges = false
    /// Whether nothing is published when the table would hold another number of rows than the stream.
    package var requiresEqual = false
    /// Nil leaves the table as it is.
    package var encodings: Encodings?

    /// How far behind the highest value of a cursor rows are looked for again.
    package enum Lookback: Hashable, Sendable {
        /// For a cursor of times.
        case span(Duration)
        /// For a cursor of numbers.
        case units(Int64)
    }

    /// Makes a plain full refresh.
    package init() {}
}
