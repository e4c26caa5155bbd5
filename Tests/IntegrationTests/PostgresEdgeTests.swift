import TestSupport
import Testing

/// Every value of the database of edge cases, as the engines read it, against the source's own.
@Suite(.serialized)
struct PostgresEdgeTests {
    private static let typed = [
        "numbers", "numerics_sized", "times", "texts", "lists", "composites", "ranges", "maps",
        "printed",
    ]
    private static let shapes = [
        "zero_rows", "thousand", "huge", "many", "a_view", "a_matview", "an_unlogged", "parted",
        "parted_without", "parent", "child", "derived", "dropped", "secured", "commented",
        "a_foreign", "UPPER", "upper",
    ]
    private static let oddName = #""Odd ""schema"". π"."Tab.le ""x"" ünï/ö""#

    private func withEdges(
        _ body: (PostgresDatabase, Lake) async throws -> Void
    ) async throws {
        try await PostgresDatabase.withNew { database in
            try await database.run(
                file: "\(TestEnvironment.packageRoot)/Tests/Python/edge_postgres.sql"
            )
            try await Lake.withNew { lake in try await body(database, lake) }
        }
    }

    private func compare(
        _ source: String,
        _ lake: Lake,
        _ streams: [String],
        _ more: [String] = [],
        comparing: [String] = []
    ) async throws -> ProcessResult {
        let result = try await lake.sync(source, streams, more)
        try #require(result.succeeded, "\(result.transcript)")
        let report = try lake.save(result, as: "report.json")
        return try await Lake.python(
            "compare_postgres.py",
            ["--source", source, "--report", report] + comparing
        )
    }

    @Test func `every value of every type and shape arrives as the source has it`() async throws {
        try await withEdges { database, lake in
            let streams = (Self.typed + Self.shapes).map { "edge.\($0)" } + [Self.oddName]
            let result = try await compare(database.url, lake, streams)
            #expect(result.succeeded, "\(result.transcript)")
            #expect(result.standardOutput.hasPrefix("\(streams.count) streams compared, 0 "))
        }
    }

    @Test func `the policy string loses no value of any type`() async throws {
        try await withEdges { database, lake in
            let result = try await compare(
                database.url,
                lake,
                Self.typed.map { "edge.\($0)" },
                ["--policy", "string"],
                comparing: ["--as-text"]
            )
            #expect(result.succeeded, "\(result.transcript)")
        }
    }

    @Test func `the comparison notices a single changed value`() async throws {
        try await withEdges { database, lake in
            let result = try await lake.sync(database.url, ["edge.numbers", "edge.lists"])
            try #require(result.succeeded, "\(result.transcript)")
            let report = try lake.save(result, as: "report.json")
            for change in [
                "UPDATE edge.numbers SET a_float8 = '0' WHERE id = 3",
                "UPDATE edge.numbers SET n_38_38 = n_38_38 - 1e-38 WHERE id = 1",
                "UPDATE edge.lists SET words[2] = '' WHERE id = 1",
                "UPDATE edge.lists SET days = NULL WHERE id = 2",
            ] {
                let answers = try await database.run("BEGIN; \(change); COMMIT; SELECT 1")
                #expect(answers == "1")
                let verdict = try await Lake.python(
                    "compare_postgres.py",
                    ["--source", database.url, "--report", report]
                )
                #expect(verdict.end == .exited(1), "\(change): \(verdict.transcript)")
                let again = try await lake.sync(database.url, ["edge.numbers", "edge.lists"])
                _ = try lake.save(again, as: "report.json")
            }
        }
    }

    @Test func `the policy error stops at a value that does not fit and publishes nothing`()
        async throws
    {
        try await withEdges { database, lake in
            let result = try await lake.sync(
                database.url,
                ["edge.times"],
                ["--policy", "a_date=error"]
            )
            #expect(result.end == .exited(1), "\(result.transcript)")
            #expect(result.standardError.contains("a_date"))
            #expect(try Lake.report(of: result).streams.first?.snapshotID == nil)
        }
    }

    @Test func `a table without columns is refused with the reason`() async throws {
        try await withEdges { database, lake in
            let result = try await lake.sync(database.url, ["edge.zero_columns"])
            #expect(result.end == .exited(1), "\(result.transcript)")
            #expect(result.standardError.contains("edge.zero_columns"))
            #expect(result.standardError.contains("has no columns"))
        }
    }

    @Test func `row-level security shows each user their own rows, and the counts agree`()
        async throws
    {
        try await withEdges { database, lake in
            let role = "edge_reader"
            try await database.run(
                """
                DO $$ BEGIN CREATE ROLE \(role) LOGIN PASSWORD 'reader-secret';
                EXCEPTION WHEN duplicate_object THEN NULL; END $$;
                GRANT USAGE ON SCHEMA edge TO \(role);
                GRANT SELECT ON edge.secured TO \(role);
                """
            )
            let url = database.url(user: role, password: "reader-secret")
            let result = try await compare(url, lake, ["edge.secured"])
            #expect(result.succeeded, "\(result.transcript)")
            let report = try await lake.synced(url, ["edge.secured"])
            #expect(report.streams[0].rows == 2)
            #expect(report.streams[0].reconciliation?.status == "equal")
        }
    }

    @Test func `text that is no UTF-8 becomes null and is counted`() async throws {
        let creation = "ENCODING 'SQL_ASCII' LOCALE 'C' TEMPLATE template0"
        try await PostgresDatabase.withNew(creation: creation) { database in
            try await database.run(
                #"CREATE TABLE t AS SELECT 1 AS id, 'fine' AS w UNION SELECT 2, E'\xff\xfe'"#
            )
            try await Lake.withNew { lake in
                let report = try await lake.synced(database.url, ["public.t"])
                #expect(
                    report.streams[0].conversions == [
                        .init(column: "w", reason: "invalid-text", outcome: "null", count: 1)
                    ]
                )
                let rows = try await Lake.query(
                    report.streams[0].location,
                    "SELECT id, w FROM lake ORDER BY id"
                )
                #expect(rows == [["1", "fine"], ["2", nil]])
            }
        }
    }
}
