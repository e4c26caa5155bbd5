import Columnar
import TestSupport

/// Small deterministic columns of every type, for files that other engines read back.
struct WriterSamples {
    private var generator: SplitMix64

    init(seed: UInt64) { generator = SplitMix64(seed: seed) }

    mutating func next() -> UInt64 { generator.next() }

    /// One field of every type and the nestings of them, with field ids.
    static let schema: Schema = {
        let types: [(String, DataType)] = [
            ("boolean", .boolean), ("int", .int), ("long", .long), ("float", .float),
            ("double", .double), ("decimal9", .decimal(precision: 9, scale: 2)),
            ("decimal18", .decimal(precision: 18, scale: 4)),
            ("decimal38", .decimal(precision: 38, scale: 10)), ("date", .date), ("time", .time),
            ("timestamp", .timestamp), ("timestamptz", .timestamptz), ("string", .string),
            ("binary", .binary), ("uuid", .uuid),
            ("list", .list(element: Field(id: 101, name: "element", type: .string))),
            (
                "struct",
                .structure([
                    Field(id: 111, name: "a", type: .int),
                    Field(
                        id: 112,
                        name: "b",
                        type: .list(element: Field(id: 113, name: "element", type: .long))
                    ),
                ])
            ),
            (
                "map",
                .map(
                    key: Field(id: 121, name: "key", type: .string, isRequired: true),
                    value: Field(id: 122, name: "value", type: .double)
                )
            ),
        ]
        return Schema(
            [Field(id: 1, name: "row", type: .long, isRequired: true)]
                + types.enumerated().map { Field(id: $0 + 2, name: $1.0, type: $1.1) }
        )
    }()

    /// A batch of `rowCount` rows that begins at row `first`.
    mutating func batch(rows rowCount: Int, from first: Int) -> Batch {
        let batch = Batch(schema: Self.schema)
        for row in 0..<rowCount {
            batch.columns[0].append(Int64(first + row))
            for (field, column) in zip(Self.schema.fields, batch.columns).dropFirst() {
                append(field.type, isRequired: false, to: column)
            }
        }
        batch.rowCount = rowCount
        return batch
    }

    private mutating func append(_ type: DataType, isRequired: Bool, to column: ColumnBuffer) {
        let random = next()
        if !isRequired, random % 7 == 0 {
            column.appendNull()
            return
        }
        switch type {
        case .boolean: column.append(random & 8 != 0)
        case .int: column.append(Int32(truncatingIfNeeded: random >> 20))
        case .long: column.append(Int64(bitPattern: random) >> Int64(random % 60))
        case .float:
            column.append(
                random % 31 == 0 ? Float.nan : Float(Int32(truncatingIfNeeded: random) >> 10) / 8
            )
        case .double:
            column.append(
                random % 31 == 0 ? -Double.infinity : Double(Int64(bitPattern: random)) / 1024
            )
        case .decimal(let precision, _):
            var bound: Int128 = 1
            for _ in 0..<precision { bound *= 10 }
            let wide = Int128(truncatingIfNeeded: UInt128(random) << 64 | UInt128(next()))
            column.append(unscaled: wide % bound)
        case .date: column.append(Int32(random % 40_000) - 10_000)
        case .time: column.append(Int64(random % 86_400_000_000))
        case .timestamp, .timestamptz:
            column.append(Int64(random % 4_000_000_000_000_000) - 1_000_000_000_000_000)
        case .string:
            column.append(String(repeating: "é\(random % 11)", count: Int(random % 5)))
        case .binary, .uuid:
            let length = type == .uuid ? 16 : Int(random % 90)
            let bytes = (0..<length).map {
                UInt8(truncatingIfNeeded: random >> ($0 % 8 * 8)) &+ UInt8($0)
            }
            bytes.withUnsafeBytes { column.append($0) }
        case .list(let element):
            for _ in 0..<random % 4 {
                append(element.type, isRequired: element.isRequired, to: column.children[0])
            }
            column.appendList()
        case .structure(let members):
            for (member, child) in zip(members, column.children) {
                append(member.type, isRequired: member.isRequired, to: child)
            }
            column.appendStructure()
        case .map(let key, let value):
            for _ in 0..<random % 3 {
                let entry = column.children[0]
                append(key.type, isRequired: true, to: entry.children[0])
                append(value.type, isRequired: false, to: entry.children[1])
                entry.appendStructure()
            }
            column.appendList()
        }
    }
}
