import Basics
import Columnar
import FoundationEssentials
import Iceberg
import ObjectStorage
import Synchronization
import TestSupport
import Testing

/// A catalog in a scratch folder, with a clock and chance that repeat.
struct TestLake: Sendable {
    let root: String
    let store: any ObjectStore
    let catalog: FilesystemCatalog

    init(root: String, store: any ObjectStore, seed: UInt64 = 1) throws {
        self.root = root
        self.store = store
        let state = Mutex((time: Int64(1_790_000_000_000), generator: SplitMix64(seed: seed)))
        catalog = FilesystemCatalog(
            store: store,
            warehouse: try ObjectKey("warehouse"),
            clocks: Clocks(
                now: {
                    state.withLock { state in
                        state.time += 1_000
                        return Instant(milliseconds: state.time)
                    }
                },
                // It stands still, however slow the machine is: what was waited counts.
                uptime: { Uptime(boot: "one", sinceBoot: .zero) },
                sleep: { _ in await Task.yield() },
                chance: { state.withLock { $0.generator.next() } }
            )
        )
    }

    /// The same lake through another store, as another process sees it.
    func other(seed: UInt64, store: (any ObjectStore)? = nil) throws -> TestLake {
        try TestLake(
            root: root,
            store: store ?? LocalStore(root: root, access: .writing),
            seed: seed
        )
    }

    /// The names in a folder of the lake.
    func names(_ key: ObjectKey) async throws -> [String] {
        try await store.list(key).objects.map(\.key.name)
    }
}

/// Lends a lake in a scratch folder.
func withLake<Result>(_ body: (TestLake) async throws -> Result) async throws -> Result {
    try await withScratchDirectory { root in
        try await body(
            TestLake(root: root, store: try LocalStore(root: root, access: .writing))
        )
    }
}

extension TableName {
    static var orders: TableName {
        get throws { try TableName(namespace: "shop", name: "orders") }
    }
}

/// The schema of the tables in these tests.
let ordersSchema = Schema([
    Field(id: 1, name: "id", type: .long, isRequired: true, documentation: "The \"key\"\n"),
    Field(id: 2, name: "name", type: .string),
])

/// A made-up file, for tests that read no rows.
func fakeFile(_ name: String, rows: Int64 = 10) -> DataFile {
    DataFile(
        path: "/lake/\(name)",
        summary: FileSummary(rowCount: rows, byteCount: rows * 100, columns: [], splitOffsets: [4])
    )
}

/// Runs one of the Python programs beside the tests and gives what it printed.
func python(_ script: String, _ arguments: String...) async throws -> Data {
    let path = TestEnvironment.packageRoot + "/Tests/Python/" + script
    let result = try await ChildProcess.run(try TestEnvironment.python, [path] + arguments)
    guard result.succeeded else { throw TestSupportError("\(script): \(result.transcript)") }
    return Data(result.standardOutput.utf8)
}

/// A column of a file that Python writes.
struct TestColumn: Encodable {
    var id: Int
    var name: String
    var type: String
    var values: [String?]

    enum CodingKeys: CodingKey { case id, name, type, values }

    func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(id, forKey: .id)
        try container.encode(name, forKey: .name)
        try container.encode(type, forKey: .type)
        switch type {
        case "int32", "int64":
            try container.encode(values.map { $0.flatMap { Int64($0) } }, forKey: .values)
        case "float", "double":
            try container.encode(values.map { $0.flatMap { Double($0) } }, forKey: .values)
        default: try container.encode(values, forKey: .values)
        }
    }
}

extension TestLake {
    private struct Written: Decodable {
        var rows: Int64
        var bytes: Int64
    }

    /// Writes a data file with Python and gives its record.
    func writeFile(
        _ identifier: TableName,
        _ columns: [TestColumn],
        facts: [ColumnSummary] = []
    ) async throws -> DataFile {
        let key = try catalog.folder(of: identifier)
            .appending("data/\(UUID().uuidString).parquet")
        let path = store.locations.location(of: key)
        let json = String(decoding: try JSONEncoder().encode(columns), as: UTF8.self)
        let written = try JSONDecoder().decode(
            Written.self,
            from: try await python("iceberg_files.py", path, json)
        )
        return DataFile(
            path: path,
            summary: FileSummary(
                rowCount: written.rows,
                byteCount: written.bytes,
                columns: facts,
                splitOffsets: [4]
            )
        )
    }

    /// Writes a file of `ids` and names, with their true bounds.
    func writeOrders(_ ids: ClosedRange<Int>, table: TableName) async throws -> DataFile {
        let names = ids.map { "name-of-order-number-\($0)" }
        let count = Int64(ids.count)
        func fact(_ id: Int, _ type: DataType, _ low: Scalar, _ high: Scalar) -> ColumnSummary {
            ColumnSummary(
                fieldID: id,
                type: type,
                isRepeated: false,
                compressedByteCount: 10,
                valueCount: count,
                nullCount: 0,
                nanCount: nil,
                minimum: low,
                maximum: high
            )
        }
        let sorted = names.map { Array($0.utf8) }.sorted { $0.lexicographicallyPrecedes($1) }
        return try await writeFile(
            table,
            [
                TestColumn(id: 1, name: "id", type: "int64", values: ids.map { String($0) }),
                TestColumn(id: 2, name: "name", type: "string", values: names),
            ],
            facts: [
                fact(1, .long, .integer(Int64(ids.lowerBound)), .integer(Int64(ids.upperBound))),
                fact(2, .string, .bytes(sorted[0]), .bytes(sorted[sorted.count - 1])),
            ]
        )
    }
}

/// What the engines say of a table.
struct EngineReading: Decodable {
    var pyiceberg: [[String?]]
    var duckdb: [[String?]]
    var polars: [[String?]]
    var identifier: [Int]
    var snapshots: [[String]]
    var entries: [[Int]]?
    var summary: [String: String]?

    /// Reads a table with every engine.
    static func of(
        _ identifier: TableName,
        in lake: TestLake,
        snapshot: Int64? = nil
    ) async throws -> EngineReading {
        let folder = try lake.catalog.location(of: identifier)
        let output =
            if let snapshot {
                try await python("iceberg_read.py", folder, String(snapshot))
            } else {
                try await python("iceberg_read.py", folder)
            }
        return try JSONDecoder().decode(EngineReading.self, from: output)
    }

    /// Expects all engines to see these rows.
    func expect(_ rows: [[String?]], sourceLocation: SourceLocation = #_sourceLocation) {
        #expect(pyiceberg == rows, sourceLocation: sourceLocation)
        #expect(duckdb == rows, sourceLocation: sourceLocation)
        #expect(polars == rows, sourceLocation: sourceLocation)
    }
}

/// Makes a file two hours old.
func age(_ path: String) throws {
    try FileManager.default.setAttributes(
        [.modificationDate: Date(timeIntervalSinceNow: -7_200)],
        ofItemAtPath: path
    )
}
