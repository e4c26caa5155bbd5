import TestSupport
import Testing

/// What a source's definitions can do to a read: change under it, lie, or bear names like SQL.
@Suite struct DefinitionTests {
    /// Runs a sync of `t` while a transaction that changes it is open, and commits that only when
    /// the sync waits for it.
    private func syncDuring(
        _ change: String,
        of database: PostgresDatabase,
        into lake: Lake
    ) async throws -> ProcessResult {
        func psql(_ sql: String) -> [String] {
            ["--no-psqlrc", "--dbname", database.url, "-c", sql]
        }
        func waiting(_ condition: String) async throws -> String {
            try await poll(condition) {
                let pid = try await database.run(
                    """
                    SELECT pid FROM pg_stat_activity WHERE datname = current_database()
                    AND pid <> pg_backend_pid() AND \(condition) LIMIT 1
                    """
                )
                return pid.isEmpty ? nil : pid
            }
        }
        let gate = psql("SELECT pg_advisory_lock(7), pg_sleep(600)")
        return try await ChildProcess.withStarted("psql", gate) { _ in
            let keeper = try await waiting("wait_event = 'PgSleep'")
            let alter = psql("BEGIN; \(change); SELECT pg_advisory_xact_lock(7); COMMIT")
            return try await ChildProcess.withStarted("psql", alter) { _ in
                _ = try await waiting("wait_event = 'advisory'")
                return try await ChildProcess.withStarted(
                    TestEnvironment.binary,
                    // The test lets go of the lock itself, however long its steps take.
                    lake.arguments(database.url, ["public.t"], ["--lock-timeout", "900s"])
                ) { sync in
                    _ = try await waiting(
                        "application_name = 'tributary' AND wait_event_type = 'Lock'"
                    )
                    try await database.run("SELECT pg_terminate_backend(\(keeper))")
                    return try await sync.wait()
                }
            }
        }
    }

    @Test(arguments: [
        ("ALTER TABLE t ALTER id TYPE bigint, ALTER v TYPE float8", "500500|500500.0"),
        ("ALTER TABLE t DROP v, ADD v float8 DEFAULT 1.5", "500500|1500.0"),
    ])
    func `a table that is altered while the sync waits is read as it is afterwards`(
        change: String,
        sums: String
    ) async throws {
        try await PostgresDatabase.withNew { database in
            try await database.run(
                "CREATE TABLE t AS SELECT i AS id, i AS v FROM generate_series(1, 1000) i"
            )
            try await Lake.withNew { lake in
                let result = try await syncDuring(change, of: database, into: lake)
                try #require(result.succeeded, "\(result.transcript)")
                let stream = try Lake.report(of: result).streams[0]
                #expect(stream.rows == 1_000)
                let rows = try await Lake.query(
                    stream.location,
                    "SELECT sum(id)::text || '|' || sum(v)::text FROM lake"
                )
                #expect(rows == [[sums]])
            }
        }
    }

    @Test func `a materialized view that is refreshed meanwhile is read as it is afterwards`()
        async throws
    {
        try await PostgresDatabase.withNew { database in
            try await database.run(
                """
                CREATE TABLE base AS SELECT i AS id FROM generate_series(1, 1000) i;
                CREATE MATERIALIZED VIEW t AS SELECT id FROM base
                """
            )
            try await Lake.withNew { lake in
                let change = "INSERT INTO base VALUES (2000); REFRESH MATERIALIZED VIEW t"
                let result = try await syncDuring(change, of: database, into: lake)
                try #require(result.succeeded, "\(result.transcript)")
                let stream = try Lake.report(of: result).streams[0]
                let rows = try await Lake.query(
                    stream.location,
                    "SELECT count(*) || '|' || sum(id) FROM lake"
                )
                #expect(rows == [["1001|502500"]])
            }
        }
    }

