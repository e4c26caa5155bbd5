import FoundationEssentials
import TestSupport
import Testing

/// How many rows a table has is what engines find in it, whoever wrote to it.
@Suite struct RowCountTests {
    /// The tables of a lake as `dataset list --json` has them.
    private struct Listing: Decodable {
        struct Dataset: Decodable {
            var rows: Int
        }

        var datasets: [Dataset]
    }

    /// What others do after a merge: each name is an action of Tests/Python/others.py.
    @Test(arguments: ["append", "rewrite", "delete"])
    func `rows are counted beside the deletes that others leave behind`(action: String) async throws
    {
        try await Lake.withNew { lake in
            try await withScratchDirectory { folder in
                let path = folder + "/source.db"
                let options = ["--mode", "incremental", "--cursor", "u"]
                func run(_ sql: String) async throws {
                    let result = try await Lake.python("sqlite_run.py", [path, sql])
                    try #require(result.succeeded, "\(result.transcript)")
                }
                try await run(
                    """
                    CREATE TABLE t (id integer PRIMARY KEY, v, u);
                    INSERT INTO t VALUES (1, 1, 1), (2, 2, 1), (3, 3, 1), (4, 4, 1), (5, 5, 1)
                    """
                )
                _ = try await lake.synced("sqlite:" + path, ["t"], options)
                try await run("UPDATE t SET v = 9, u = 2 WHERE id IN (1, 2)")
                let merged = try await lake.synced("sqlite:" + path, ["t"], options).streams[0]
                #expect(merged.comparison?.tableRows == 5)
                let others = try await Lake.python("others.py", [merged.location, action])
                try #require(others.succeeded, "\(others.transcript)")

                let rows = try await Lake.query(merged.location, "SELECT count(*) FROM lake")
                let count = Int(rows[0][0] ?? "")
                let listing = try await ChildProcess.run(
                    TestEnvironment.binary,
                    ["dataset", "list", "--lake", lake.folder, "--json"]
                )
                let datasets = try JSONDecoder().decode(
                    Listing.self,
                    from: Data(listing.standardOutput.utf8)
                ).datasets
                #expect(datasets.map(\.rows) == [count], "\(listing.transcript)")

                try await run("INSERT INTO t VALUES (6, 6, 3)")
                let last = try await lake.synced("sqlite:" + path, ["t"], options).streams[0]
                let after = try await Lake.query(merged.location, "SELECT count(*) FROM lake")
                #expect(last.comparison?.tableRows == Int(after[0][0] ?? ""))
                #expect(last.comparison?.sourceRows == 6)
            }
        }
    }
}
