import TestSupport
import Testing

/// Databases and tables of shapes that one does not expect: empty, very wide, without a name, out of reach.
@Suite struct OddShapeTests {
    @Test func `a table of 1,600 columns of all types is read`() async throws {
        let types = [
            "int", "bigint", "smallint", "text", "varchar(9)", "bool", "date", "timestamp",
            "timestamptz",
            "real", "float8", "numeric", "numeric(9,2)", "uuid", "jsonb", "bytea", "inet", "int[]",
            "interval", "time",
        ]
        let columns = (0..<1600).map { "c\($0) \(types[$0 % types.count])" }
        try await PostgresDatabase.withNew { database in
            try await database.run(
                "CREATE TABLE wide (\(columns.joined(separator: ", ")))",
                "INSERT INTO wide (c0, c11, c1599) VALUES (7, 1.25, '10:00')"
            )
            try await Lake.withNew { lake in
                let report = try await lake.synced(database.url, ["public.wide"])
                let rows = try await Lake.query(
                    report.streams[0].location,
                    "SELECT c0, c11, c1599, c1 FROM lake"
                )
                #expect(rows.count == 1)
                #expect(rows[0][0] == "7" && rows[0][2] == "10:00:00" && rows[0][3] == nil)
                #expect(rows[0][1].flatMap(Double.init) == 1.25)
            }
        }
    }

    @Test func `a table of 900 numbers without precision is read`() async throws {
        let columns = (1...900).map { "n\($0) numeric" }
        try await PostgresDatabase.withNew { database in
            try await database.run(
                "CREATE TABLE bare (id int PRIMARY KEY, \(columns.joined(separator: ", ")))",
                "INSERT INTO bare (id, n1, n900) VALUES (1, 1.5, 12345678901234567890.125), (2, 0, 3)"
            )
            try await Lake.withNew { lake in
                let report = try await lake.synced(database.url, ["public.bare"])
                let rows = try await Lake.query(
                    report.streams[0].location,
                    "SELECT id, n900 FROM lake ORDER BY 1"
                )
                #expect(rows == [["1", "12345678901234567890.125"], ["2", "3.000"]])
            }
        }
    }

    @Test func `of all tables, those that cannot be read fail alone, with the reason`() async throws
    {
        try await PostgresDatabase.withNew { database in
            let user = "some_\(database.name)"
            try await database.run(
                """
                CREATE ROLE \(user) LOGIN PASSWORD 'tributary-test-secret'; CREATE SCHEMA hidden;
                CREATE TABLE hidden.x (id int); CREATE TABLE columnless (); CREATE TABLE fine (id int);
                CREATE TABLE closed (id int);
                INSERT INTO fine VALUES (1);
                GRANT SELECT ON hidden.x, columnless, fine TO \(user)
                """
            )
            do {
                try await failAlone(
                    database.url(user: user, password: "tributary-test-secret")
                )
            } catch {
                try await database.run("DROP OWNED BY \(user); DROP ROLE \(user)")
                throw error
            }
            try await database.run("DROP OWNED BY \(user); DROP ROLE \(user)")
        }
    }

    private func failAlone(_ source: String) async throws {
        let found = try await ChildProcess.run(
            TestEnvironment.binary,
            ["discover", "--source", source]
        )
        let hidden = found.standardOutput.split(separator: "\n").first { $0.hasPrefix("hidden.x") }
        #expect(
            hidden?.contains("no USAGE right on the schema hidden") == true,
            "\(found.transcript)"
        )
        try await Lake.withNew { lake in
            let result = try await lake.sync(source, [], ["--all"])
            #expect(result.end == .exited(1), "\(result.transcript)")
            let streams = try Lake.report(of: result).streams
            #expect(
                streams.filter { $0.status == "succeeded" }.map(\.stream) == ["public.fine"],
                "\(result.transcript)"
            )
            let messages = Dictionary(
                streams.map { ($0.stream, $0.error?.message ?? "") },
                uniquingKeysWith: { first, _ in first }
            )
            #expect(messages["hidden.x"]?.contains("GRANT USAGE ON SCHEMA") == true)
            #expect(messages["public.columnless"]?.contains("no columns") == true)
            #expect(messages["public.closed"]?.contains("SELECT") == true)
        }
    }

    @Test func `an empty database is said to be empty`() async throws {
        try await withScratchDirectory { folder in
            try await Lake.withNew { lake in
                let made = try await ChildProcess.run("touch", [folder + "/empty.db"])
                try #require(made.succeeded)
                try await PostgresDatabase.withNew { database in
                    try await MariaDBDatabase.withNew { other in
                        for source in ["sqlite:" + folder + "/empty.db", database.url, other.url] {
                            let result = try await lake.sync(source, [], ["--all"])
                            #expect(result.end == .exited(3), "\(result.transcript)")
                            #expect(
                                result.standardError.contains("it is empty"),
                                "\(result.transcript)"
                            )
                            let found = try await ChildProcess.run(
                                TestEnvironment.binary,
                                ["discover", "--source", source]
                            )
                            #expect(
                                found.succeeded && found.standardError.contains("it is empty"),
                                "\(found.transcript)"
                            )
                        }
                    }
                }
            }
        }
    }

    @Test
    func `a table of SQLite without a name is read, and times of Apple's programs are a risk`()
        async throws
    {
        try await withScratchDirectory { folder in
            let path = folder + "/source.db"
            let made = try await Lake.python(
                "sqlite_run.py",
                [
                    path,
                    """
                    CREATE TABLE "" (id integer PRIMARY KEY, v text); INSERT INTO "" VALUES (1, 'a');
                    CREATE TABLE notes (Z_PK integer PRIMARY KEY, ZMADE timestamp);
                    INSERT INTO notes VALUES (1, 700000000), (2, 710000000)
                    """,
                ]
            )
            try #require(made.succeeded, "\(made.transcript)")
            try await Lake.withNew { lake in
                let result = try await lake.sync("sqlite:" + path, [], ["--all"])
                try #require(result.succeeded, "\(result.transcript)")
                let streams = try Lake.report(of: result).streams
                let notes = try #require(streams.first { $0.stream == "notes" })
                #expect(notes.risks.contains { $0.contains("2001-01-01") }, "\(notes.risks)")
                let nameless = try #require(streams.first { $0.stream == "\"\"" })
                let rows = try await Lake.query(nameless.location, "SELECT id, v FROM lake")
                #expect(rows == [["1", "a"]])
                // By itself, as it was printed.
                let again = try await lake.sync("sqlite:" + path, ["\"\""])
                #expect(again.succeeded, "\(again.transcript)")
            }
        }
    }
}
