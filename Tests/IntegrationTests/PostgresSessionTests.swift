import FoundationEssentials
import TestSupport
import Testing

/// What a session sees: the rows of one moment, by the settings of its user, over whatever connection.
@Suite struct PostgresSessionTests {
    // MARK: One moment

    private static let numbers = """
        CREATE TABLE ra (id int); INSERT INTO ra SELECT generate_series(1, 40);
        CREATE TABLE rw AS SELECT i AS id FROM generate_series(1, 100) i;
        CREATE TABLE go (ready int);
        CREATE FUNCTION known() RETURNS SETOF int LANGUAGE plpgsql STABLE AS
            'BEGIN RETURN QUERY SELECT id FROM public.ra; END';
        CREATE VIEW seen AS SELECT id FROM rw WHERE id IN (SELECT known())
        """

    /// Truncates `ra` and fills it with 60 rows, and commits when `go` has a row.
    private static let rewrite = """
        BEGIN; TRUNCATE ra; INSERT INTO ra SELECT generate_series(1, 60);
        DO $$ BEGIN
            WHILE NOT EXISTS (SELECT FROM go) LOOP PERFORM pg_sleep(0.02); END LOOP;
        END $$;
        COMMIT
        """

    /// Runs a sync while another session has rewritten a table and not committed yet.
    private func syncWhileRewritten(
        _ database: PostgresDatabase,
        _ lake: Lake,
        url: String? = nil,
        _ stream: String,
        _ more: [String]
    ) async throws -> ProcessResult {
        try await database.run("DELETE FROM go")
        return try await ChildProcess.withStarted(
            "psql",
            ["--no-psqlrc", "--quiet", "--dbname", database.url, "--command", Self.rewrite]
        ) { other in
            try await pollUntil("the table is locked") {
                try await database.run(
                    "SELECT count(*) FROM pg_locks WHERE relation = 'ra'::regclass AND granted "
                        + "AND mode = 'AccessExclusiveLock'"
                ) == "1"
            }
            return try await ChildProcess.withStarted(
                TestEnvironment.binary,
                // The test lets go of the lock itself, however long its steps take.
                lake.arguments(url ?? database.url, [stream], more + ["--lock-timeout", "900s"])
            ) { sync in
                try await pollUntil("the sync waits for the table") {
                    try await database.run(
                        "SELECT count(*) FROM pg_locks WHERE relation = 'ra'::regclass AND NOT granted"
                    ) == "1"
                }
                try await database.run("INSERT INTO go VALUES (1)")
                _ = try await other.wait()
                return try await sync.wait()
            }
        }
    }

    @Test func `a table that a condition reads is of the same moment`() async throws {
        try await PostgresDatabase.withNew { database in
            try await database.run(Self.numbers)
            try await Lake.withNew { lake in
                let result = try await syncWhileRewritten(
                    database,
                    lake,
                    "public.rw",
                    ["--where", "id IN (SELECT id FROM public.ra)"]
                )
                #expect(result.succeeded, "\(result.transcript)")
                #expect(try Lake.report(of: result).streams[0].rows == 60)
            }
        }
    }

    @Test(arguments: ["public.seen", "public.rw"])
    func `a table that a function reads is looked at after the read`(
        stream: String
    ) async throws {
        try await PostgresDatabase.withNew { database in
            try await database.run(Self.numbers)
            try await Lake.withNew { lake in
                let more = stream == "public.rw" ? ["--where", "id IN (SELECT known())"] : []
                let result = try await syncWhileRewritten(database, lake, stream, more)
                #expect(result.end == .exited(3), "\(result.transcript)")
                #expect(result.standardError.contains("ra was rewritten"), "\(result.transcript)")
                let again = try await lake.synced(database.url, [stream], more)
                #expect(again.streams[0].rows == 60)
                #expect(again.streams[0].risks.contains { $0.contains("known()") })
            }
        }
    }

    @Test func `a table that a policy reads is of the same moment`() async throws {
        try await PostgresDatabase.withNew { database in
            try await database.run(Self.numbers)
            try await database.run(
                """
                CREATE ROLE \(database.name) LOGIN PASSWORD 'reads-rows';
                GRANT SELECT ON ra, rw TO \(database.name);
                ALTER TABLE rw ENABLE ROW LEVEL SECURITY;
                CREATE POLICY p ON rw USING (id IN (SELECT id FROM ra))
                """
            )
            try await Lake.withNew { lake in
                let result = try await syncWhileRewritten(
                    database,
                    lake,
                    url: database.url(user: database.name, password: "reads-rows"),
                    "public.rw",
                    []
                )
                try await database.run(
                    "DROP OWNED BY \(database.name)",
                    "DROP ROLE \(database.name)"
                )
                #expect(result.succeeded, "\(result.transcript)")
                #expect(try Lake.report(of: result).streams[0].rows == 60)
            }
        }
    }

    // MARK: Settings

