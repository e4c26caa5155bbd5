import Basics
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
    /// - Throws: `MetastoreError` `unusable`, saying which file and why; `busy` when another process opens it
    ///   and does not end.
    package init(path: String) throws {
        var configuration = Configuration()
        configuration.label = "tributary.metastore"
        configuration.busyMode = .timeout(Limits.patience.seconds)
        configuration.maximumReaderCount = Limits.readers
        configuration.prepareDatabase { database in
            // A power loss may take the last transactions: their occurrences are recorded again then, and
            // found done in the table's snapshots.
            try database.execute(sql: "PRAGMA synchronous = NORMAL")
        }
        do {
            writer = try OpeningLock.whileHeld(of: path) {
                let pool = try DatabasePool(path: path, configuration: configuration)
                try Self.migrate(pool)
                return pool
            }
        } catch let error as DatabaseError {
            throw MetastoreError(
                .unusable,
                "the metastore \(path) cannot be used: \(error.message ?? "error \(error.resultCode)"); "
                    + "it is an index and may be moved away: it is built again from the lake"
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
                    + "built again from the lake"
            )
        }
        try migrations.migrate(writer)
    }

    /// Reads, with the database's own errors as ours.
    ///
    /// - Throws: `MetastoreError` `busy`, and what `body` throws.
    func read<Value: Sendable>(
        _ body: @escaping @Sendable (Database) throws -> Value
    ) async throws -> Value {
        do {
            return try await writer.read(body)
        } catch let error as DatabaseError {
            throw MetastoreError(
                .busy,
                "the metastore cannot be read: \(error.message ?? "error \(error.resultCode)")"
            )
        }
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

    /// Writes a step down even where the task is cancelled: for a process that ends and has to say how.
    package func writeFinally(
        _ step: SchedulerStep,
        under lease: Lease
    ) async throws -> Set<String> {
        try await writeFinally { try Self.write(step, under: lease, $0) }
    }

    /// Writes in one transaction, whether the task is cancelled or not.
    func writeFinally<Value: Sendable>(
        _ body: @escaping @Sendable (Database) throws -> Value
    ) async throws -> Value {
        try await withCheckedThrowingContinuation { continuation in
            writer.asyncWrite(body) { _, result in continuation.resume(with: result) }
        }
    }

    private static func write(
        _ step: SchedulerStep,
        under lease: Lease,
        _ database: Database
    ) throws -> Set<String> {
        try check(lease, database)
        var steps = try StepWriter(database, epoch: lease.epoch)
        do {
            try steps.write(step)
        } catch let error as DatabaseError where error.resultCode == .SQLITE_CONSTRAINT {
            // Another try would fail like this one.
            throw MetastoreError(
                .contradiction,
                "the metastore holds something else than the scheduler thought: \(error.message ?? "")"
            )
        }
        if let era = step.era {
            try database.execute(
                sql: "INSERT OR REPLACE INTO facts (name, value) VALUES ('era', ?)",
                arguments: [era]
            )
        }
        return steps.refused
    }

    // MARK: Facts

    /// How often the clock was set back.
    package func era() async throws -> Int {
        try await read { database in
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
