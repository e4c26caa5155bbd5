import Columnar
import Iceberg
import ObjectStorage
import TestSupport
import Testing

@Suite struct MergeKeyTests {
    @Test func `a key of text and date tells rows apart by both`() async throws {
        try await withLake { lake in
            let table = try MergeTable(
                lake,
                Schema([
                    Field(id: 1, name: "shop", type: .string, isRequired: true),
                    Field(id: 2, name: "day", type: .date, isRequired: true),
                    Field(id: 3, name: "sold", type: .int),
                ]),
                key: [1, 2]
            )
            let shops = ["", "a", "ab", "Köln", String(repeating: "long ", count: 30)]
            func rows(_ days: ClosedRange<Int>, _ sold: Int) -> [[String?]] {
                shops.flatMap { shop in days.map { [shop, String($0), String(sold)] } }
            }
            func texts(_ days: ClosedRange<Int>, _ sold: Int) -> [[String?]] {
                rows(days, sold).map {
                    [$0[0], ColumnText.date(Int64($0[1] ?? "") ?? 0), $0[2]]
                }
            }
            try await table.merge(rows(20_000...20_009, 1))
            let (plan, _) = try await table.merge(rows(20_008...20_011, 2))
            #expect(plan.deletedRowCount == 10)
            try await table.expect(texts(20_000...20_007, 1) + texts(20_008...20_011, 2))
        }
    }

    @Test func `a key that was widened and renamed matches the rows of older files`() async throws {
        try await withLake { lake in
            let narrow = Schema([
                Field(id: 1, name: "id", type: .int, isRequired: true),
                Field(id: 2, name: "name", type: .string),
            ])
            var table = try MergeTable(lake, narrow, key: [1])
            try await table.merge([["-1", "a"], ["2", "b"], ["2147483647", "c"]])
            table.schema = Schema([
                Field(id: 1, name: "number", type: .long, isRequired: true),
                Field(id: 2, name: "name", type: .string),
            ])
            let (plan, result) = try await table.merge([
                ["-1", "A"], ["2147483647", "C"], ["5000000000", "d"],
            ])
            #expect(plan.deletedRowCount == 2)
            #expect(result.schemaID == 1)
            try await table.expect([
                ["-1", "A"], ["2", "b"], ["2147483647", "C"], ["5000000000", "d"],
            ])
        }
    }

    @Test func `old rows with a null or without a part of the key stay`() async throws {
        try await withLake { lake in
            let before = Schema([
                Field(id: 1, name: "id", type: .long), Field(id: 2, name: "name", type: .string),
            ])
            var table = try MergeTable(lake, before, key: [1])
            var transaction = try await lake.catalog.beginTransaction(table.identifier)
            transaction.setSchema(before)
            transaction.append([
                try await table.write([[nil, "a"], ["0", "b"], [nil, "c"], ["1", "d"]])
            ])
            _ = try await transaction.commit()
            #expect(try await table.merge([["0", "B"]]).plan.deletedRowCount == 1)
            table.schema = Schema(before.fields + [Field(id: 3, name: "part", type: .int)])
            table.key = [1, 3]
            let (plan, _) = try await table.merge([["1", "D", "0"]])
            #expect(plan.deletedRowCount == 0)
            try await table.expect([
                [nil, "a", nil], [nil, "c", nil], ["0", "B", nil], ["1", "d", nil],
                ["1", "D", "0"],
            ])
        }
    }

    /// A type in a file, the type in the table, and three values of both.
    private static let types: [(file: DataType, table: DataType)] = [
        (.boolean, .boolean), (.int, .int), (.int, .long), (.long, .long), (.float, .float),
        (.float, .double), (.double, .double), (.date, .date), (.time, .time),
        (.timestamp, .timestamp), (.timestamptz, .timestamptz), (.string, .string),
        (.binary, .binary), (.uuid, .uuid),
        (.decimal(precision: 9, scale: 2), .decimal(precision: 9, scale: 2)),
        (.decimal(precision: 9, scale: 2), .decimal(precision: 18, scale: 2)),
        (.decimal(precision: 9, scale: 2), .decimal(precision: 38, scale: 2)),
        (.decimal(precision: 18, scale: 2), .decimal(precision: 38, scale: 2)),
        (.decimal(precision: 38, scale: 2), .decimal(precision: 38, scale: 2)),
    ]

    /// A file of one column, whose values are made from small numbers.
    private func batch(_ type: DataType, _ numbers: [Int]) -> Batch {
        let batch = Batch(schema: Schema([Field(id: 1, name: "k", type: type)]))
        for number in numbers {
            let column = batch.columns[0]
            switch type {
            case .boolean: column.append(number > 0)
            case .int, .date: column.append(Int32(number))
            case .float: column.append(Float(number) / 4)
            case .double: column.append(Double(number) / 4)
            case .decimal: column.append(unscaled: Int128(number))
            case .string: column.append(String(repeating: "x", count: number + 7))
            case .binary, .uuid:
                let bytes = (0..<16).map { UInt8(truncatingIfNeeded: $0 == 11 ? number : 5) }
                bytes.withUnsafeBytes { column.append($0) }
            default: column.append(Int64(number))
            }
        }
        batch.rowCount = numbers.count
        return batch
    }

