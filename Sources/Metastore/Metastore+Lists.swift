import GRDB
package import Scheduling

/// A schedule as lists show it.
package struct ListedSchedule: Sendable {
    /// What is known of its document, the text among it, and where it stands.
    package var record: ScheduleRecord
    /// Its last occurrence that was run or is to be.
    package var lastRun: OccurrenceRecord?
}

/// Lists of what is in the lake.
///
/// They are what whoever schedules has seen there last. Before it has seen all, there are none: a list that is
/// not whole looks like one that is.
extension Metastore {
    /// Whether all that is in the lake has been seen since this file was made.
    package func isWhole() async throws -> Bool {
        try await read { database in
            try Bool.fetchOne(database, sql: "SELECT value FROM facts WHERE name = 'whole'")
                ?? false
        }
    }

    /// All that is in the lake has been seen.
    package func noteWhole(under lease: Lease) async throws {
        try await writer.write { database in
            try Self.check(lease, database)
            try database.execute(
                sql: "INSERT OR REPLACE INTO facts (name, value) VALUES ('whole', 1)"
            )
        }
    }

    /// Schedules as lists show them, in the order of their ids.
    ///
    /// - Parameters:
    ///   - id: Only behind this one; nil for the first ones.
    ///   - limit: How many at most.
    ///   - parse: Reads a trigger's text.
    /// - Returns: The schedules.
    /// - Throws: errors of the database.
    package func listedSchedules(
        after id: String?,
        limit: Int,
        _ parse: @escaping @Sendable (TriggerText) throws -> Trigger
    ) async throws -> [ListedSchedule] {
        try await read { database in
            let rows = try Row.fetchAll(
                database,
                sql: """
                    SELECT \(ScheduleRecord.allColumns),
                        (SELECT document FROM documents WHERE documents.id = schedules.id) document
                    FROM schedules WHERE id > ? ORDER BY id LIMIT ?
                    """,
                arguments: [id ?? "", limit]
            )
            let last = try database.cachedStatement(
                sql: OccurrenceRecord.query(
                    """
                    WHERE o.schedule_id = ? AND o.state NOT IN ('skipped', 'missed')
                    ORDER BY o.seq DESC LIMIT 1
                    """
                )
            )
            return try rows.map { row in
                var record = ScheduleRecord(row, parse)
                record.document = row["document"]
                let run = try Row.fetchOne(last, arguments: [record.id])
                return ListedSchedule(record: record, lastRun: run.map(OccurrenceRecord.init))
            }
        }
    }

    /// The names of the lake's tables, in their order.
    package func datasets(after name: String?, limit: Int) async throws -> [String] {
        try await read { database in
            try String.fetchAll(
                database,
                sql: "SELECT name FROM datasets WHERE name > ? ORDER BY name LIMIT ?",
                arguments: [name ?? "", limit]
            )
        }
    }

    /// Notes which tables the lake has.
    package func note(datasets: [String], under lease: Lease) async throws {
        let present = Set(datasets)
        let known = Set(
            try await read { try String.fetchAll($0, sql: "SELECT name FROM datasets") }
        )
        guard present != known else { return }
        try await writer.write { database in
            try Self.check(lease, database)
            for name in present.subtracting(known) {
                try database.cachedStatement(sql: "INSERT OR IGNORE INTO datasets VALUES (?)")
                    .execute(arguments: [name])
            }
            for name in known.subtracting(present) {
                try database.cachedStatement(sql: "DELETE FROM datasets WHERE name = ?")
                    .execute(arguments: [name])
            }
        }
    }
}
