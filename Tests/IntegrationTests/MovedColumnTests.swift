import TestSupport
import Testing

/// Columns of a table that are others than those the last run wrote, though they are called the same: the
/// table was taken back to an earlier schema, or another program changed it.
@Suite struct MovedColumnTests {
    /// A source with a table `t` and what runs SQL there.
    private struct Source {
        var address: String
        var stream: String
        var run: (String) async throws -> String
    }

    private static let make = """
        CREATE TABLE t (id int PRIMARY KEY, v int, w int, u int);
        INSERT INTO t VALUES (1, 10, 100, 1), (2, 20, 200, 1)
        """
    private static let merge = ["--mode", "incremental", "--cursor", "u"]
    private static let append = merge + ["--on-conflict", "append"]

    private func withSource(
        _ kind: String,
        _ body: (Source, Lake) async throws -> Void
    ) async throws {
        try await Lake.withNew { lake in
            guard kind == "sqlite" else {
                return try await PostgresDatabase.withNew { database in
                    let source = Source(address: database.url, stream: "public.t") {
                        try await database.run($0)
                    }
                    try await body(source, lake)
                }
            }
            try await withScratchDirectory { folder in
                let path = folder + "/source.db"
                let source = Source(address: "sqlite:" + path, stream: "t") { sql in
                    let result = try await Lake.python("sqlite_run.py", [path, sql])
                    try #require(result.succeeded, "\(result.transcript)")
                    return result.standardOutput
                }
                try await body(source, lake)
            }
        }
    }

    private func expectEqual(_ source: Source, _ location: String, _ columns: String) async throws {
        let wanted = try await source.run("SELECT \(columns) FROM t ORDER BY id").split(
            separator: "\n"
        )
        let rows = try await Lake.query(location, "SELECT \(columns) FROM lake ORDER BY id")
        #expect(
            rows.map { $0.map { $0 ?? "" } }
                == wanted.map {
                    $0.split(separator: "|", omittingEmptySubsequences: false).map(String.init)
                }
        )
    }

    @Test(arguments: ["postgres", "sqlite"])
    func `a table that was taken back gets the values of columns that came since`(kind: String)
        async throws
    {
        try await withSource(kind) { source, lake in
            _ = try await source.run(Self.make)
            let first = try await lake.synced(source.address, [source.stream], Self.merge).streams[
                0
            ]
            _ = try await source.run(
                "ALTER TABLE t ADD x int DEFAULT 5; INSERT INTO t VALUES (3, 30, 300, 2, 7)"
            )
            _ = try await lake.synced(source.address, [source.stream], Self.merge)
            try await takeBack(first, lake)
            _ = try await lake.synced(source.address, [source.stream], Self.merge)
            try await expectEqual(source, first.location, "id, v, w, u, x")
        }
    }

    @Test func `versions that were appended before a table was taken back are not guessed`()
        async throws
    {
        try await withSource("sqlite") { source, lake in
            _ = try await source.run(Self.make)
            let first = try await lake.synced(source.address, [source.stream], Self.append).streams[
                0
            ]
            _ = try await source.run(
                "ALTER TABLE t ADD x int; INSERT INTO t VALUES (3, 30, 300, 2, 7)"
            )
            _ = try await lake.synced(source.address, [source.stream], Self.append)
            try await takeBack(first, lake)
            let result = try await lake.sync(source.address, [source.stream], Self.append)
            #expect(
                !result.succeeded && result.transcript.contains("--restart"),
                "\(result.transcript)"
            )
        }
    }

    @Test(
        arguments: ["postgres", "sqlite"],
        [["renew", "v"], ["swap", "v", "w"], ["renew", "id"]]
    )
    func `columns that other programs gave another name`(kind: String, action: [String])
        async throws
    {
        try await withSource(kind) { source, lake in
            _ = try await source.run(Self.make)
            let first = try await lake.synced(source.address, [source.stream], Self.merge).streams[
                0
            ]
            let others = try await Lake.python("others.py", [first.location] + action)
            try #require(others.succeeded, "\(others.transcript)")
            _ = try await source.run("UPDATE t SET v = 11, u = 2 WHERE id = 1")
            let result = try await lake.sync(source.address, [source.stream], Self.merge)
            if action.last == "id" {
                #expect(
                    !result.succeeded && result.transcript.contains("--restart"),
                    "\(result.transcript)"
                )
                return
            }
            try #require(result.succeeded, "\(result.transcript)")
            try await expectEqual(source, first.location, "id, v, w, u")
        }
    }

    private func takeBack(_ run: SyncReport.Stream, _ lake: Lake) async throws {
        let snapshot = try #require(run.snapshotID)
        let table = run.location.split(separator: "/").suffix(2).joined(separator: ".")
        let result = try await ChildProcess.run(
            TestEnvironment.binary,
            ["dataset", "rollback", table, "--to", String(snapshot), "--lake", lake.folder]
        )
        try #require(result.succeeded, "\(result.transcript)")
    }
}