    @Test func `keys of every type match, in files of a narrower one too`() async throws {
        for (file, type) in Self.types {
            try await withLake { lake in
                let schema = Schema([Field(id: 1, name: "k", type: type)])
                let table = try MergeTable(lake, schema, key: [1])
                let numbers = type == .boolean ? [0, 1] : [-5, 0, 3, 4]
                let first = try await table.write(batch(file, numbers))
                _ = try await table.commit(try await table.plan([first]))
                let fresh = type == .boolean ? [1] : [-5, 2, 4]
                let plan = try await table.plan([try await table.write(batch(type, fresh))])
                #expect(plan.deletedRowCount == (type == .boolean ? 1 : 2), "\(file) in \(type)")
            }
        }
    }

    @Test func `keys that only look alike are different`() async throws {
        try await withLake { lake in
            let schema = Schema([
                Field(id: 1, name: "a", type: .string), Field(id: 2, name: "b", type: .string),
            ])
            let table = try MergeTable(lake, schema, key: [1, 2])
            try await table.merge([["ab", "c"], ["a", "bc"], ["", "abc"], ["abc", ""]])
            let (plan, _) = try await table.merge([["a", "bc"], ["a\0", "bc"], ["ab", "c\0"]])
            #expect(plan.deletedRowCount == 1)
        }
    }

    @Test func `keys that share a hash are compared by their bytes`() async throws {
        try await withLake { lake in
            let schema = Schema([Field(id: 1, name: "id", type: .long)])
            let table = try MergeTable(lake, schema, key: [1])
            func file(_ count: Int64, from first: Int64) async throws -> DataFile {
                let batch = Batch(schema: schema)
                for index in 0..<count { batch.columns[0].append(first + index * 20) }
                batch.rowCount = Int(count)
                return try await table.write(batch)
            }
            let old = try await file(1_000_000, from: 0)
            _ = try await table.commit(try await table.plan([old]))
            // Of 40,000 × 1,000,000 pairs about nine share the 32 bits that are looked at first.
            #expect(try await table.plan([try await file(40_000, from: 7)]).deletedRowCount == 0)
        }
    }

    // MARK: What is refused

    private static let numbered = Schema([
        Field(id: 1, name: "id", type: .long), Field(id: 2, name: "part", type: .string),
    ])

    @Test func `a null in the key of a new row is refused with its column and count`() async throws
    {
        try await withLake { lake in
            let table = try MergeTable(lake, Self.numbered, key: [1, 2])
            let files = [
                try await table.write([["1", "a"], ["2", nil]]),
                try await table.write([["3", nil], ["4", "b"]]),
            ]
            let error = try await refusal { _ = try await table.plan(files) }
            #expect(error.code == .unusableKey)
            #expect(error.message.contains("key column part"))
            #expect(error.message.contains("null in 2 new rows"))

            let without = try await table.write(
                [["7"], ["8"], ["9"]],
                as: Schema([Field(id: 1, name: "id", type: .long)])
            )
            let missing = try await refusal { _ = try await table.plan([without]) }
            #expect(missing.message.contains("null in 3 new rows"))
        }
    }

    private func expectDuplicate(_ table: MergeTable, _ files: [DataFile]) async throws {
        let error = try await refusal { _ = try await table.plan(files) }
        #expect(error.code == .unusableKey)
        #expect(error.message.contains("not unique at the source"))
        #expect(error.message.contains("id = 4711"))
    }

    @Test func `two new rows of one key are refused wherever they are`() async throws {
        try await withLake { lake in
            var table = try MergeTable(lake, Self.numbered, key: [1])
            let one = try await table.write([["4711", "a"], ["2", "b"], ["4711", "c"]])
            try await expectDuplicate(table, [one])
            let other = try await table.write([["3", "c"], ["4711", "c"]])
            let third = try await table.write([["4711", "d"]])
            try await expectDuplicate(table, [other, third])

            table.bounds.keyByteCount = 40 << 10
            let many = try await table.write((1...9_000).map { [String($0), "x"] })
            #expect(try await table.plan([many]).deletedRowCount == 0)
            try await expectDuplicate(table, [many, third])
            try await expectDuplicate(table, [third, many])
        }
    }

    @Test func `a key that no table can have is refused`() async throws {
        try await withLake { lake in
            let nested = Schema([
                Field(
                    id: 1,
                    name: "l",
                    type: .list(element: Field(id: 2, name: "element", type: .int))
                )
            ])
            for key in [[], [1], [9], [3, 3]] {
                let table = try MergeTable(lake, nested, key: key)
                let error = try await refusal { _ = try await table.plan([]) }
                #expect(error.code == .unsupported)
                #expect(error.message.contains("key"))
            }
        }
    }

    @Test func `a file whose key is of another type is refused`() async throws {
        try await withLake { lake in
            let table = try MergeTable(lake, Self.numbered, key: [1])
            let file = try await table.write(
                [["1"]],
                as: Schema([Field(id: 1, name: "id", type: .string)])
            )
            let error = try await refusal { _ = try await table.plan([file]) }
            #expect(error.code == .unsupported)
            #expect(error.message.contains("cannot be compared"))
        }
    }
}
