package import Basics
import GRDB
package import Scheduling

/// An occurrence and what became of it: a run, once it was begun.
package struct OccurrenceRecord: Hashable, Sendable {
    /// Grows with every occurrence that is recorded.
    package var sequence: Int64
    package var occurrence: Occurrence
    package var state: OccurrenceState
    package var reason: OccurrenceReason?
    /// How many nominal times it stands for: more than one for a gap.
    package var count: Int
    /// The last of them.
    package var through: Instant?
    package var endedAt: Instant?
    /// What its last attempt did; nil before the first.
    package var lastAttempt: AttemptRecord?
}

/// One attempt at a run.
package struct AttemptRecord: Hashable, Sendable {
    package var attempt: Int
    /// The lease's epoch under which it was begun.
    package var epoch: Int64
    package var startedAt: Instant
    package var endedAt: Instant?
    /// `succeeded`, `failed`, `cancelled` or `interrupted`; nil while it runs.
    package var end: String?
    package var failureClass: String?
    package var message: String?
    package var rowCount: Int64
    /// Rows of the table that others took the place of, or that were replaced as a whole.
    package var replacedRowCount: Int64
    /// The table beside the stream in words; nil where nothing was compared.
    package var comparison: String?
    /// Rows that the table has more than the stream; nil where they cannot be compared.
    package var difference: Int64?
    package var bytesRead: Int64
    package var bytesWritten: Int64
    package var snapshotID: Int64?
    package var warnings: [String]

    init?(_ row: Row) {
        guard let attempt: Int = row["a_attempt"] else { return nil }
        self.attempt = attempt
        epoch = row["a_epoch"]
        startedAt = row["a_started_at"]
        endedAt = row["a_ended_at"]
        end = row["a_end"]
        failureClass = row["a_failure_class"]
        message = row["a_message"]
        rowCount = row["a_row_count"]
        replacedRowCount = row["a_replaced_count"]
        comparison = row["a_comparison"]
        difference = row["a_difference"]
        bytesRead = row["a_bytes_read"]
        bytesWritten = row["a_bytes_written"]
        snapshotID = row["a_snapshot_id"]
        let text: String? = row["a_warnings"]
        warnings = text.map { $0.split(separator: "\n").map(String.init) } ?? []
    }

    static let columns = """
        a.attempt a_attempt, a.epoch a_epoch, a.started_at a_started_at, a.ended_at a_ended_at,
        a.end a_end, a.failure_class a_failure_class, a.message a_message, a.row_count a_row_count,
        a.replaced_count a_replaced_count, a.comparison a_comparison, a.difference a_difference,
        a.bytes_read a_bytes_read, a.bytes_written a_bytes_written, a.snapshot_id a_snapshot_id,
        a.warnings a_warnings
        """
}

/// Which runs are asked for.
package struct OccurrenceFilter: Hashable, Sendable {
    package var scheduleID: String?
    /// The table they load.
    package var target: TableName?
    package var states: [OccurrenceState] = []
    package var origin: OccurrenceOrigin?
    /// Nominal times from here on.
    package var since: Instant?
    /// Nominal times before it.
    package var until: Instant?
    /// Only ones recorded before this one, for the next page.
    package var before: Int64?
    package var limit = 100

    /// Asks for the newest runs of all.
    package init() {}
}

extension Metastore {
    /// Runs, the newest first.
    package func runs(_ filter: OccurrenceFilter) async throws -> [OccurrenceRecord] {
        var conditions: [String] = []
        var arguments: [(any DatabaseValueConvertible)?] = []
        func add(_ condition: String, _ values: [any DatabaseValueConvertible]) {
            conditions.append(condition)
            arguments += values.map { $0 }
        }
        if let id = filter.scheduleID { add("o.schedule_id = ?", [id]) }
        if let target = filter.target { add("o.target = ?", [target.description]) }
        if !filter.states.isEmpty {
            let marks = filter.states.map { _ in "?" }.joined(separator: ", ")
            add("o.state IN (\(marks))", filter.states.map(\.rawValue))
        }
        if let origin = filter.origin {
            // Written out, so that the index of those that somebody asked for is used.
            add("o.origin = '\(origin.rawValue)'", [])
            if origin != .schedule { add("o.origin <> 'schedule'", []) }
        }
        if let since = filter.since { add("o.scheduled_for >= ?", [since]) }
        if let until = filter.until { add("o.scheduled_for < ?", [until]) }
        if let before = filter.before { add("o.seq < ?", [before]) }
        let limit = max(0, min(filter.limit, Limits.pageRows))
        return try await fetch(
            (conditions.isEmpty ? "" : "WHERE " + conditions.joined(separator: " AND "))
                + " ORDER BY o.seq DESC LIMIT \(limit)",
            StatementArguments(arguments)
        )
    }

