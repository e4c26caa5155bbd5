import Basics
import Columnar
import Databases
import FoundationEssentials
import GRDB
import Streams
import Testing

@Suite struct SQLiteSourceTests {
    private static func source(_ address: String) throws -> any Source {
        try SourceKinds([SQLiteSourceKind()]).open(
            address,
            SourceUse(limits: SourceLimits(laneCount: 1))
        )
    }

    // MARK: Addresses and files

    @Test(arguments: [
        ("sqlite:shop.db", "shop.db"), ("sqlite:///data/shop.db", "/data/shop.db"),
        ("sqlite:/data/a b?.db", "/data/a b?.db"), ("SQLITE:./x", "./x"),
    ]) func `an address names a path`(_ address: String, _ path: String) throws {
        let source = try Self.source(address)
        #expect((source as? SQLiteSource)?.path == path)
        #expect(source.location.description == "sqlite:\(path)")
    }

    @Test(arguments: [
        "sqlite:", "sqlite://", "sqlite://host/x.db", "shop.db", "sqlite:a\u{0}b", "",
    ])
    func `an address without a path is refused`(_ address: String) {
        let error = #expect(throws: SourceError.self) { try Self.source(address) }
        #expect(error?.code == .configuration)
    }

    @Test(arguments: ["missing.db", ":memory:", "file:missing.db?mode=rwc", "a/b/c.db"])
    func `a missing file is not created`(_ name: String) async throws {
        let source = SQLiteSource(path: name)
        let error = await #expect(throws: SourceError.self) { try await source.check() }
        #expect(error?.code == .notFound)
        #expect(!FileManager.default.fileExists(atPath: name))
    }

