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

    @Test func `a condition is cut too, unless an index answers it`() async throws {
        try await withCuts { database, lake in
            let scanned = try await lake.synced(
                database.url,
                ["cut.plain"],
                ["--parallel", "3", "--where", "id % 7 = 3 -- a remark"]
            ).streams[0]
            #expect(scanned.access.contains("page ranges"), "\(scanned.access)")
            try await expectEqual(scanned, database, where: "id % 7 = 3")
            let found = try await lake.synced(
                database.url,
                ["cut.plain"],
                ["--parallel", "3", "--where", "word < '01'"]
            ).streams[0]
            #expect(found.access.contains("as a whole, over one connection"), "\(found.access)")
            try await expectEqual(found, database, where: "word < '01'")
        }
    }

    @Test func `partitions a user may not read by themselves are read through their root`()
        async throws
    {
        try await withCuts { database, lake in
            let role = "rooted_\(database.name)"
            try await database.run(
                """
                CREATE ROLE \(role) LOGIN PASSWORD 'rooted-secret';
                GRANT USAGE ON SCHEMA cut TO \(role); GRANT SELECT ON cut.parted TO \(role);
                """
            )
            let result = try await lake.sync(
                database.url(user: role, password: "rooted-secret"),
                ["cut.parted"],
                ["--parallel", "3"]
            )
            try await database.run("DROP OWNED BY \(role); DROP ROLE \(role)")
            try #require(result.succeeded, "\(result.transcript)")
            let stream = try Lake.report(of: result).streams[0]
            #expect(stream.access.contains("as a whole"), "\(stream.access)")
            try await expectEqual(stream, database)
        }
    }

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

    @Test func `connections stay within every limit there is`() async throws {
        try await withCuts { database, lake in
            let one = try await lake.synced(
                database.url,
                ["cut.plain"],
                ["--parallel", "4", "--max-connections", "2"]
            ).streams[0]
            #expect(one.connections == 2)
            #expect(one.access.contains("--max-connections"), "\(one.access)")
            let role = "limited_\(database.name)"
            try await database.run(
                """
                CREATE ROLE \(role) LOGIN PASSWORD 'limited-secret' CONNECTION LIMIT 1;
                GRANT USAGE ON SCHEMA cut TO \(role); GRANT SELECT ON cut.plain TO \(role);
                """
            )
            let result = try await lake.sync(
                database.url(user: role, password: "limited-secret"),
                ["cut.plain"],
                ["--parallel", "4"]
            )
            try await database.run("DROP OWNED BY \(role); DROP ROLE \(role)")
            try #require(result.succeeded, "\(result.transcript)")
            let stream = try Lake.report(of: result).streams[0]
            #expect(stream.connections == 1)
            #expect(stream.access.contains("connection limit"), "\(stream.access)")
            try await expectEqual(stream, database)
        }
    }

    @Test func `sessions are named, read-only and gone after the read`() async throws {
        try await withCuts { database, lake in
            // Each row takes its time, so that the sessions can be looked at.
            let arguments = lake.arguments(
                database.url,
                ["cut.plain"],
                ["--parallel", "3", "--where", "pg_sleep(0.001) IS NOT NULL"]
            )
            let sessions = """
                SELECT count(*) FROM pg_stat_activity WHERE application_name = 'tributary'
                AND datname = current_database() AND state = 'active' AND query LIKE 'COPY%'
                """
            let result = try await ChildProcess.withStarted(
                TestEnvironment.binary,
                arguments
            ) { child in
                try await pollUntil("three sessions that read") {
                    try await database.run(sessions) == "3"
                }
                child.signal(SIGINT)
                return try await child.wait()
            }
            #expect(result.end == .exited(130), "\(result.transcript)")
            try await pollUntil("no session at the server") {
                try await database.run(
                    """
                    SELECT count(*) FROM pg_stat_activity WHERE application_name = 'tributary'
                    AND datname = current_database()
                    """
                ) == "0"
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
                lake.arguments(
                    database.url,
                    ["cut.plain"],
                    ["--parallel", "3", "--where", "pg_sleep(0.001) IS NOT NULL"]
                )
            ) { child in
                try await pollUntil("a lane beside the coordinator") {
                    try await database.run(
                        """
                        SELECT pg_terminate_backend(max(pid)) FROM pg_stat_activity
                        WHERE datname = current_database() AND query LIKE 'COPY%'
                            AND application_name = 'tributary' HAVING count(*) = 3
                        """
                    ) == "t"
                }
                return try await child.wait()
            }
            #expect(result.end == .exited(3), "\(result.transcript)")
            #expect(
                result.standardError.contains("ended the connection"),
                "\(result.transcript)"
            )
            #expect(try await lake.fileCount() == 0)
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
                    ["--lock-timeout", "1"]
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
            // The last batches may be waited for after the last row.
            #expect(slow.seconds >= Double(slow.bytesRead) / 15e6 * 0.9)
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
