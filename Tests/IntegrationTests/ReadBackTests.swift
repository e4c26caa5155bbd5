import TestSupport
import Testing

/// DuckDB, pyarrow, pyiceberg and polars open the tables by path and agree.
@Suite struct ReadBackTests {
    private static let orders = """
        CREATE TABLE orders (id int PRIMARY KEY, customer text, amount numeric(10, 2), placed date);
        INSERT INTO orders SELECT i, 'customer ' || i % 97, i / 3.0, date '2024-01-01' + i % 1000
        FROM generate_series(1, 40000) i;
        """

    private func withOrders(
        _ body: (PostgresDatabase, Lake) async throws -> Void
    ) async throws {
        try await PostgresDatabase.withNew { database in
            try await database.run(Self.orders)
            try await Lake.withNew { lake in try await body(database, lake) }
        }
    }

    /// The table's verdict, with its count and sums held against the source's.
    private func verdictEqualToSource(
        _ database: PostgresDatabase,
        _ location: String
    ) async throws -> Verdict {
        let verdict = try await Lake.verdict(location)
        let source = try await database.run(
            "SELECT count(*), sum(id), trim_scale(sum(amount)) FROM orders"
        )
        #expect(
            source == "\(verdict.rows)|\(verdict.sums["id"] ?? "")|\(verdict.sums["amount"] ?? "")"
        )
        return verdict
    }

    @Test func `all engines agree with the source, and again after a second sync`() async throws {
        try await withOrders { database, lake in
            let first = try await lake.synced(database.url, ["public.orders"]).streams[0]
            #expect(first.reconciliation?.status == "equal")
            let before = try await verdictEqualToSource(database, first.location)
            #expect(before.rows == 40_000)

            try await database.run("DELETE FROM orders WHERE id % 2 = 0")
            try await database.run("UPDATE orders SET amount = -amount WHERE id < 100")
            let second = try await lake.synced(database.url, ["public.orders"]).streams[0]
            #expect(second.location == first.location)
            #expect(second.snapshotID != first.snapshotID)
            let after = try await verdictEqualToSource(database, second.location)
            #expect(after.rows == 20_000)
            #expect(after.digest != before.digest)
            #expect(after.columns == before.columns)
            #expect(after.snapshots == before.snapshots + 1)
        }
    }

    @Test func `every engine reads a table that was taken back, and the sync after it`()
        async throws
    {
        try await withOrders { database, lake in
            let first = try await lake.synced(database.url, ["public.orders"]).streams[0]
            let before = try await Lake.verdict(first.location)
            try await database.run("DELETE FROM orders WHERE id % 2 = 0")
            _ = try await lake.synced(database.url, ["public.orders"])
            let snapshot = try #require(first.snapshotID)
            func rollBack(to snapshot: String) async throws -> ProcessResult {
                try await ChildProcess.run(
                    TestEnvironment.binary,
                    [
                        "dataset", "rollback", "public.orders", "--to", snapshot, "--lake",
                        lake.folder,
                    ]
                )
            }
            let result = try await rollBack(to: "\(snapshot)")
            try #require(result.succeeded, "\(result.transcript)")
            #expect(result.standardOutput.contains("40,000 rows"), "\(result.transcript)")
            let back = try await Lake.verdict(first.location)
            #expect(back.digest == before.digest && back.rows == 40_000)
            let unknown = try await rollBack(to: "17")
            #expect(unknown.end == .exited(5), "\(unknown.transcript)")
            #expect(unknown.standardError.contains("no snapshot 17"), "\(unknown.transcript)")
            _ = try await lake.synced(database.url, ["public.orders"])
            _ = try await verdictEqualToSource(database, first.location)
        }
    }

    @Test func `a sync of unchanged rows gives an equal table`() async throws {
        try await withOrders { database, lake in
            let first = try await lake.synced(database.url, ["public.orders"]).streams[0]
            let before = try await Lake.verdict(first.location)
            _ = try await lake.synced(database.url, ["public.orders"])
            #expect(try await Lake.verdict(first.location).digest == before.digest)
        }
    }

    @Test func `added, dropped and widened columns keep the field ids of the others`() async throws
    {
        try await withOrders { database, lake in
            let location = try await lake.synced(database.url, ["public.orders"]).streams[0]
                .location
            let before = try await Lake.verdict(location)
            try await database.run(
                """
                ALTER TABLE orders ALTER COLUMN id TYPE bigint, ADD COLUMN note text,
                    DROP COLUMN customer, ALTER COLUMN amount TYPE numeric(14, 2);
                UPDATE orders SET id = id + 5000000000, note = 'n' || id;
                """
            )
            let report = try await lake.synced(database.url, ["public.orders"]).streams[0]
            #expect(report.schemaChanges.count == 4, "\(report.schemaChanges)")
            let after = try await verdictEqualToSource(database, location)
            let ids = Dictionary(
                uniqueKeysWithValues: before.columns.map { ($0.name, $0.id) }
            )
            let types = Dictionary(uniqueKeysWithValues: after.columns.map { ($0.name, $0.type) })
            #expect(
                types == [
                    "id": "long", "customer": "string", "amount": "decimal(14, 2)",
                    "placed": "date", "note": "string",
                ]
            )
            for column in after.columns where column.name != "note" {
                #expect(column.id == ids[column.name], "\(column.name)")
            }
            let gone = try await Lake.query(
                location,
                "SELECT count(*), count(customer), count(note) FROM lake"
            )
            #expect(gone == [["40000", "0", "40000"]])
        }
    }

    @Test func `a column of another type stops the run until it is allowed`() async throws {
        try await withOrders { database, lake in
            let location = try await lake.synced(database.url, ["public.orders"]).streams[0]
                .location
            let before = try await Lake.verdict(location)
            try await database.run("ALTER TABLE orders ALTER COLUMN placed TYPE text")
            let refused = try await lake.sync(database.url, ["public.orders"])
            #expect(refused.end == .exited(1), "\(refused.transcript)")
            #expect(refused.standardError.contains("placed"))
            #expect(try await Lake.verdict(location) == before)
            _ = try await lake.synced(database.url, ["public.orders"], ["--allow-type-change"])
            let after = try await verdictEqualToSource(database, location)
            let placed = try #require(after.columns.first { $0.name == "placed" })
            #expect(placed.type == "string")
            #expect(!before.columns.map(\.id).contains(placed.id))
        }
    }

    @Test func `only the chosen columns and rows are read`() async throws {
        try await withOrders { database, lake in
            let report = try await lake.synced(
                database.url,
                ["public.orders"],
                ["--columns", "id,amount", "--where", "id <= 10", "--into", "mart.few"]
            )
            let verdict = try await Lake.verdict(report.streams[0].location)
            #expect(verdict.rows == 10)
            #expect(verdict.columns.map(\.name) == ["id", "amount"])
            #expect(report.streams[0].location.hasSuffix("/warehouse/mart/few"))
        }
    }
}
