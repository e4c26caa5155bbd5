package import Basics
import GRDB
package import Scheduling

/// A trigger as its definition has it.
package struct TriggerText: Hashable, Sendable {
    package var text: String
    package var timeZone: String?
    package var daylightRule: CronSchedule.DaylightRule

    /// Makes a trigger's text.
    package init(
        _ text: String,
        timeZone: String? = nil,
        daylightRule: CronSchedule.DaylightRule = .vixie
    ) {
        self.text = text
        self.timeZone = timeZone
        self.daylightRule = daylightRule
    }
}

/// What the metastore knows of a schedule's document, and where the schedule stands.
package struct ScheduleRecord: Hashable, Sendable {
    package var id: String
    /// The version of the document that was read.
    package var tag: String
    /// Counts the versions that were seen.
    package var generation = 1
    /// Why the document cannot be used.
    package var problem: String?
    package var trigger: TriggerText?
    /// What the scheduler has to know; nil for a document that cannot be used.
    package var spec: ScheduleSpec?
    /// Where the schedule stands; nil for one that has not been scheduled yet.
    package var status: ScheduleStatus?
    /// The document's text, for whoever lists it; nil where it was not asked for.
    package var document: String?

    /// Makes a record of a document that can be used.
    package init(
        tag: String,
        trigger: TriggerText,
        spec: ScheduleSpec,
        document: String? = nil
    ) {
        id = spec.id
        self.tag = tag
        self.document = document
        self.trigger = trigger
        self.spec = spec
    }

    /// Makes a record of a document that cannot.
    package init(id: String, tag: String, problem: String) {
        self.id = id
        self.tag = tag
        self.problem = problem
    }

    /// Reads a record of `allColumns`; a trigger that cannot be understood any more is a problem, not an error.
    init(_ row: Row, _ parse: (TriggerText) throws -> Trigger) {
        // By place: looking up names takes longer than all else, and a start reads every schedule.
        var fields = Fields(row: row)
        id = fields.next()
        tag = fields.next()
        problem = fields.optional()
        let text: String? = fields.optional()
        let zone: String? = fields.optional()
        let rule: String? = fields.optional()
        let rest = fields
        // All but the six that were read and `cursor`, which a status begins with.
        fields.skip(ScheduleRecord.columns.count - 7)
        status = ScheduleStatus(&fields)
        generation = fields.next()
        guard let text else { return }
        let trigger = TriggerText(
            text,
            timeZone: zone,
            daylightRule: rule.flatMap(CronSchedule.DaylightRule.init) ?? .vixie
        )
        self.trigger = trigger
        do {
            spec = Self.spec(rest, id: id, try parse(trigger))
        } catch {
            problem = "\(error)"
        }
    }

    /// Reads the columns from `target` to `created_at`.
    private static func spec(_ rest: Fields, id: String, _ trigger: Trigger) -> ScheduleSpec {
        var fields = rest
        var spec = ScheduleSpec(
            id: id,
            trigger: trigger,
            target: TableName(stored: fields.next()),
            pool: fields.next(),
            createdAt: .unixEpoch
        )
        let overlap: String = fields.next()
        spec.overlap = OverlapPolicy(rawValue: overlap) ?? .skip
        let most: Int? = fields.optional()
        let window: Int64? = fields.optional()
        if let most {
            spec.catchUp = most == 0 ? .none : .all(max: most, window: .milliseconds(window ?? 0))
        }
        spec.jitter = fields.span()
        spec.retry = RetryPolicy(
            attempts: fields.next(),
            base: fields.span(),
            cap: fields.span()
        )
        spec.timeout = fields.optionalSpan()
        spec.startAt = fields.optional()
        spec.endAt = fields.optional()
        spec.pauseAfter = fields.next()
        spec.isEnabled = fields.next()
        spec.isDueWhenCreated = fields.next()
        spec.createdAt = fields.next()
        return spec
    }

    /// The columns from `tag` to `cursor`.
    fileprivate var arguments: StatementArguments {
        var most: Int?
        var window: Int64?
        switch spec?.catchUp {
        case .none?: most = 0
        case .all(let count, let span)?: (most, window) = (count, span.milliseconds)
        case .latest?, nil: break
        }
        return [
            id, tag, problem, trigger?.text, trigger?.timeZone, trigger?.daylightRule.rawValue,
            spec?.target.description, spec?.pool, spec?.overlap.rawValue, most, window,
            spec?.jitter.milliseconds, spec?.retry.attempts, spec?.retry.base.milliseconds,
            spec?.retry.cap.milliseconds, spec?.timeout?.milliseconds, spec?.startAt, spec?.endAt,
            spec?.pauseAfter, spec?.isEnabled, spec?.isDueWhenCreated, spec?.createdAt,
            status?.cursor,
        ]
    }

    /// The names of the columns of `arguments`, in their order.
    fileprivate static let columns = [
        "id", "tag", "problem", "trigger_text", "time_zone", "dst", "target", "pool", "overlap",
        "catch_up_max", "catch_up_window", "jitter", "retry_attempts", "retry_base", "retry_cap",
        "timeout", "start_at", "end_at", "pause_after", "enabled", "due_when_created", "created_at",
        "cursor",
    ]

    /// What a record is read from, in its order.
    static let allColumns =
        (columns + ["failures", "pause_reason", "generation"]).joined(separator: ", ")
}

