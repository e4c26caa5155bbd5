package import Basics
import GRDB

/// Something that was done, or that somebody should know: the audit log.
package struct EventRecord: Hashable, Sendable {
    package var sequence: Int64
    /// When it was.
    package var at: Instant
    /// What was done, as in `schedule.create`.
    package var kind: String
    /// What it was done to.
    package var subject: String
    /// Who did it: a token's name, or the system.
    package var actor: String
    package var message: String
}

/// An answer that was given, for whoever asks the same again.
package struct RememberedAnswer: Hashable, Sendable {
    package var status: Int
    package var body: String

    /// Makes an answer.
    package init(status: Int, body: String) {
        self.status = status
        self.body = body
    }
}

extension Metastore {
    /// Adds to the audit log.
    package func log(
        _ kind: String,
        of subject: String,
        by actor: String,
        _ message: String,
        at time: Instant
    ) async throws {
        try await writer.write { database in
            try database.execute(
                sql: """
                    INSERT INTO events (at, kind, subject, actor, message) VALUES (?, ?, ?, ?, ?)
                    """,
                arguments: [time, kind, subject, actor, message]
            )
        }
    }

    /// The audit log, the newest first.
    package func events(before sequence: Int64?, limit: Int) async throws -> [EventRecord] {
        try await read { database in
            try Row.fetchAll(
                database,
                sql: "SELECT * FROM events WHERE seq < ? ORDER BY seq DESC LIMIT ?",
                arguments: [sequence ?? .max, max(0, min(limit, Limits.pageRows))]
            ).map { row in
                EventRecord(
                    sequence: row["seq"],
                    at: row["at"],
                    kind: row["kind"],
                    subject: row["subject"],
                    actor: row["actor"],
                    message: row["message"]
                )
            }
        }
    }

    /// The answer an idempotency key was given; nil for a new key.
    ///
    /// - Throws: `MetastoreError` `keyReused` where the key came with another request.
    package func answer(to key: String, request: String) async throws -> RememberedAnswer? {
        try await read { database in
            guard
                let row = try Row.fetchOne(
                    database,
                    sql: "SELECT request, status, body FROM idempotency WHERE key = ?",
                    arguments: [key]
                )
            else { return nil }
            guard row["request"] == request else {
                throw MetastoreError(
                    .keyReused,
                    "this idempotency key was used for another request; every request takes a key of its "
                        + "own"
                )
            }
            return RememberedAnswer(status: row["status"], body: row["body"])
        }
    }

    /// Remembers the answer to a key, and forgets old ones.
    package func remember(
        _ answer: RememberedAnswer,
        to key: String,
        request: String,
        at time: Instant
    ) async throws {
        try await writer.write { database in
            try database.execute(
                sql: "DELETE FROM idempotency WHERE at < ?",
                arguments: [time - Limits.idempotencyAge]
            )
            try database.execute(
                sql: """
                    INSERT OR IGNORE INTO idempotency (key, request, status, body, at)
                    VALUES (?, ?, ?, ?, ?)
                    """,
                arguments: [key, request, answer.status, answer.body, time]
            )
        }
    }
}