    /// A run; nil where there is none of that id.
    package func run(_ id: String) async throws -> OccurrenceRecord? {
        try await fetch("WHERE o.id = ?", [id]).first
    }

    /// Occurrences that have not ended, the oldest first.
    package func unfinished() async throws -> [OccurrenceRecord] {
        try await fetch("WHERE o.state IN ('pending', 'running') ORDER BY o.seq", [])
    }

    private func fetch(
        _ rest: String,
        _ arguments: StatementArguments
    ) async throws -> [OccurrenceRecord] {
        try await read { database in
            try Row.fetchAll(
                database,
                sql: OccurrenceRecord.query(rest),
                arguments: arguments
            ).map(OccurrenceRecord.init)
        }
    }

    /// All attempts at a run, the first one first.
    package func attempts(of id: String) async throws -> [AttemptRecord] {
        try await read { database in
            try Row.fetchAll(
                database,
                sql: """
                    SELECT \(AttemptRecord.columns) FROM attempts a WHERE a.occurrence_id = ?
                    ORDER BY a.attempt
                    """,
                arguments: [id]
            ).compactMap(AttemptRecord.init)
        }
    }

    /// Removes what ended before `time`, some of it at a time.
    ///
    /// - Returns: How many occurrences were removed; 0 when there is no more.
    package func prune(before time: Instant) async throws -> Int {
        try await writer.write { database in
            let ids = try String.fetchAll(
                database,
                sql: "SELECT id FROM occurrences WHERE ended_at < ? LIMIT ?",
                arguments: [time, Limits.pruneRows]
            )
            for id in ids {
                for sql in [
                    "DELETE FROM attempts WHERE occurrence_id = ?",
                    "DELETE FROM occurrences WHERE id = ?",
                ] { try database.cachedStatement(sql: sql).execute(arguments: [id]) }
            }
            try database.execute(sql: "DELETE FROM events WHERE at < ?", arguments: [time])
            return ids.count
        }
    }
}

extension OccurrenceRecord {
    /// A time of which 0 says that there is none: it is part of a unique key, where null is like nothing.
    private static func asked(_ time: Instant) -> Instant? {
        time.milliseconds == 0 ? nil : time
    }

    /// Reads occurrences with their last attempts; the tables are `o` and `a` in what follows.
    static func query(_ rest: String) -> String {
        """
        SELECT o.*, \(AttemptRecord.columns) FROM occurrences o
        LEFT JOIN attempts a ON a.occurrence_id = o.id AND a.attempt = o.attempt
        \(rest)
        """
    }

    init(_ row: Row) {
        sequence = row["seq"]
        var occurrence = Occurrence(
            scheduleID: row["schedule_id"],
            // What a newer program wrote is shown as what comes nearest.
            origin: OccurrenceOrigin(rawValue: row["origin"]) ?? .schedule,
            scheduledFor: row["scheduled_for"],
            dueAt: row["due_at"],
            claimedAt: row["claimed_at"],
            era: row["era"],
            askedAt: Self.asked(row["asked_at"]),
            target: TableName(stored: row["target"]),
            pool: row["pool"]
        )
        occurrence.id = row["id"]
        let rule: String? = row["rows_rule"]
        occurrence.rows = rule.flatMap(RowsRule.init(rawValue:))
        occurrence.attempt = row["attempt"]
        occurrence.startedAt = row["started_at"]
        occurrence.retryAt = row["retry_at"]
        self.occurrence = occurrence
        state = OccurrenceState(rawValue: row["state"]) ?? .failed
        let word: String? = row["reason"]
        reason = word.flatMap(OccurrenceReason.init(rawValue:))
        count = row["count"]
        through = row["through"]
        endedAt = row["ended_at"]
        lastAttempt = AttemptRecord(row)
    }
}