/// The values of a row from the first to the last.
private struct Fields {
    let row: Row
    var index = 0

    mutating func skip(_ count: Int) { index += count }

    mutating func next<Value: DatabaseValueConvertible & StatementColumnConvertible>() -> Value {
        defer { index += 1 }
        return row[index]
    }

    /// A span, which is stored in milliseconds.
    mutating func span() -> Duration { .milliseconds(next() as Int64) }

    mutating func optionalSpan() -> Duration? {
        (optional() as Int64?).map { .milliseconds($0) }
    }

    mutating func optional<Value: DatabaseValueConvertible & StatementColumnConvertible>() -> Value?
    {
        defer { index += 1 }
        return row[index]
    }
}

extension ScheduleStatus {
    /// Reads a status; nil where the schedule has not been scheduled yet.
    fileprivate init?(_ fields: inout Fields) {
        let cursor: Instant? = fields.optional()
        let failures: Int = fields.next()
        let reason: String? = fields.optional()
        guard let cursor else { return nil }
        self.init(cursor: cursor, failures: failures, pauseReason: reason)
    }
}

extension Metastore {
    /// Where a schedule stands; nil where that is not known.
    package func status(of id: String) async throws -> ScheduleStatus? {
        try await statuses(of: [id])[id]
    }

    /// Where schedules stand; those are left out of which that is not known.
    package func statuses(of ids: [String]) async throws -> [String: ScheduleStatus] {
        guard !ids.isEmpty else { return [:] }
        return try await read { database in
            let statement = try database.cachedStatement(
                sql: "SELECT cursor, failures, pause_reason FROM schedules WHERE id = ?"
            )
            var found: [String: ScheduleStatus] = [:]
            for id in ids {
                guard let row = try Row.fetchOne(statement, arguments: [id]) else { continue }
                var fields = Fields(row: row)
                found[id] = ScheduleStatus(&fields)
            }
            return found
        }
    }

    /// Some schedules, in the order of their ids.
    ///
    /// - Parameters:
    ///   - id: Only behind this one; nil for the first ones.
    ///   - target: Only those that load this table.
    ///   - limit: How many at most.
    ///   - parse: Reads a trigger's text.
    /// - Returns: The schedules.
    /// - Throws: errors of the database.
    package func schedules(
        after id: String? = nil,
        target: TableName? = nil,
        limit: Int,
        _ parse: @escaping @Sendable (TriggerText) throws -> Trigger
    ) async throws -> [ScheduleRecord] {
        try await read { database in
            try Row.fetchAll(
                database,
                sql: """
                    SELECT \(ScheduleRecord.allColumns) FROM schedules WHERE id > ? \(target == nil ? "" : "AND target = ?")
                    ORDER BY id LIMIT ?
                    """,
                arguments: StatementArguments([id ?? ""]) + (target.map { [$0.description] } ?? [])
                    + [limit]
            ).map { ScheduleRecord($0, parse) }
        }
    }

    /// Notes documents that are new or were changed, and ones that are gone.
    ///
    /// Where a schedule stands is kept with it; of one that is gone nothing is.
    package func note(
        _ documents: [ScheduleRecord],
        gone: [String],
        under lease: Lease
    ) async throws {
        let columns = ScheduleRecord.columns
        let updates = columns.dropFirst().dropLast().map { "\($0) = excluded.\($0)" }
        let sql = """
            INSERT INTO schedules (\(columns.joined(separator: ", ")), generation)
            VALUES (\(columns.map { _ in "?" }.joined(separator: ", ")), 1)
            ON CONFLICT (id) DO UPDATE SET generation = generation + 1,
                cursor = coalesce(cursor, excluded.cursor), \(updates.joined(separator: ", "))
            """
        // What it was before it could not be used any more is kept: what runs of it goes on.
        let problem = """
            INSERT INTO schedules (id, tag, problem, generation) VALUES (?, ?, ?, 1)
            ON CONFLICT (id) DO UPDATE SET generation = generation + 1, tag = excluded.tag,
                problem = excluded.problem
            """
        try await writer.write { database in
            try Self.check(lease, database)
            for record in documents {
                if record.spec != nil {
                    try database.cachedStatement(sql: sql).execute(arguments: record.arguments)
                    if let document = record.document {
                        try database.cachedStatement(
                            sql: "INSERT OR REPLACE INTO documents (id, document) VALUES (?, ?)"
                        ).execute(arguments: [record.id, document])
                    }
                } else {
                    try database.cachedStatement(sql: problem)
                        .execute(arguments: [record.id, record.tag, record.problem])
                }
            }
            for id in gone {
                for sql in [
                    "DELETE FROM schedules WHERE id = ?", "DELETE FROM documents WHERE id = ?",
                ] { try database.cachedStatement(sql: sql).execute(arguments: [id]) }
            }
        }
    }
}
