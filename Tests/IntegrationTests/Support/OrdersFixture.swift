import TestSupport
import Testing

/// A database with a table that was synced once, and what its lake table holds.
struct OrdersFixture {
    let database: PostgresDatabase
    let lake: Lake
    let location: String
    let before: Verdict

    /// Lends a database and a lake that has its `public.orders`.
    static func withSynced(_ body: (OrdersFixture) async throws -> Void) async throws {
        try await PostgresDatabase.withNew { database in
            try await database.run(
                """
                CREATE TABLE orders AS SELECT i AS id, 'word ' || md5(i::text) AS word
                FROM generate_series(1, 20000) i
                """
            )
            try await Lake.withNew { lake in
                let report = try await lake.synced(database.url, ["public.orders"])
                let location = report.streams[0].location
                try await body(
                    OrdersFixture(
                        database: database,
                        lake: lake,
                        location: location,
                        before: try await Lake.verdict(location)
                    )
                )
            }
        }
    }

    /// Puts a view in the table's place that takes minutes to read, in small steps.
    func makeSlow() async throws {
        try await database.run(
            """
            ALTER TABLE orders RENAME TO orders_before;
            CREATE VIEW orders AS SELECT i AS id,
                CASE WHEN i % 1000 = 0 THEN pg_sleep(0.1)::text ELSE md5(i::text) END AS word
            FROM generate_series(1, 1000000) i
            """
        )
    }

    /// Waits until the server is sending rows of the read, and gives the backend's process id.
    func readingBackend() async throws -> String {
        try await poll("a backend that reads the view") {
            let answer = try await database.run(
                """
                SELECT pid FROM pg_stat_activity WHERE datname = current_database()
                AND pid <> pg_backend_pid() AND state = 'active' AND query LIKE 'COPY%'
                AND wait_event = 'PgSleep'
                """
            )
            return answer.isEmpty ? nil : answer
        }
    }

    /// One clear message, the exit code of its kind, and the table as it was.
    func expectRefused(
        _ result: ProcessResult,
        exitCode: Int32,
        saying words: [String],
        sourceLocation: SourceLocation = #_sourceLocation
    ) async throws {
        lake.expectNoSecret(in: result, sourceLocation: sourceLocation)
        #expect(
            result.end == .exited(exitCode),
            "\(result.transcript)",
            sourceLocation: sourceLocation
        )
        let messages = result.standardError.split(separator: "\n").filter {
            $0.lowercased().hasPrefix("error:")
        }
        #expect(messages.count == 1, "\(result.transcript)", sourceLocation: sourceLocation)
        for word in words {
            #expect(
                result.standardError.contains(word),
                "no \(word): \(result.transcript)",
                sourceLocation: sourceLocation
            )
        }
        let after = try await Lake.verdict(location)
        #expect(after == before, sourceLocation: sourceLocation)
    }
}