    @Test func `a folder and a file of another kind are refused`() async throws {
        try await SQLiteScratch.run { scratch in
            let other = scratch.path + ".txt"
            try Data(String(repeating: "not a database ", count: 100).utf8)
                .write(to: URL(fileURLWithPath: other))
            let error = await #expect(throws: SourceError.self) {
                try await SQLiteSource(path: other).check()
            }
            #expect(error?.code == .unsupported)
            #expect(error?.message.contains("not a SQLite database") == true)
        }
        let folder = await #expect(throws: SourceError.self) {
            try await SQLiteSource(path: "/tmp").check()
        }
        #expect(folder?.code == .configuration)
    }

    @Test func `a damaged file is said to be damaged`() async throws {
        let inserts = (0..<200).map { "INSERT INTO t VALUES (\($0), hex(zeroblob(200)))" }
        try await SQLiteScratch.run(["CREATE TABLE t (a, b)"] + inserts) { scratch in
            var bytes = try Data(contentsOf: URL(fileURLWithPath: scratch.path))
            for index in 4096..<bytes.count { bytes[index] = 0xA5 }
            let damaged = scratch.path + ".damaged"
            try bytes.write(to: URL(fileURLWithPath: damaged))
            let error = await #expect(throws: SourceError.self) {
                try await SQLiteSource(path: damaged).contents("t")
            }
            #expect(error?.code == .unsupported)
            #expect(error?.message.contains("damaged") == true)
        }
    }

    @Test func `a write that was cut off is not rolled back by a reader`() async throws {
        try await SQLiteScratch.run([
            "CREATE TABLE t (a, b)",
            """
            INSERT INTO t WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 999)
            SELECT i, hex(zeroblob(500)) FROM n
            """,
        ]) { scratch in
            let copy = scratch.path + ".copy"
            try await scratch.queue.writeWithoutTransaction { db in
                try db.execute(sql: "PRAGMA cache_size = 2")
                try db.execute(sql: "BEGIN")
                try db.execute(sql: "UPDATE t SET a = a + 1, b = hex(zeroblob(501))")
                for suffix in ["", "-journal"] {
                    try FileManager.default.copyItem(
                        atPath: scratch.path + suffix,
                        toPath: copy + suffix
                    )
                }
                try db.execute(sql: "ROLLBACK")
            }
            let error = await #expect(throws: SourceError.self) {
                try await SQLiteSource(path: copy).check()
            }
            #expect(error?.code == .permission)
            #expect(error?.message.contains("cut off") == true)
        }
    }

    @Test func `a read that failed does not go on`() async throws {
        try await SQLiteScratch.run([
            "CREATE TABLE t (c TEXT)", "INSERT INTO t VALUES (CAST(x'ff' AS TEXT)), ('b')",
        ]) {
            let codes = try await $0.source.read(Self.stream("t")) { reader in
                var codes: [SourceError.Code] = []
                try await reader.lanes[0].begin(.whole, at: nil)
                for _ in 0..<2 {
                    do throws(any Error) {
                        _ = try await reader.lanes[0].fill(Batch(schema: reader.plan.schema))
                    } catch let error as SourceError {
                        codes.append(error.code)
                    }
                }
                return codes
            }
            #expect(codes == [.badValue, .interrupted])
        }
    }

    @Test func `a locked database is named as such and may be tried again`() async throws {
        try await SQLiteScratch.run(["CREATE TABLE t (a)"]) { scratch in
            var configuration = Configuration()
            configuration.allowsUnsafeTransactions = true
            let writer = try DatabaseQueue(path: scratch.path, configuration: configuration)
            try await writer.writeWithoutTransaction { try $0.execute(sql: "BEGIN EXCLUSIVE") }
            let error = await #expect(throws: SourceError.self) { try await scratch.source.check() }
            #expect(error?.code == .unreachable)
            #expect(error?.failureClass == .transient)
            try await writer.writeWithoutTransaction { try $0.execute(sql: "ROLLBACK") }
            #expect(try await scratch.source.check().streamCount == 1)
        }
    }

    @Test func `a check tells what the file is`() async throws {
        try await SQLiteScratch.run(["CREATE TABLE t (a)", "CREATE VIEW v AS SELECT 1 AS x"]) {
            let check = try await $0.source.check()
            #expect(check.version.hasPrefix("SQLite 3."))
            #expect(check.facts.contains("journal mode delete"))
            #expect(check.facts.contains("1 table, 1 view"))
            #expect(check.streamCount == 2)
        }
    }

    // MARK: Discovery

    @Test func `streams are listed without what SQLite keeps for itself`() async throws {
        try await SQLiteScratch.run([
            "CREATE TABLE parts (id INTEGER PRIMARY KEY AUTOINCREMENT, g AS (id * 2), h TEXT NOT NULL)",
            "CREATE TABLE keyed (b TEXT, a INT, PRIMARY KEY (a, b)) WITHOUT ROWID",
            "CREATE TABLE fallen (id INTEGER PRIMARY KEY DESC)",
            "CREATE VIRTUAL TABLE search USING fts5(body)",
            "CREATE TABLE gone (x)", "CREATE VIEW lost AS SELECT x FROM gone", "DROP TABLE gone",
            "CREATE VIEW seen AS SELECT id, \"a text\" AS c FROM parts",
            "INSERT INTO parts (id, h) VALUES (11, 'x'), (30, 'y')", "ANALYZE",
            "CREATE TABLE later (x)", "INSERT INTO later VALUES (1), (2), (3)",
        ]) {
            let streams = try await $0.source.discover()
            #expect(
                streams.map(\.name.name) == [
                    "fallen", "keyed", "later", "lost", "parts", "search", "seen",
                ]
            )
            let named = Dictionary(uniqueKeysWithValues: streams.map { ($0.name.name, $0) })
            #expect(named["parts"]?.columns.map(\.name) == ["id", "g", "h"])
            #expect(named["parts"]?.columns.map(\.isNullable) == [false, true, false])
            #expect(named["parts"]?.estimatedRowCount == 2)
            #expect(named["parts"]?.resume == .rowRange)
            #expect(named["later"]?.estimatedRowCount == 3)
            #expect(named["keyed"]?.primaryKey == ["a", "b"])
            #expect(named["keyed"]?.resume == ResumeGuarantee.none)
            #expect(named["fallen"]?.columns.map(\.isNullable) == [true])
            #expect(named["search"]?.kind == "virtual table")
            #expect(named["search"]?.columns.map(\.name) == ["body"])
            #expect(named["seen"]?.kind == "view")
            #expect(named["seen"]?.resume == ResumeGuarantee.none)
            #expect(named["lost"]?.columns == [])
        }
    }

    @Test func `generated columns, views and virtual tables are read`() async throws {
        try await SQLiteScratch.run([
            "CREATE TABLE t (a INTEGER, b AS (a * 2), c TEXT AS (a || '!') STORED)",
            "CREATE VIEW v AS SELECT a, \"a text\" AS said FROM t",
            "CREATE VIRTUAL TABLE f USING fts5(body)",
            "INSERT INTO t (a) VALUES (1), (2)", "INSERT INTO f VALUES ('word')",
        ]) {
            let table = try await $0.source.contents("t")
            #expect(table.rows == [["1", "2", "1!"], ["2", "4", "2!"]])
            let view = try await $0.source.contents("v")
            #expect(view.rows == [["1", "a text"], ["2", "a text"]])
            let virtual = try await $0.source.contents("f")
            #expect(virtual.rows == [["word"]])
        }
    }

    // MARK: Requests

    @Test func `names may hold anything`() async throws {
        let table = "or\"der. Größe'; --"
        let names = ["select", "a.b", "quo\"te", "ünï 🎁", "x'y", "a\nb", "[c]", " "]
        let columns = names.map { "\"\($0.replacing("\"", with: "\"\""))\" TEXT" }
        let quoted = "\"\(table.replacing("\"", with: "\"\""))\""
        try await SQLiteScratch.run([
            "CREATE TABLE \(quoted) (\(columns.joined(separator: ", ")))",
            "INSERT INTO \(quoted) VALUES (1, 2, 3, 4, 5, 6, 7, 8)",
        ]) {
            let read = try await $0.source.contents(table)
            #expect(read.plan.columns.map(\.name) == names)
            #expect(read.rows == [["1", "2", "3", "4", "5", "6", "7", "8"]])
            let other = try await $0.source.contents("OR\"DER. GRößE'; --")
            #expect(other.rows.count == 1)
        }
    }

    @Test func `columns and rows are chosen`() async throws {
        try await SQLiteScratch.run(Self.shop) {
            var request = Self.request
            request.columns = ["total", "ID"]
            request.filter = "total > 1 -- not the small ones"
            let read = try await $0.source.contents(request)
            #expect(read.plan.columns.map(\.name) == ["id", "total"])
            #expect(read.rows == [["2", "20"], ["3", "x"]])
            #expect(read.count == .exactly(2))
            #expect(
                read.plan.query
                    == "SELECT \"id\", \"total\" FROM main.\"orders\" "
                    + "WHERE (total > 1 -- not the small ones\n)"
            )
            #expect(read.plan.estimatedRowCount == 2)
            #expect(read.plan.types == [.long, .string])
            request.filter = "total < 20"
            #expect(try await $0.source.plan(request).types == [.long, .long])
        }
    }

    @Test(arguments: [
        "totl > 1", "\"totl\" > 1", "1 +", "1); DROP TABLE orders; --", "nofunction(1)",
    ])
    func `a condition that is not SQL is refused by name`(_ filter: String) async throws {
        try await SQLiteScratch.run(Self.shop) { scratch in
            var request = Self.request
            request.filter = filter
            let wrong = request
            let error = await #expect(throws: SourceError.self) {
                try await scratch.source.plan(wrong)
            }
            #expect(error?.code == .configuration)
            #expect(error?.message.contains(filter) == true)
        }
    }

    @Test func `an unknown column or table is not found, with the near ones`() async throws {
        try await SQLiteScratch.run(Self.shop) { scratch in
            var request = Self.request
            request.columns = ["totla"]
            let columns = request
            let column = await #expect(throws: SourceError.self) {
                try await scratch.source.plan(columns)
            }
            #expect(column?.code == .notFound)
            #expect(column?.message.contains("near it are: total") == true)
            let table = await #expect(throws: SourceError.self) {
                try await scratch.source.contents("order")
            }
            #expect(table?.code == .notFound)
            #expect(table?.message.contains("near it are: orders") == true)
            request.columns = []
            let none = request
            let empty = await #expect(throws: SourceError.self) {
                try await scratch.source.plan(none)
            }
            #expect(empty?.code == .configuration)
        }
    }

    @Test func `a table without rows ends at once`() async throws {
        try await SQLiteScratch.run(["CREATE TABLE t (a NOT NULL)"]) {
            let read = try await $0.source.contents("T")
            #expect(read.rows == [])
            #expect(read.count == .exactly(0))
            #expect(read.plan.columns[0].isRequired)
        }
    }

    @Test func `two thousand columns arrive`() async throws {
        let columns = (0..<2000).map { "c\($0) INTEGER" }.joined(separator: ", ")
        let values = (0..<2000).map { "i * \($0)" }.joined(separator: ", ")
        try await SQLiteScratch.run([
            "CREATE TABLE t (\(columns))",
            """
            INSERT INTO t WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 700)
            SELECT \(values) FROM n
            """,
        ]) {
            let read = try await $0.source.contents("t")
            #expect(read.rows.count == 700)
            #expect(read.rows.allSatisfy { $0.count == 2000 })
            #expect(read.rows[699][1999] == String(700 * 1999))
        }
    }

    @Test func `a value of 200 MB arrives in a batch of its own size`() async throws {
        try await SQLiteScratch.run([
            "CREATE TABLE t (a INTEGER, b BLOB)",
            "INSERT INTO t VALUES (1, x'01'), (2, zeroblob(200000000)), (3, x'03')",
        ]) {
            let lengths = try await $0.source.read(Self.stream("t")) { reader in
                let batch = Batch(schema: reader.plan.schema)
                try await reader.lanes[0].begin(.whole, at: nil)
                var lengths: [[Int]] = []
                var hasMore = true
                while hasMore {
                    batch.removeAll()
                    hasMore = try await reader.lanes[0].fill(batch)?.step != .done
                    lengths.append(
                        (0..<batch.rowCount).map { batch.columns[1].range(at: $0).count }
                    )
                }
                return lengths
            }
            #expect(lengths == [[1, 200_000_000], [1]])
        }
    }

    // MARK: Snapshots and stopping

    @Test func `a read sees one snapshot while another connection writes`() async throws {
        try await SQLiteScratch.run(["CREATE TABLE t (a INTEGER)"]) { scratch in
            try await scratch.queue.writeWithoutTransaction { db in
                try db.execute(sql: "PRAGMA journal_mode = WAL")
                try db.execute(
                    sql: """
                        INSERT INTO t WITH RECURSIVE n(i) AS
                        (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 50000) SELECT i FROM n
                        """
                )
            }
            let sums = try await scratch.source.read(Self.stream("t")) { reader in
                let batch = Batch(schema: reader.plan.schema)
                try await reader.lanes[0].begin(.whole, at: nil)
                var rows = 0
                var hasMore = true
                while hasMore {
                    batch.removeAll()
                    hasMore = try await reader.lanes[0].fill(batch)?.step != .done
                    rows += batch.rowCount
                    try await scratch.queue.write { db in
                        try db.execute(sql: "DELETE FROM t WHERE a % 3 = 0")
                        try db.execute(sql: "INSERT INTO t VALUES ('surprise'), (1.5)")
                    }
                }
                return (rows, try await reader.sourceRowCount())
            }
            #expect(sums.0 == 50_000)
            #expect(sums.1 == .exactly(50_000))
            #expect(try await scratch.source.contents("t").types == [.string])
        }
    }

    @Test func `a cancelled read stops inside a statement`() async throws {
        try await SQLiteScratch.run([
            """
            CREATE VIEW endless AS WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n)
            SELECT i FROM n WHERE i < 0
            """
        ]) { scratch in
            let source = scratch.source
            await #expect(throws: CancellationError.self) {
                try await withThrowingTaskGroup(of: Void.self) { group in
                    group.addTask { _ = try await source.contents("endless") }
                    group.cancelAll()
                    try await group.waitForAll()
                }
            }
            // Cancelled while the statement surely runs: the scan of the view never ends.
            await #expect(throws: CancellationError.self) {
                try await withThrowingTaskGroup(of: Void.self) { group in
                    group.addTask { _ = try await source.contents("endless") }
                    _ = try await source.discover()
                    group.cancelAll()
                    try await group.waitForAll()
                }
            }
        }
    }

    @Test func `an error of the reader's user ends the read and frees the file`() async throws {
        try await SQLiteScratch.run(Self.shop) { scratch in
            await #expect(throws: CancellationError.self) {
                try await scratch.source.read(Self.request) { _ in throw CancellationError() }
            }
            try await scratch.queue.write { try $0.execute(sql: "DROP TABLE orders") }
            #expect(try await scratch.source.discover().isEmpty)
        }
    }

    private static let shop = [
        "CREATE TABLE orders (id INTEGER PRIMARY KEY, total, note TEXT)",
        "INSERT INTO orders VALUES (1, 1, 'a'), (2, 20, NULL), (3, 'x', 'c')",
    ]

    private static var request: ReadRequest { stream("orders") }

    private static func stream(_ name: String) -> ReadRequest {
        ReadRequest(stream: StreamName(namespace: nil, name: name))
    }
}

extension ReadPlan {
    fileprivate var types: [DataType] { columns.map(\.type) }
}
