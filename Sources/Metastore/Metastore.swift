import GRDB
package import Scheduling

/// The index of what schedules have done: occurrences, attempts, events, leases.
///
/// An SQLite database in WAL mode. Definitions and data are in the lake; this file may be deleted, and what
/// is needed to go on exactly is found there again.
package struct Metastore: Sendable {
    let writer: any DatabaseWriter

    /// Opens the metastore in a file, which is made where it is not there.
    ///
    /// - Throws: `MetastoreError` `unusable`, saying which file and why.
    package init(path: String) throws {
        var configuration = Configuration()
        configuration.label = "tributary.metastore"
        configuration.busyMode = .timeout(Limits.busySeconds)
        configuration.maximumReaderCount = Limits.readers
        configuration.prepareDatabase { database in
            // A power loss may take the last transactions: their occurrences are recorded again then, and
            // found done in the table's snapshots.
            try database.execute(sql: "PRAGMA synchronous = NORMAL")
        }
        do {
            writer = try DatabasePool(path: path, configuration: configuration)
            try Self.migrate(writer)
        } catch let error as DatabaseError {
            throw MetastoreError(
                .unusable,
                "the metastore \(path) cannot be used: \(error.message ?? "error \(error.resultCode)"); "
                    + "it is an index and may be moved away: it is made anew from the lake"
            )
        }
    }

    /// Makes a metastore in memory, for tests.
    package init() throws {
        writer = try DatabaseQueue()
        try Self.migrate(writer)
    }

    private static func migrate(_ writer: any DatabaseWriter) throws {
        let migrations = Migrations.all
        let isNewer = try writer.read(migrations.hasBeenSuperseded)
        guard !isNewer else {
            throw MetastoreError(
                .unusable,
                "the metastore was written by a newer program; use that one, or move the file away: it is "
                    + "made anew from the lake"
            )
        }
        try migrations.migrate(writer)
    }

    /// Closes the file; nothing can be asked any more.
    package func close() throws { try writer.close() }

    // MARK: Steps

    /// Writes a step down, in one transaction.
    ///
    /// - Parameters:
    ///   - step: What the machine wants.
    ///   - lease: The right to write it.
    /// - Returns: Occurrences that were there before, so that this one must not run them.
    /// - Throws: `MetastoreError` `leaseLost`, with nothing written; GRDB's errors of a full disk and the
    ///   like, likewise.
    package func write(_ step: SchedulerStep, under lease: Lease) async throws -> Set<String> {
        try await writer.write { try Self.write(step, under: lease, $0) }
    }

    /// Writes a step down even where the task is cancelled, keeping its thread meanwhile: for a process that
    /// ends and has to say how.
    package func writeFinally(_ step: SchedulerStep, under lease: Lease) throws -> Set<String> {
        try writer.write { try Self.write(step, under: lease, $0) }
    }

    private static func write(
        _ step: SchedulerStep,
        under lease: Lease,
        _ database: Database
    ) throws -> Set<String> {
        try check(lease, database)
        var refused: Set<String> = []
        do {
            for change in step.changes {
                try write(change, epoch: lease.epoch, &refused, database)
            }
        } catch let error as DatabaseError where error.resultCode == .SQLITE_CONSTRAINT {
            // Another try would fail like this one.
            throw MetastoreError(
                .contradiction,
                "the metastore holds something else than the scheduler thought: \(error.message ?? "")"
            )
        }
        for (id, status) in step.statuses {
            try database.cachedStatement(
                sql: """
                    UPDATE schedules SET cursor = ?, failures = ?, pause_reason = ? WHERE id = ?
                    """
            ).execute(arguments: [status.cursor, status.failures, status.pauseReason, id])
        }
        if let era = step.era {
            try database.execute(
                sql: "INSERT OR REPLACE INTO facts (name, value) VALUES ('era', ?)",
                arguments: [era]
            )
        }
        return refused
    }

    private static func write(
        _ change: SchedulerStep.Change,
        epoch: Int64,
        _ refused: inout Set<String>,
        _ database: Database
    ) throws {
        switch change {
        case .added(let occurrence):
            if try !insert(occurrence, .pending, nil, database) { refused.insert(occurrence.id) }
        case .passed(let occurrence, let state, let reason, let count, let through):
            // One that was recorded before has been passed before.
            _ = try insert(
                occurrence,
                state,
                Passing(reason: reason, count: count, through: through),
                database
            )
        case .started(let id, let attempt, let time):
            guard !refused.contains(id) else { return }
            try database.cachedStatement(
                sql: """
                    UPDATE occurrences SET state = 'running', attempt = ?, retry_at = NULL,
                        started_at = coalesce(started_at, ?) WHERE id = ?
                    """
            ).execute(arguments: [attempt, time, id])
            try database.cachedStatement(
                sql: """
                    INSERT INTO attempts (occurrence_id, attempt, epoch, started_at)
                    VALUES (?, ?, ?, ?)
                    """
            ).execute(arguments: [id, attempt, epoch, time])
        case .attempted(let id, let attempt, let report, let time):
            try write(report, of: id, attempt, time, database)
        case .waits(let id, let until):
            try database.cachedStatement(
                sql: "UPDATE occurrences SET state = 'pending', retry_at = ? WHERE id = ?"
            ).execute(arguments: [until, id])
        case .ended(let id, let state, let reason, let time):
            guard !refused.contains(id) else { return }
            try database.cachedStatement(
                sql: """
                    UPDATE occurrences SET state = ?, reason = ?, retry_at = NULL, ended_at = ?
                    WHERE id = ?
                    """
            ).execute(arguments: [state.rawValue, reason?.rawValue, time, id])
        }
    }

    private struct Passing {
        var reason: OccurrenceReason
        var count: Int
        var through: Int64
    }

    /// Adds an occurrence; tells whether it is new.
    private static func insert(
        _ occurrence: Occurrence,
        _ state: OccurrenceState,
        _ passing: Passing?,
        _ database: Database
    ) throws -> Bool {
        try database.cachedStatement(
            sql: """
                INSERT INTO occurrences (
                    id, schedule_id, origin, scheduled_for, era, asked_at, due_at, claimed_at, target,
                    pool, state, reason, count, through, ended_at
                ) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
                ON CONFLICT DO NOTHING
                """
        ).execute(arguments: [
            occurrence.id, occurrence.scheduleID, occurrence.origin.rawValue,
            occurrence.scheduledFor, occurrence.era, occurrence.askedAt, occurrence.dueAt,
            occurrence.claimedAt, occurrence.target, occurrence.pool, state.rawValue,
            passing?.reason.rawValue,
            passing?.count ?? 1, passing?.through, passing == nil ? nil : occurrence.claimedAt,
        ])
        return database.changesCount > 0
    }

    private static func write(
        _ report: AttemptReport,
        of id: String,
        _ attempt: Int,
        _ time: Int64,
        _ database: Database
    ) throws {
        let failure: FailureClass? =
            if case .failed(let failure) = report.end { failure } else { nil }
        try database.cachedStatement(
            sql: """
                UPDATE attempts SET ended_at = ?, end = ?, failure_class = ?, message = ?,
                    row_count = ?, bytes_read = ?, bytes_written = ?, snapshot_id = ?, warnings = ?
                WHERE occurrence_id = ? AND attempt = ?
                """
        ).execute(arguments: [
            time, report.end.word, failure?.rawValue, report.message, report.rowCount,
            report.bytesRead, report.bytesWritten, report.snapshotID,
            report.warnings.isEmpty ? nil : report.warnings.joined(separator: "\n"), id, attempt,
        ])
    }

    // MARK: Facts

    /// How often the clock was set back.
    package func era() async throws -> Int {
        try await writer.read { database in
            try Int.fetchOne(database, sql: "SELECT value FROM facts WHERE name = 'era'") ?? 0
        }
    }
}

extension AttemptEnd {
    /// The end as it is stored and shown.
    package var word: String {
        switch self {
        case .succeeded: "succeeded"
        case .failed: "failed"
        case .cancelled: "cancelled"
        case .interrupted: "interrupted"
        }
    }
}
