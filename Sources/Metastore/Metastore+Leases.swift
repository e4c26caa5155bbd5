package import Basics
import GRDB

/// The right to schedule, for a time.
///
/// Every write of the one who has it names the epoch, which grows with each new holder: one that was held up
/// and comes back late writes nothing.
package struct Lease: Hashable, Sendable {
    package let name: String
    package let holder: String
    /// Grows with every change of the holder.
    package let epoch: Int64
}

extension Metastore {
    /// Takes or renews a lease.
    ///
    /// - Parameters:
    ///   - name: What the lease is of.
    ///   - holder: Who asks, told from all other processes.
    ///   - now: The time, by a clock that all who share the file share.
    ///   - span: How long it is given for.
    ///   - isAlive: Whether the holder of a lease is there; one that is gone holds nothing.
    /// - Returns: The lease; nil while another one has it.
    /// - Throws: errors of the database.
    package func lease(
        _ name: String,
        for holder: String,
        at now: Uptime,
        span: Duration,
        isAlive: @escaping @Sendable (String) -> Bool
    ) async throws -> Lease? {
        try await writer.write { database in
            let row = try Row.fetchOne(
                database,
                sql: "SELECT holder, epoch, boot, until FROM leases WHERE name = ?",
                arguments: [name]
            )
            var epoch: Int64 = 0
            if let row {
                let present: String = row["holder"]
                epoch = row["epoch"]
                let isOver = row["boot"] != now.boot || row["until"] < now.sinceBoot.milliseconds
                guard present == holder || isOver || !isAlive(present) else { return nil }
                if present != holder { epoch += 1 }
            } else {
                epoch = 1
            }
            try database.execute(
                sql: """
                    INSERT OR REPLACE INTO leases (name, holder, epoch, boot, until)
                    VALUES (?, ?, ?, ?, ?)
                    """,
                arguments: [name, holder, epoch, now.boot, (now.sinceBoot + span).milliseconds]
            )
            try database.execute(
                sql: "INSERT OR IGNORE INTO holders (name, epoch, holder) VALUES (?, ?, ?)",
                arguments: [name, epoch, holder]
            )
            return Lease(name: name, holder: holder, epoch: epoch)
        }
    }

    /// Who holds a lease; nil where nobody ever did.
    package func holder(of name: String) async throws -> String? {
        try await read { database in
            try String.fetchOne(
                database,
                sql: "SELECT holder FROM leases WHERE name = ?",
                arguments: [name]
            )
        }
    }

    /// Who held a lease before, the last ones: what they still do is refused.
    package func formerHolders(of lease: Lease) async throws -> [String] {
        try await read { database in
            try String.fetchAll(
                database,
                sql: """
                    SELECT holder FROM holders WHERE name = ? AND epoch < ? AND holder <> ?
                    ORDER BY epoch DESC LIMIT ?
                    """,
                arguments: [lease.name, lease.epoch, lease.holder, Limits.formerHolders]
            )
        }
    }

    /// Gives a lease up, so that the next one need not wait, also where the task is cancelled.
    package func release(_ lease: Lease) async throws {
        try await writeFinally { database in
            try database.execute(
                sql: "UPDATE leases SET until = -1 WHERE name = ? AND holder = ? AND epoch = ?",
                arguments: [lease.name, lease.holder, lease.epoch]
            )
        }
    }

    /// - Throws: `MetastoreError` `leaseLost` where another one has it.
    static func check(_ lease: Lease, _ database: Database) throws {
        let holds = try Bool.fetchOne(
            database.cachedStatement(
                sql: "SELECT 1 FROM leases WHERE name = ? AND holder = ? AND epoch = ?"
            ),
            arguments: [lease.name, lease.holder, lease.epoch]
        )
        guard holds == true else {
            throw MetastoreError(
                .leaseLost,
                "another process schedules by now; this one was held up for too long"
            )
        }
    }
}
