import Glibc
import TestSupport
import Testing

/// What goes wrong with a MariaDB server gives one clear message, a non-zero exit and an unchanged table.
@Suite(.serialized)
struct MariaDBFailureTests {
    private static let rows = """
        CREATE TABLE items (id int PRIMARY KEY, v varchar(300)) AS
            SELECT seq AS id, REPEAT(MD5(seq), 9) AS v FROM seq_1_to_60000;
        ANALYZE TABLE items
        """

    private static let slowly = ["--max-bytes-per-second", "2M", "--parallel", "2"]

    private func withSynced(
        _ body: (MariaDBDatabase, Lake, String) async throws -> Void
    ) async throws {
        try await MariaDBDatabase.withNew { database in
            try await database.run(Self.rows)
            try await Lake.withNew { lake in
                let stream = "\(database.name).items"
                let report = try await lake.synced(database.url, [stream])
                #expect(report.streams[0].rows == 60_000)
                try await body(database, lake, stream)
                let verdict = try await Lake.verdict(report.streams[0].location)
                #expect(verdict.rows == 60_000 && verdict.snapshots == 1)
            }
        }
    }

    private func expectRefused(
        _ result: ProcessResult,
        saying words: [String],
        sourceLocation: SourceLocation = #_sourceLocation
    ) {
        #expect(result.end == .exited(3), "\(result.transcript)", sourceLocation: sourceLocation)
        for word in words {
            #expect(
                result.standardError.contains(word),
                "\(result.transcript)",
                sourceLocation: sourceLocation
            )
        }
    }

    @Test func `a login, a server, a table and a right that are not there are named`()
        async throws
    {
        try await withSynced { database, lake, stream in
            var lake = lake
            lake.secrets.append("not-the-password")
            expectRefused(
                try await lake.sync(
                    database.url(user: "tributary", password: "not-the-password"),
                    [stream]
                ),
                saying: ["refused the login", "MYSQL_PWD"]
            )
            expectRefused(
                try await lake.sync("mysql://me@127.0.0.1:1/shop", ["shop.items"]),
                saying: ["127.0.0.1:1", "cannot connect"]
            )
            expectRefused(
                try await lake.sync(database.url, ["\(database.name).item"]),
                saying: ["there is no table", "did you mean"]
            )
            expectRefused(
                try await lake.sync(database.url, [stream], ["--where", "nowhere = 1"]),
                saying: ["nowhere"]
            )
            expectRefused(
                try await lake.sync(database.url, [stream], ["--where", "1; DROP TABLE items"]),
                saying: ["statement is wrong"]
            )
            try await database.run(
                """
                CREATE USER 'u_\(database.name)'@'127.0.0.1' IDENTIFIED BY 'other-secret';
                GRANT SELECT (id) ON items TO 'u_\(database.name)'@'127.0.0.1'
                """
            )
            lake.secrets.append("other-secret")
            let other = database.url(user: "u_\(database.name)", password: "other-secret")
            expectRefused(try await lake.sync(other, [stream]), saying: ["--columns"])
            let part = try await lake.sync(other, [stream], ["--columns", "id", "--into", "part"])
            #expect(part.succeeded, "\(part.transcript)")
            try await database.run("DROP USER 'u_\(database.name)'@'127.0.0.1'")
        }
    }

    @Test func `a connection that is killed in the middle of a read publishes nothing`()
        async throws
    {
        try await withSynced { database, lake, stream in
            let result = try await ChildProcess.withStarted(
                TestEnvironment.binary,
                lake.arguments(database.url, [stream], Self.slowly)
            ) { child in
                let id = try await reading(database)
                try await database.run("KILL \(id)")
                return try await child.wait()
            }
            expectRefused(result, saying: ["connection was lost"])
        }
    }

    @Test func `what is stopped here is stopped at the server`() async throws {
        try await withSynced { database, lake, stream in
            let result = try await ChildProcess.withStarted(
                TestEnvironment.binary,
                lake.arguments(database.url, [stream], Self.slowly)
            ) { child in
                _ = try await reading(database)
                child.signal(SIGINT)
                return try await child.wait()
            }
            #expect(result.end == .exited(130), "\(result.transcript)")
            try await pollUntil("the sessions are gone") {
                try await database.run(Self.sessions(database)).isEmpty
            }
        }
    }

    private static func sessions(_ database: MariaDBDatabase) -> String {
        """
        SELECT id FROM information_schema.processlist WHERE db = '\(database.name)'
            AND id <> CONNECTION_ID()
        """
    }

    /// One of the two connections of a read that has begun.
    private func reading(_ database: MariaDBDatabase) async throws -> String {
        try await poll("two connections that read") {
            let found = try await database.run(Self.sessions(database)).split(separator: "\n")
            return found.count == 2 ? String(found[0]) : nil
        }
    }
}
