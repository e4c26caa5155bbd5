import Glibc
import TestSupport
import Testing

/// Several connections read one stream, and what they bring is one snapshot of it.
@Suite(.serialized)
struct ParallelTests {
    /// How each relation of `cut_postgres.sql` is to be cut.
    private static let cuts = [
        "plain": "page ranges", "parted": "page ranges of 5 partitions", "keyed": "key ranges",
        "worded": "key ranges", "composed": "key ranges", "keyless": "as a whole",
        "viewed": "page ranges", "seen": "as a whole",
    ]

    private func withCuts(_ body: (PostgresDatabase, Lake) async throws -> Void) async throws {
        try await PostgresDatabase.withNew { database in
            try await database.run(
                file: "\(TestEnvironment.packageRoot)/Tests/Python/cut_postgres.sql"
            )
            try await Lake.withNew { lake in try await body(database, lake) }
        }
    }

    /// Count, distinct ids, sum of ids and a digest of all words: in the source and in the lake.
    private func expectEqual(
        _ stream: SyncReport.Stream,
        _ database: PostgresDatabase,
        where condition: String = "true"
    ) async throws {
        let source = try await database.run(
            """
            SELECT count(*), count(DISTINCT id), sum(id),
                sum(('x' || substr(md5(word || pad), 1, 8))::bit(32)::bigint)
            FROM \(stream.stream) WHERE \(condition)
            """
        )
        let lake = try await Lake.query(
            stream.location,
            """
            SELECT count(*), count(DISTINCT id), sum(id),
                sum(('0x' || substr(md5(word || pad), 1, 8))::bigint) FROM lake
            """
        )
        #expect(
            source == lake[0].map { $0 ?? "" }.joined(separator: "|"),
            "\(stream.stream) by \(stream.access)"
        )
    }

    @Test func `relations of every sort give each row once, however they are cut`() async throws {
        try await withCuts { database, lake in
            let report = try await lake.synced(
                database.url,
                Self.cuts.keys.sorted().map { "cut.\($0)" },
                ["--parallel", "4"]
            )
            for stream in report.streams {
                let name = String(stream.stream.dropFirst(4))
                let cut = try #require(Self.cuts[name])
                #expect(stream.access.contains(cut), "\(name): \(stream.access)")
                #expect(stream.connections > 1 || cut == "as a whole", "\(name): \(stream.access)")
                try await expectEqual(stream, database)
            }
        }
    }

    /// A condition may ask for the time, which every session would answer for itself.
    @Test(arguments: ["id % 7 = 3 -- a remark", "word < '01'", "seen < now() - interval '1 s'"])
    func `a condition is answered by one statement`(condition: String) async throws {
        try await withCuts { database, lake in
            try await database.run(
                """
                ALTER TABLE cut.plain ADD COLUMN seen timestamptz;
                UPDATE cut.plain SET seen = now() + (id - 35000) * interval '1 ms';
                """
            )
            let stream = try await lake.synced(
                database.url,
                ["cut.plain"],
                ["--parallel", "3", "--where", condition]
            ).streams[0]
            #expect(stream.access.contains("as a whole, over one connection"), "\(stream.access)")
            if !condition.contains("now()") {
                try await expectEqual(
                    stream,
                    database,
                    where: condition.replacing(" -- a remark", with: "")
                )
            }
        }
    }

    /// A user of the test's own, with rights that `grants` gives; `READER` stands for its name.
    private func withRole(
        _ database: PostgresDatabase,
        _ grants: String,
        _ body: (String) async throws -> Void
    ) async throws {
        let role = "reader_\(database.name)"
        try await database.run(
            "CREATE ROLE \(role) LOGIN PASSWORD 'reader-secret'; GRANT USAGE ON SCHEMA cut TO \(role);"
                + grants.replacing("READER", with: role)
        )
        func drop() async throws {
            try await database.run("DROP OWNED BY \(role); DROP ROLE \(role)")
        }
        do {
            try await body(database.url(user: role, password: "reader-secret"))
        } catch {
            try await drop()
            throw error
        }
        try await drop()
    }

    /// What a user may do, and how the stream is then read.
    @Test(arguments: [
        (
            "plain", "GRANT SELECT (id, word, pad) ON cut.plain TO READER",
            "key ranges, over 3 connections"
        ),
        ("parted", "GRANT SELECT ON cut.parted TO READER", "as a whole, over one connection"),
        (
            "parted",
            """
            CREATE SCHEMA closed; ALTER TABLE cut.parted_a SET SCHEMA closed;
            GRANT SELECT ON cut.parted, closed.parted_a, cut.parted_b0, cut.parted_b1, cut.parted_c,
                cut.parted_d TO READER
            """,
            "as a whole, over one connection"
        ),
        (
            "plain",
            """
            GRANT SELECT ON cut.plain TO READER;
            REVOKE EXECUTE ON FUNCTION pg_export_snapshot() FROM public
            """,
            "may not export a snapshot"
        ),
        (
            "plain",
            "GRANT SELECT ON cut.plain TO READER; REVOKE SELECT ON pg_stat_activity FROM public",
            "page ranges, over 3 connections"
        ),
        (
            "plain",
            "GRANT SELECT ON cut.plain TO READER; ALTER ROLE READER CONNECTION LIMIT 1",
            "connection limit"
        ),
        (
            "plain",
            """
            GRANT SELECT ON cut.plain TO READER;
            ALTER ROLE READER SET idle_in_transaction_session_timeout = '300ms'
            """,
            "page ranges, over 3 connections"
        ),
    ])
    func `fewer rights make a read slower and not wrong`(
        name: String,
        grants: String,
        access: String
    ) async throws {
        try await withCuts { database, lake in
            try await withRole(database, grants) { url in
                let limits = grants.contains("idle") ? ["--max-bytes-per-second", "20M"] : []
                let result = try await lake.sync(
                    url,
                    ["cut.\(name)"],
                    ["--parallel", "3"] + limits
                )
                try #require(result.succeeded, "\(result.transcript)")
                let stream = try Lake.report(of: result).streams[0]
                #expect(stream.access.contains(access), "\(stream.access)")
                try await expectEqual(stream, database)
            }
        }
    }

    @Test func `rows hidden at the root of partitions stay hidden`() async throws {
        try await withCuts { database, lake in
            let grants = """
                ALTER TABLE cut.parted ENABLE ROW LEVEL SECURITY;
                CREATE POLICY even ON cut.parted TO READER USING (id % 2 = 0);
                GRANT SELECT ON ALL TABLES IN SCHEMA cut TO READER
                """
            try await withRole(database, grants) { url in
                let result = try await lake.sync(url, ["cut.parted"], ["--parallel", "3"])
                try #require(result.succeeded, "\(result.transcript)")
                try await expectEqual(
                    try Lake.report(of: result).streams[0],
                    database,
                    where: "id % 2 = 0"
                )
            }
        }
    }

    @Test func `a partition on its way out is not read, one that comes meanwhile neither`()
        async throws
    {
        try await withCuts { database, lake in
            // Cancelled while it waits for a reader, it stays half detached.
            let open = [
                "--no-psqlrc", "--dbname", database.url, "--command",
                "BEGIN; SELECT count(*) FROM cut.parted; SELECT pg_sleep(60)",
            ]
            try await ChildProcess.withStarted("psql", open) { reader in
                try await pollUntil("a reader") {
                    try await database.run(
                        "SELECT count(*) FROM pg_stat_activity WHERE query LIKE '%pg_sleep(60)' "
                            + "AND pid <> pg_backend_pid()"
                    ) == "1"
                }
                // Its failure is what is wanted.
                _ = try? await database.run(
                    "SET statement_timeout = '500ms'",
                    "ALTER TABLE cut.parted DETACH PARTITION cut.parted_d CONCURRENTLY"
                )
                reader.signal(SIGKILL)
                _ = try await reader.wait()
            }
            #expect(
                try await database.run("SELECT count(*) FROM pg_inherits WHERE inhdetachpending")
                    == "1"
            )
            let arguments = lake.arguments(
                database.url,
                ["cut.parted"],
                ["--parallel", "2", "--max-bytes-per-second", "8M"]
            )
            let result = try await ChildProcess.withStarted(
                TestEnvironment.binary,
                arguments
            ) { child in
                try await pollUntil("two sessions that read") {
                    try await database.run(Self.sessions) == "2"
                }
                try await database.run(
                    """
                    CREATE TABLE cut.late (LIKE cut.parted INCLUDING ALL);
                    INSERT INTO cut.late SELECT i, 'late', 'late' FROM generate_series(80001, 80100) i;
                    ALTER TABLE cut.parted ATTACH PARTITION cut.late FOR VALUES FROM (80000) TO (90000);
                    """
                )
                return try await child.wait()
            }
            try #require(result.succeeded, "\(result.transcript)")
            try await expectEqual(
                try Lake.report(of: result).streams[0],
                database,
                where: "id < 70000"
            )
        }
    }

    /// Counts the sessions of this program.
    private static let sessions = """
        SELECT count(*) FROM pg_stat_activity WHERE application_name = 'tributary'
        AND datname = current_database()
        """

    // MARK: One snapshot

    /// Reads a churned table `count` times while two writers change it.
    private func readUnderWriters(
        _ table: String,
        count: Int,
        _ database: PostgresDatabase,
        _ lake: Lake
    ) async throws {
        var reports: [SyncReport.Stream] = []
        let counters = "SELECT sum(amount) FROM \(table) WHERE kind = 'writer' AND id < -1"
        let before = try await database.run(counters)
        try await database.whileWriting(to: table, rowCount: 60_000) {
            for _ in 1...count {
                reports += try await lake.synced(database.url, [table], ["--parallel", "3"]).streams
            }
        }
        #expect(try await database.run(counters) != before, "nothing was written meanwhile")
        #expect(reports.allSatisfy { $0.connections > 1 }, "\(reports.map(\.access))")
        let verdict = try await Lake.python("consistency.py", [reports[0].location])
        #expect(verdict.succeeded, "\(verdict.transcript)")
        let lines = verdict.standardOutput.split(separator: "\n")
        #expect(lines.count == count)
        #expect(Set(lines).count > count / 2, "the writers did not change what was read")
    }

    @Test func `fifty reads under two writers are each one snapshot`() async throws {
        try await PostgresDatabase.withNew { database in
            try await database.run(
                file: "\(TestEnvironment.packageRoot)/Tests/Python/churn_postgres.sql"
            )
            try await Lake.withNew { lake in
                try await readUnderWriters("churn.heap", count: 50, database, lake)
                try await readUnderWriters("churn.parted", count: 10, database, lake)
            }
        }
    }

    // MARK: Guard rails

    @Test func `other sessions of this program count against its limit`() async throws {
        try await withCuts { database, lake in
            let stream = try await lake.synced(
                database.url,
                ["cut.plain"],
                ["--parallel", "4", "--max-connections", "2"]
            ).streams[0]
            #expect(stream.connections == 2)
            #expect(stream.access.contains("--max-connections"), "\(stream.access)")
        }
    }

    /// Slow enough to be looked at.
    private static let slowly = ["--parallel", "3", "--max-bytes-per-second", "2M"]

    @Test func `sessions are named and gone after the read is stopped`() async throws {
        try await withCuts { database, lake in
            let result = try await ChildProcess.withStarted(
                TestEnvironment.binary,
                lake.arguments(database.url, ["cut.plain"], Self.slowly)
            ) { child in
                try await pollUntil("three sessions that read") {
                    try await database.run(Self.sessions) == "3"
                }
                child.signal(SIGINT)
                return try await child.wait()
            }
            #expect(result.end == .exited(130), "\(result.transcript)")
            try await pollUntil("no session at the server") {
                try await database.run(Self.sessions) == "0"
            }
            #expect(try await lake.fileCount() == 0)
        }
    }

    @Test func `a lane that is cut off ends the read with its cause and nothing published`()
        async throws
    {
        try await withCuts { database, lake in
            let result = try await ChildProcess.withStarted(
                TestEnvironment.binary,
                lake.arguments(database.url, ["cut.plain"], Self.slowly)
            ) { child in
                try await pollUntil("a lane beside the coordinator") {
                    try await database.run(
                        """
                        SELECT pg_terminate_backend(max(pid)) FROM pg_stat_activity
                        WHERE datname = current_database() AND application_name = 'tributary'
                            AND query LIKE 'COPY%' HAVING count(*) = 3
                        """
                    ) == "t"
                }
                return try await child.wait()
            }
            #expect(result.end == .exited(3), "\(result.transcript)")
            // A server that is cut off while it sends cannot say why.
            #expect(
                result.standardError.contains("ended the connection")
                    || result.standardError.contains("the connection was lost"),
                "\(result.transcript)"
            )
            #expect(try await lake.fileCount() == 0)
        }
    }

    @Test func `a condition that holds other statements is refused`() async throws {
        try await withCuts { database, lake in
            for condition in [
                "true); COPY cut.plain TO STDOUT; SELECT (1", "true); SELECT (1",
                "true)) TO STDOUT; COPY (SELECT 1 WHERE (true",
            ] {
                let result = try await lake.sync(
                    database.url,
                    ["cut.plain"],
                    ["--where", condition]
                )
                #expect(!result.succeeded, "\(result.transcript)")
                #expect(try await lake.fileCount() == 0)
            }
        }
    }

    @Test func `the server's statement time-out is named`() async throws {
        try await withCuts { database, lake in
            try await database.run("ALTER DATABASE \(database.name) SET statement_timeout = 300")
            let result = try await lake.sync(
                database.url,
                ["cut.plain"],
                ["--parallel", "2", "--where", "pg_sleep(0.01) IS NOT NULL"]
            )
            #expect(result.end == .exited(3), "\(result.transcript)")
            #expect(result.standardError.contains("statement_timeout"), "\(result.transcript)")
        }
    }

    @Test func `a table that stays locked is given up after the time asked for`() async throws {
        try await withCuts { database, lake in
            let result = try await ChildProcess.withStarted(
                "psql",
                [
                    "--no-psqlrc", "--dbname", database.url, "--command",
                    "BEGIN; LOCK TABLE cut.plain; SELECT pg_sleep(60)",
                ]
            ) { holder in
                try await pollUntil("the lock") {
                    try await database.run(
                        """
                        SELECT count(*) FROM pg_locks
                        WHERE relation = 'cut.plain'::regclass AND mode = 'AccessExclusiveLock'
                        """
                    ) == "1"
                }
                let result = try await lake.sync(
                    database.url,
                    ["cut.plain"],
                    ["--lock-timeout", "1s"]
                )
                holder.signal(SIGKILL)
                _ = try await holder.wait()
                return result
            }
            #expect(result.end == .exited(3), "\(result.transcript)")
            #expect(result.standardError.contains("locked"), "\(result.transcript)")
        }
    }

    @Test func `an encrypted connection brings the same rows`() async throws {
        try await withCuts { database, lake in
            let report = try await lake.synced(
                database.encryptedURL,
                ["cut.plain", "cut.parted"],
                ["--parallel", "3"]
            )
            for stream in report.streams {
                #expect(stream.connections == 3)
                try await expectEqual(stream, database)
            }
        }
    }

    @Test func `a rate bounds what is read, and an age how long`() async throws {
        try await withCuts { database, lake in
            let slow = try await lake.synced(
                database.url,
                ["cut.plain"],
                ["--parallel", "3", "--max-bytes-per-second", "15M"]
            ).streams[0]
            // Nothing is waited for after the last batch of a lane.
            #expect(slow.seconds >= Double(slow.bytesRead) / 15e6 * 0.5)
            try await expectEqual(slow, database)
            let old = try await lake.sync(
                database.url,
                ["cut.plain"],
                ["--max-bytes-per-second", "1M", "--max-snapshot-age", "2s"]
            )
            #expect(old.end == .exited(3), "\(old.transcript)")
            #expect(old.standardError.contains("--max-snapshot-age"), "\(old.transcript)")
        }
    }

    @Test(arguments: [
        ["--parallel", "0"], ["--parallel", "many"], ["--max-connections", "0"],
        ["--max-bytes-per-second", "12X"], ["--max-bytes-per-second", "0"],
        ["--max-bytes-per-second", "99999999999G"], ["--max-snapshot-age", "soon"],
        ["--max-snapshot-age", "0"], ["--lock-timeout", "-1"],
    ])
    func `a limit that is none is refused`(arguments: [String]) async throws {
        try await Lake.withNew { lake in
            let result = try await lake.sync("postgres://127.0.0.1:1/x", ["t"], arguments)
            #expect(result.end == .exited(64), "\(result.transcript)")
            #expect(result.standardError.contains(arguments[0]), "\(result.transcript)")
        }
    }
}
