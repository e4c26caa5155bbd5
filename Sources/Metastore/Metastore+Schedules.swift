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

    /// Makes a record of a document that can be used.
    package init(tag: String, trigger: TriggerText, spec: ScheduleSpec) {
        id = spec.id
        self.tag = tag
        self.trigger = trigger
        self.spec = spec
    }

    /// Makes a record of a document that cannot.
    package init(id: String, tag: String, problem: String) {
        self.id = id
        self.tag = tag
        self.problem = problem
    }

    /// Reads a record; a trigger that cannot be understood any more is a problem, not an error.
    init(_ row: Row, _ parse: (TriggerText) throws -> Trigger) {
        id = row["id"]
        tag = row["tag"]
        generation = row["generation"]
        problem = row["problem"]
        status = ScheduleStatus(row)
        guard let text: String = row["trigger_text"] else { return }
        let rule: String = row["dst"]
        let trigger = TriggerText(
            text,
            timeZone: row["time_zone"],
            daylightRule: CronSchedule.DaylightRule(rawValue: rule) ?? .vixie
        )
        self.trigger = trigger
        do {
            spec = Self.spec(row, id: id, try parse(trigger))
        } catch {
            problem = "\(error)"
        }
    }

    private static func spec(_ row: Row, id: String, _ trigger: Trigger) -> ScheduleSpec {
        var spec = ScheduleSpec(
            id: id,
            trigger: trigger,
            target: row["target"],
            pool: row["pool"],
            createdAt: row["created_at"]
        )
        let overlap: String = row["overlap"]
        spec.overlap = OverlapPolicy(rawValue: overlap) ?? .skip
        if let most: Int = row["catch_up_max"] {
            spec.catchUp = most == 0 ? .none : .all(max: most, window: row["catch_up_window"])
        }
        spec.jitter = row["jitter"]
        spec.retry = RetryPolicy(
            attempts: row["retry_attempts"],
            base: row["retry_base"],
            cap: row["retry_cap"]
        )
        spec.timeout = row["timeout"]
        spec.startAt = row["start_at"]
        spec.endAt = row["end_at"]
        spec.pauseAfter = row["pause_after"]
        spec.isEnabled = row["enabled"]
        spec.isDueWhenCreated = row["due_when_created"]
        return spec
    }

    /// The columns from `tag` to `cursor`.
    fileprivate var arguments: StatementArguments {
        var most: Int?
        var window: Int64?
        switch spec?.catchUp {
        case .none?: most = 0
        case .all(let count, let span)?: (most, window) = (count, span)
        case .latest?, nil: break
        }
        return [
            id, tag, problem, trigger?.text, trigger?.timeZone, trigger?.daylightRule.rawValue,
            spec?.target, spec?.pool, spec?.overlap.rawValue, most, window, spec?.jitter,
            spec?.retry.attempts, spec?.retry.base, spec?.retry.cap, spec?.timeout, spec?.startAt,
            spec?.endAt, spec?.pauseAfter, spec?.isEnabled, spec?.isDueWhenCreated, spec?.createdAt,
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
}

extension ScheduleStatus {
    /// Reads a status; nil where the schedule has not been scheduled yet.
    fileprivate init?(_ row: Row) {
        guard let cursor: Int64 = row["cursor"] else { return nil }
        self.init(cursor: cursor, failures: row["failures"], pauseReason: row["pause_reason"])
    }
}

extension Metastore {
    /// Where a schedule stands; nil where that is not known.
    package func status(of id: String) async throws -> ScheduleStatus? {
        try await writer.read { database in
            try Row.fetchOne(
                database.cachedStatement(
                    sql: "SELECT cursor, failures, pause_reason FROM schedules WHERE id = ?"
                ),
                arguments: [id]
            ).flatMap { ScheduleStatus($0) }
        }
    }

    /// Every schedule it has seen and that is still there, in the order of their ids.
    ///
    /// `parse` reads a trigger's text.
    package func schedules(
        _ parse: @escaping @Sendable (TriggerText) throws -> Trigger
    ) async throws -> [ScheduleRecord] {
        try await writer.read { database in
            // One by one: rows and records of all would stand side by side otherwise.
            let rows = try Row.fetchCursor(database, sql: "SELECT * FROM schedules ORDER BY id")
            var records: [ScheduleRecord] = []
            while let row = try rows.next() { records.append(ScheduleRecord(row, parse)) }
            return records
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
        target: String? = nil,
        limit: Int,
        _ parse: @escaping @Sendable (TriggerText) throws -> Trigger
    ) async throws -> [ScheduleRecord] {
        try await writer.read { database in
            try Row.fetchAll(
                database,
                sql: """
                    SELECT * FROM schedules WHERE id > ? \(target == nil ? "" : "AND target = ?")
                    ORDER BY id LIMIT ?
                    """,
                arguments: StatementArguments([id ?? ""]) + (target.map { [$0] } ?? []) + [limit]
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
                } else {
                    try database.cachedStatement(sql: problem)
                        .execute(arguments: [record.id, record.tag, record.problem])
                }
            }
            for id in gone {
                try database.cachedStatement(sql: "DELETE FROM schedules WHERE id = ?")
                    .execute(arguments: [id])
            }
        }
    }
}
