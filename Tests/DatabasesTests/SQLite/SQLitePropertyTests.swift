import Columnar
import Databases
import GRDB
import Streams
import Testing

@Suite struct SQLitePropertyTests {
    @Test(arguments: 1...40)
    func `values of a random table equal what SQLite itself answers`(_ seed: UInt64) async throws {
        var generator = SQLiteTestGenerator(state: seed)
        let declarations = [
            "", "INTEGER", "REAL", "TEXT", "BLOB", "NUMERIC", "BOOLEAN", "DECIMAL(12,3)", "DATE",
        ]
        let columns = (0..<Int.random(in: 1...6, using: &generator)).map {
            "c\($0) \(declarations.randomElement(using: &generator) ?? "")"
        }
        // Each column draws from a few kinds only, so that pure columns come up too.
        let kinds = columns.map { _ in
            (0..<Int.random(in: 1...3, using: &generator)).map { _ in
                Int.random(in: 0..<7, using: &generator)
            }
        }
        var statements = ["CREATE TABLE t (\(columns.joined(separator: ", ")))"]
        for _ in 0..<Int.random(in: 0...300, using: &generator) {
            let values = kinds.map { Self.literal($0.randomElement(using: &generator), &generator) }
            statements.append("INSERT INTO t VALUES (\(values.joined(separator: ", ")))")
        }
        try await SQLiteScratch.run(statements) { scratch in
            let read = try await scratch.source.contents("t")
            let expected = try await scratch.queue.read { db in
                try Row.fetchAll(db, sql: "SELECT * FROM t").map { row in
                    zip(read.types, row.databaseValues).map { Self.text($1, as: $0) }
                }
            }
            #expect(read.rows == expected, "seed \(seed): \(statements[0])")
            #expect(read.count == .exactly(Int64(expected.count)))
            for (index, column) in read.plan.columns.enumerated() where column.isRequired {
                #expect(!read.column(index).contains(nil), "seed \(seed)")
            }
        }
    }

    /// A value as SQL.
    private static func literal(
        _ kind: Int?,
        _ generator: inout SQLiteTestGenerator
    ) -> String {
        switch kind {
        case 0: return "NULL"
        case 1: return String(Int.random(in: 0...1, using: &generator))
        case 2: return String(Int64(truncatingIfNeeded: generator.next()))
        case 3: return String(Double.random(in: -1e6...1e6, using: &generator))
        case 4: return "\(Int.random(in: -9999...9999, using: &generator)).125"
        case 5:
            let length = Int.random(in: 0...12, using: &generator)
            let text = (0..<length).map { _ in "abc é€🎁x%".randomElement(using: &generator) ?? "-" }
            return "'\(String(text))'"
        default:
            let length = Int.random(in: 0...8, using: &generator)
            let digits = (0..<length * 2).map { _ in
                "0123456789abcdef".randomElement(using: &generator) ?? "0"
            }
            return "x'\(String(digits))'"
        }
    }

    /// What GRDB read, as the lake type prints it in these tests.
    private static func text(_ value: DatabaseValue, as type: DataType) -> String? {
        switch (value.storage, type) {
        case (.null, _): nil
        case (.int64(let value), .double): String(Double(value))
        case (.int64(let value), .boolean): value == 0 ? "false" : "true"
        case (.int64(let value), .decimal(_, let scale)):
            String((0..<scale).reduce(Int128(value)) { product, _ in product * 10 })
        case (.int64(let value), _): String(value)
        case (.double(let value), .decimal(_, let scale)):
            String(Int128(((0..<scale).reduce(value) { product, _ in product * 10 }).rounded()))
        case (.double(let value), _): String(value)
        case (.string(let value), _): value
        case (.blob(let data), _):
            hexadecimal(Array(data), isMarked: type == .string)
        }
    }

    private static func hexadecimal(_ bytes: [UInt8], isMarked: Bool) -> String {
        let digits = bytes.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
        return isMarked ? "x'\(digits)'" : digits
    }
}
