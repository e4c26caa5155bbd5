import Columnar
import Databases
import FoundationEssentials
import GRDB
import Streams

/// A database in a folder of its own, gone when the test is done.
struct SQLiteScratch {
    let path: String
    let queue: DatabaseQueue

    var source: SQLiteSource { SQLiteSource(path: path) }

    /// Runs `body` with a database made by `statements`.
    static func run<Result>(
        _ statements: [String] = [],
        _ body: (SQLiteScratch) async throws -> Result
    ) async throws -> Result {
        let folder = FileManager.default.temporaryDirectory
            .appendingPathComponent("tributary-sqlite-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer {
            // A folder left behind in the temporary directory harms no one.
            try? FileManager.default.removeItem(at: folder)
        }
        let path = folder.appendingPathComponent("source.db").path
        var configuration = Configuration()
        configuration.acceptsDoubleQuotedStringLiterals = true
        let queue = try DatabaseQueue(path: path, configuration: configuration)
        try await queue.write { db in
            for statement in statements { try db.execute(sql: statement) }
        }
        return try await body(SQLiteScratch(path: path, queue: queue))
    }
}

/// All rows of one read, each value as text.
struct SQLiteContents {
    var plan: ReadPlan
    var rows: [[String?]]
    var progress: ReadProgress
    var count: RowCountAnswer

    var types: [DataType] { plan.columns.map(\.type) }

    /// The values of one column.
    func column(_ index: Int) -> [String?] { rows.map { $0[index] } }
}

extension SQLiteSource {
    /// Reads everything of a request.
    func contents(_ request: ReadRequest) async throws -> SQLiteContents {
        try await read(request) { reader in
            let batch = Batch(schema: reader.plan.schema)
            try await reader.lanes[0].begin(.whole, at: nil)
            var rows: [[String?]] = []
            var hasMore = true
            while hasMore {
                hasMore = try await reader.lanes[0].fill(batch)?.step != .done
                for index in 0..<batch.rowCount {
                    rows.append(batch.columns.map { $0.unitText(at: index) })
                }
                batch.removeAll()
            }
            return SQLiteContents(
                plan: reader.plan,
                rows: rows,
                progress: await reader.lanes[0].progress(),
                count: try await reader.sourceRowCount()
            )
        }
    }

    /// Reads all of a table.
    func contents(_ table: String) async throws -> SQLiteContents {
        try await contents(ReadRequest(stream: StreamName(namespace: nil, name: table)))
    }
}

extension ColumnBuffer {
    /// One value as text, plainly: numbers as digits, bytes in hex, days and microseconds as
    /// integers, decimals unscaled.
    func unitText(at index: Int) -> String? {
        guard isValid(index) else { return nil }
        switch storage {
        case .variable:
            let bytes = UnsafeRawBufferPointer(rebasing: values.bytes[range(at: index)])
            return type == .string
                ? String(decoding: bytes, as: UTF8.self) : Self.hexadecimal(bytes)
        case .fixed(let width):
            let bytes = UnsafeRawBufferPointer(
                rebasing: values.bytes[index * width..<(index + 1) * width]
            )
            switch type {
            case .double: return String(bytes.loadUnaligned(as: Double.self))
            case .uuid: return Self.hexadecimal(bytes)
            case .boolean: return bytes[0] == 0 ? "false" : "true"
            default: break
            }
            switch width {
            case 4: return String(bytes.loadUnaligned(as: Int32.self))
            case 8: return String(bytes.loadUnaligned(as: Int64.self))
            default: return String(bytes.loadUnaligned(as: Int128.self))
            }
        case .list, .structure: return "nested"
        }
    }

    private static func hexadecimal(_ bytes: UnsafeRawBufferPointer) -> String {
        bytes.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
    }
}

/// SplitMix64, so that a failing seed can be run again.
struct SQLiteTestGenerator: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }
}