    @Test func `views and conditions mean what they mean to the user`() async throws {
        try await PostgresDatabase.withNew { database in
            try await database.run(
                """
                ALTER DATABASE \(database.name) SET timezone = 'Asia/Tokyo';
                ALTER DATABASE \(database.name) SET datestyle = 'SQL, DMY';
                ALTER DATABASE \(database.name) SET intervalstyle = 'sql_standard'
                """,
                """
                CREATE TABLE moments (id int PRIMARY KEY, at timestamptz, d date, f float8, i interval, u int);
                INSERT INTO moments VALUES
                    (1, '2023-12-31 16:30+00', '2024-02-03', 0.1 + 0.2::float8, '1 day 02:03:04.5', 1),
                    (2, '2023-12-31 12:00+00', '1999-12-31', 1e300, '-1 mon -00:00:00.000001', 2);
                CREATE VIEW days AS SELECT id, at, at::date AS day, at::text AS words, d, f, i, u FROM moments
                """
            )
            try await Lake.withNew { lake in
                let view = try await lake.synced(database.url, ["public.days"])
                let columns = "id, day::text, words, epoch(\"at\")::bigint, d::text, f::text, i"
                let rows = try await Lake.query(
                    view.streams[0].location,
                    "SELECT \(columns) FROM lake ORDER BY 1"
                )
                #expect(
                    rows == [
                        [
                            "1", "2024-01-01", "01/01/2024 01:30:00 JST", "1704040200",
                            "2024-02-03",
                            "0.30000000000000004", "P1DT2H3M4.5S",
                        ],
                        [
                            "2", "2023-12-31", "31/12/2023 21:00:00 JST", "1704024000",
                            "1999-12-31",
                            "1e+300", "P-1MT-0.000001S",
                        ],
                    ]
                )
                // Midnight of Tokyo, not of Greenwich.
                let some = try await lake.synced(
                    database.url,
                    ["public.moments"],
                    ["--where", "at < '2024-01-01'"]
                )
                #expect(some.streams[0].rows == 1)
            }
        }
    }

    @Test func `a cursor of times is read back whatever the settings are by then`() async throws {
        try await PostgresDatabase.withNew { database in
            try await database.run(
                """
                ALTER DATABASE \(database.name) SET datestyle = 'SQL, DMY';
                ALTER DATABASE \(database.name) SET timezone = 'Asia/Tokyo';
                CREATE TABLE a (id int PRIMARY KEY, u timestamptz);
                INSERT INTO a VALUES (1, '2024-02-03 00:00+00'); CREATE VIEW t AS SELECT id, u FROM a
                """
            )
            try await Lake.withNew { lake in
                let options = [
                    "--mode", "incremental", "--cursor", "u", "--primary-key", "id",
                ]
                _ = try await lake.synced(database.url, ["public.t"], options)
                try await database.run(
                    """
                    ALTER DATABASE \(database.name) SET datestyle = 'SQL, MDY';
                    INSERT INTO a VALUES (2, '2024-02-10 00:00+00')
                    """
                )
                let later = try await lake.synced(database.url, ["public.t"], options)
                let rows = try await Lake.query(
                    later.streams[0].location,
                    "SELECT id FROM lake ORDER BY 1"
                )
                #expect(rows == [["1"], ["2"]])
            }
        }
    }

    // MARK: Pools

    private func withPool(
        size: Int,
        _ database: PostgresDatabase,
        _ body: (String) async throws -> Void
    ) async throws {
        try await withScratchDirectory { folder in
            let script = TestEnvironment.packageRoot + "/Tests/Python/pool.py"
            try await ChildProcess.withStarted(
                TestEnvironment.python,
                [script, folder, database.url, String(size)]
            ) { pool in
                let url = try await poll("the pool") { () -> String? in
                    let text = try? Data(contentsOf: URL(filePath: folder + "/url"))
                    return text.map { String(decoding: $0, as: UTF8.self) }
                }
                try await body(url)
                pool.signal(15)
                _ = try await pool.wait()
            }
        }
    }

    @Test func `a pool's sessions are left as they were`() async throws {
        try await PostgresDatabase.withNew { database in
            try await database.run(
                """
                CREATE TABLE t (id int PRIMARY KEY, i interval, f float8);
                INSERT INTO t SELECT i, make_interval(days => i), i / 3.0 FROM generate_series(1, 100) i
                """
            )
            try await withPool(size: 1, database) { url in
                try await Lake.withNew { lake in
                    for command in [
                        ["check"], ["discover"], ["plan", "--stream", "public.t"],
                    ] {
                        let result = try await ChildProcess.run(
                            TestEnvironment.binary,
                            command + ["--source", url]
                        )
                        #expect(result.succeeded, "\(result.transcript)")
                    }
                    _ = try await lake.synced(url, ["public.t"])
                    let other = try await ChildProcess.run(
                        "psql",
                        [
                            "--no-psqlrc", "-Atq", "--dbname", url, "--command",
                            "INSERT INTO t VALUES (0); SELECT current_setting('search_path'), "
                                + "current_setting('timezone') <> '', current_setting('lock_timeout')",
                        ]
                    )
                    #expect(
                        other.standardOutput == "\"$user\", public|t|0\n",
                        "\(other.transcript)"
                    )
                }
            }
        }
    }

    @Test func `several sessions of a pool read what one reads`() async throws {
        try await PostgresDatabase.withNew { database in
            try await database.run(
                """
                ALTER DATABASE \(database.name) SET intervalstyle = 'postgres_verbose';
                ALTER DATABASE \(database.name) SET extra_float_digits = -3
                """,
                """
                CREATE TABLE t AS SELECT i AS id, make_interval(secs => i / 7.0) AS i, i / 3.0::float8 AS f,
                    point(i / 3.0::float8, 0) AS p, repeat('x', 100) AS text
                FROM generate_series(1, 120000) i
                """
            )
            // Fewer than are asked for.
            try await withPool(size: 2, database) { url in
                try await Lake.withNew { lake in
                    let pooled = try await lake.synced(url, ["public.t"], ["--parallel", "4"])
                    #expect(pooled.streams[0].connections == 2, "\(pooled.streams[0].access)")
                    let direct = try await lake.synced(
                        database.url,
                        ["public.t"],
                        ["--parallel", "1", "--into", "public.direct"]
                    )
                    #expect(
                        try await Lake.verdict(pooled.streams[0].location).digest
                            == Lake.verdict(direct.streams[0].location).digest
                    )
                }
            }
        }
    }
}