    @Test func `a name cannot break out of its quotes`() async throws {
        try await PostgresDatabase.withNew { database in
            // A quote with a combining mark behind it is one character, but two code points.
            try await database.run(
                #"""
                CREATE TABLE secret (a int);
                CREATE TABLE t ("id" int, U&"k\0022\0301 FROM public.secret --" int);
                INSERT INTO t VALUES (1, 42)
                """#
            )
            try await Lake.withNew { lake in
                let report = try await lake.synced(database.url, ["public.t"])
                let rows = try await Lake.query(
                    report.streams[0].location,
                    "SELECT COLUMNS(c -> c <> 'id')::text FROM lake"
                )
                #expect(rows == [["42"]])
            }
        }
    }

    @Test func `a foreign table may hold nulls where it says it does not`() async throws {
        try await PostgresDatabase.withNew { database in
            let server = database.server
            try await database.run(
                """
                CREATE EXTENSION postgres_fdw;
                CREATE TABLE remote (id int, v int);
                INSERT INTO remote VALUES (1, NULL), (2, 5);
                CREATE SERVER here FOREIGN DATA WRAPPER postgres_fdw
                    OPTIONS (host '\(server.host)', port '\(server.port)', dbname '\(database.name)');
                CREATE USER MAPPING FOR CURRENT_USER SERVER here
                    OPTIONS (user '\(server.user)', password '\(server.password)');
                CREATE FOREIGN TABLE t (id int NOT NULL, v int NOT NULL) SERVER here
                    OPTIONS (table_name 'remote')
                """
            )
            try await Lake.withNew { lake in
                let report = try await lake.synced(database.url, ["public.t"])
                #expect(report.streams[0].reconciliation?.status == "not-comparable")
                let rows = try await Lake.query(
                    report.streams[0].location,
                    "SELECT id::text, v::text FROM lake ORDER BY id"
                )
                #expect(rows == [["1", nil], ["2", "5"]])
            }
        }
    }

    @Test func `rows that a policy of the table hides are named as a risk`() async throws {
        try await PostgresDatabase.withNew { database in
            let role = "hidden_\(database.name)"
            try await database.run(
                """
                CREATE TABLE t AS SELECT 1 AS id;
                ALTER TABLE t ENABLE ROW LEVEL SECURITY;
                CREATE ROLE \(role) LOGIN PASSWORD 'hidden-secret';
                GRANT SELECT ON t TO \(role)
                """
            )
            try await Lake.withNew { lake in
                let url = database.url(user: role, password: "hidden-secret")
                let report = try await lake.synced(url, ["public.t"])
                #expect(report.streams[0].rows == 0)
                #expect(report.streams[0].risks.contains { $0.contains("row-level security") })
            }
            try await database.run("DROP OWNED BY \(role); DROP ROLE \(role)")
        }
    }

    @Test func `a view may call functions that need the user's own search path`() async throws {
        try await PostgresDatabase.withNew { database in
            try await database.run(
                """
                CREATE TABLE counted AS SELECT generate_series(1, 10) AS id;
                CREATE FUNCTION upto(int) RETURNS bigint LANGUAGE sql STABLE
                    AS 'SELECT count(*) FROM counted WHERE id <= $1';
                CREATE VIEW t AS SELECT id, upto(id) AS n FROM counted
                """
            )
            try await Lake.withNew { lake in
                let report = try await lake.synced(database.url, ["public.t"])
                let rows = try await Lake.query(
                    report.streams[0].location,
                    "SELECT sum(n)::text FROM lake"
                )
                #expect(rows == [["55"]])
            }
        }
    }

    @Test func `an address in the wrong variable is not printed`() async throws {
        try await Lake.withNew { lake in
            var lake = lake
            lake.secrets.append("hunter2")
            let result = try await ChildProcess.run(
                TestEnvironment.binary,
                ["check", "--source", "env:WRONG"],
                environment: ["WRONG": "hunter2-supersecret"]
            )
            lake.expectNoSecret(in: result)
            #expect(result.end == .exited(3))
        }
    }
}
