import Basics
import GRDB
import Scheduling

/// Writes what one step changes, with statements that are looked up once.
struct StepWriter {
    private let database: Database
    private let epoch: Int64
    /// Occurrences that were there before, so that this one must not run them.
    private(set) var refused: Set<String> = []
    /// Occurrences that are new and begin in this step: they are written once, as running.
    private var begun: [String: (occurrence: Occurrence, sequence: Int64)] = [:]
    /// The number of the last occurrence: they are numbered as they were recorded, whenever they are written.
    private var sequence: Int64
    private let insertion: Statement
    private let begin: Statement
    private let attempt: Statement
    private let report: Statement
    private let wait: Statement
    private let end: Statement
    private let status: Statement
    private let table: Statement

    /// Makes a writer for one transaction.
    init(_ database: Database, epoch: Int64) throws {
        self.database = database
        self.epoch = epoch
        sequence = try Int64.fetchOne(database, sql: "SELECT max(seq) FROM occurrences") ?? 0
        insertion = try database.cachedStatement(
            sql: """
                INSERT INTO occurrences (
                    id, schedule_id, origin, scheduled_for, era, asked_at, due_at, claimed_at, target,
                    pool, rows_rule, state, reason, count, through, ended_at, attempt, started_at, seq
                ) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
                ON CONFLICT (id) DO NOTHING
                ON CONFLICT (schedule_id, origin, scheduled_for, era, asked_at) DO NOTHING
                """
        )
        begin = try database.cachedStatement(
            sql: """
                UPDATE occurrences SET state = 'running', attempt = ?, retry_at = NULL,
                    started_at = coalesce(started_at, ?) WHERE id = ?
                """
        )
        attempt = try database.cachedStatement(
            sql: """
                INSERT INTO attempts (occurrence_id, attempt, epoch, started_at)
                VALUES (?, ?, ?, ?)
                """
        )
        report = try database.cachedStatement(
            sql: """
                UPDATE attempts SET ended_at = ?, end = ?, failure_class = ?, message = ?,
                    row_count = ?, replaced_count = ?, comparison = ?, difference = ?, bytes_read = ?,
                    bytes_written = ?, snapshot_id = ?, warnings = ?
                WHERE occurrence_id = ? AND attempt = ?
                """
        )
        wait = try database.cachedStatement(
            sql: "UPDATE occurrences SET state = 'pending', retry_at = ? WHERE id = ?"
        )
        end = try database.cachedStatement(
            sql: """
                UPDATE occurrences SET state = ?, reason = ?, retry_at = NULL, ended_at = ?
                WHERE id = ?
                """
        )
        table = try database.cachedStatement(
            sql: "INSERT OR IGNORE INTO datasets SELECT target FROM occurrences WHERE id = ?"
        )
        status = try database.cachedStatement(
            sql: "UPDATE schedules SET cursor = ?, failures = ?, pause_reason = ? WHERE id = ?"
        )
    }

    /// Writes all changes of a step, in their order.
    mutating func write(_ step: SchedulerStep) throws {
        var starting: Set<String> = []
        for case .started(let id, attempt: 1, _) in step.changes { starting.insert(id) }
        for change in step.changes {
            if case .added(let occurrence) = change, starting.contains(occurrence.id) {
                sequence += 1
                begun[occurrence.id] = (occurrence, sequence)
            } else {
                try write(change)
            }
        }
        for (id, value) in step.statuses {
            try status.execute(arguments: [value.cursor, value.failures, value.pauseReason, id])
        }
    }

    private mutating func write(_ change: SchedulerStep.Change) throws {
        switch change {
        case .added(let occurrence):
            sequence += 1
            if try !insert(occurrence, sequence, .pending) { refused.insert(occurrence.id) }
        case .passed(let occurrence, let state, let reason, let count, let through):
            // One that was recorded before has been passed before.
            sequence += 1
            _ = try insert(
                occurrence,
                sequence,
                state,
                Passing(reason: reason, count: count, through: through)
            )
        case .started(let id, let number, let time):
            guard !refused.contains(id) else { return }
            if let new = begun.removeValue(forKey: id) {
                guard try insert(new.occurrence, new.sequence, .running, begunAt: time) else {
                    refused.insert(id)
                    return
                }
            } else {
                try begin.execute(arguments: [number, time, id])
            }
            try attempt.execute(arguments: [id, number, epoch, time])
        case .attempted(let id, let number, let report, let time):
            try write(report, of: id, number, time)
        case .waits(let id, let until):
            try wait.execute(arguments: [until, id])
        case .ended(let id, let state, let reason, let time):
            guard !refused.contains(id) else { return }
            try end.execute(arguments: [state.rawValue, reason?.rawValue, time, id])
        }
    }

    private struct Passing {
        var reason: OccurrenceReason
        var count: Int
        var through: Instant
    }

    /// Adds an occurrence; tells whether it is new.
    private func insert(
        _ occurrence: Occurrence,
        _ sequence: Int64,
        _ state: OccurrenceState,
        _ passing: Passing? = nil,
        begunAt: Instant? = nil
    ) throws -> Bool {
        try insertion.execute(arguments: [
            occurrence.id, occurrence.scheduleID, occurrence.origin.rawValue,
            occurrence.scheduledFor, occurrence.era,
            occurrence.askedAt ?? .unixEpoch, occurrence.dueAt,
            occurrence.claimedAt, occurrence.target.description, occurrence.pool,
            occurrence.rows?.rawValue,
            state.rawValue, passing?.reason.rawValue,
            passing?.count ?? 1, passing?.through, passing == nil ? nil : occurrence.claimedAt,
            begunAt == nil ? 0 : 1, begunAt, sequence,
        ])
        return database.changesCount > 0
    }

    private func write(
        _ value: AttemptReport,
        of id: String,
        _ number: Int,
        _ time: Instant
    ) throws {
        let failure: FailureClass? =
            if case .failed(let failure) = value.end { failure } else { nil }
        try report.execute(arguments: [
            time, value.end.word, failure?.rawValue, value.message, value.rowCount,
            value.replacedRowCount, value.comparison, value.difference, value.bytesRead,
            value.bytesWritten, value.snapshotID,
            value.warnings.isEmpty ? nil : value.warnings.joined(separator: "\n"), id, number,
        ])
        // A table that is new is listed at once.
        if value.snapshotID != nil { try table.execute(arguments: [id]) }
    }
}
