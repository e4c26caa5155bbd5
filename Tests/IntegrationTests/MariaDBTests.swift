import FoundationEssentials
import TestSupport
import Testing

/// Every value of a MariaDB database of edge cases, as the engines read it, against the server's own.
@Suite(.serialized)
struct MariaDBTests {
    private static let streams = [
        "numbers", "decimals", "times", "texts", "bytes", "derived", "versioned", "parted",
        "a_view",
        "keyless", "zero_rows", "plain_myisam", "signed_keys", "unsigned_keys", "text_keys",
        "latin_keys", "byte_keys",
    ]

    private func withEdges(
        _ body: (MariaDBDatabase, Lake) async throws -> Void
    ) async throws {
        try await MariaDBDatabase.withNew { database in
            try await database.run(
                file: "\(TestEnvironment.packageRoot)/Tests/Python/edge_mariadb.sql"
            )
            try await Lake.withNew { lake in try await body(database, lake) }
        }
    }

    private func compare(
        _ database: MariaDBDatabase,
        _ lake: Lake,
        _ result: ProcessResult
    ) async throws -> ProcessResult {
        try await Lake.python(
            "compare_mariadb.py",
            ["--source", database.url, "--report", try lake.save(result, as: "report.json")]
        )
    }

    @Test(arguments: [["--parallel", "1"], ["--parallel", "3"]])
    func `every value of every type and shape arrives as the server has it`(
        options: [String]
    ) async throws {
        try await withEdges { database, lake in
            let streams =
                Self.streams.map { "\(database.name).\($0)" }
                + [#"\#(database.name)."odd `name` ünï.x""#]
            let result = try await lake.sync(database.url, streams, options)
            try #require(result.succeeded, "\(result.transcript)")
            let verdict = try await compare(database, lake, result)
            #expect(verdict.succeeded, "\(verdict.transcript)")
            #expect(verdict.standardOutput.hasPrefix("\(streams.count) streams compared, 0 "))
        }
    }

    @Test func `the comparison notices a single changed value`() async throws {
        try await withEdges { database, lake in
            let streams = ["numbers", "times", "texts"].map { "\(database.name).\($0)" }
            let result = try await lake.sync(database.url, streams)
            try #require(result.succeeded, "\(result.transcript)")
            for (column, value) in [
                ("f", "16777220"), ("bit63", "2"), ("lu", "2"), ("l", "NULL"),
            ] {
                let kept = "kept_\(column)"
                try await database.run(
                    """
                    ALTER TABLE numbers ADD \(kept) varchar(40) INVISIBLE;
                    UPDATE numbers SET \(kept) = \(column) + 0;
                    UPDATE numbers SET \(column) = \(value) WHERE id = 4
                    """
                )
                let verdict = try await compare(database, lake, result)
                #expect(!verdict.succeeded, "\(column): \(verdict.transcript)")
                try await database.run("UPDATE numbers SET \(column) = \(kept) + 0 WHERE id = 4")
            }
            let again = try await compare(database, lake, result)
            #expect(again.succeeded, "\(again.transcript)")
        }
    }

    @Test func `large tables are read over several connections, in one snapshot`() async throws {
        try await withEdges { database, lake in
            for table in ["signed_keys", "unsigned_keys", "text_keys", "latin_keys", "byte_keys"] {
                let stream = "\(database.name).\(table)"
                let report = try await lake.synced(database.url, [stream], ["--parallel", "3"])
                let access = report.streams[0].access
                #expect(access.contains("over 3 connections"), "\(access)")
                #expect(report.streams[0].reconciliation?.status == "equal")
            }
        }
    }

    @Test func `writers beside a read are in its snapshot or not, as a whole`() async throws {
        try await MariaDBDatabase.withNew { database in
            try await database.run(
                file: "\(TestEnvironment.packageRoot)/Tests/Python/churn_mariadb.sql"
            )
            try await Lake.withNew { lake in
                async let writers: String = database.run("CALL move(20000)")
                for _ in 0..<4 {
                    let report = try await lake.synced(
                        database.url,
                        ["\(database.name).accounts"],
                        ["--parallel", "3"]
                    )
                    let verdict = try await Lake.verdict(report.streams[0].location)
                    #expect(verdict.rows == 60_000)
                    #expect(verdict.sums["amount"] == "6000000")
                }
                _ = try await writers
            }
        }
    }
}
