import Columnar
import Databases
import Streams
import TestSupport
import Testing

@Suite struct CopyDecoderTests {
    /// Decodes one column from rows of one field each.
    private func decode(
        _ type: CopyType,
        policy: ConversionPolicy = .null,
        validatesText: Bool = false,
        _ fields: [[UInt8]?]
    ) throws -> (column: ColumnBuffer, conversions: [Conversion]) {
        let batch = Batch(schema: Schema([Field(name: "c", type: type.dataType)]))
        var decoder = CopyDecoder(columns: [
            CopyColumn(name: "c", type: type, policy: policy, validatesText: validatesText)
        ])
        let rows = fields.map { CopyStream.row($0) }
        try CopyStream.feed([CopyStream.header] + rows + [CopyStream.trailer]) { bytes in
            try decoder.decode(bytes, into: batch)
        }
        let (isFinished, rowCount) = (decoder.isFinished, decoder.rowCount)
        #expect(isFinished)
        #expect(rowCount == Int64(fields.count))
        return (batch.columns[0], decoder.conversions)
    }

    private func longs(_ column: ColumnBuffer) -> [Int64?] {
        (0..<column.count).map { index in
            column.isValid(index)
                ? column.values.base.load(fromByteOffset: index * 8, as: Int64.self) : nil
        }
    }

    private func wide(_ column: ColumnBuffer) -> [Int128?] {
        (0..<column.count).map { index in
            column.isValid(index)
                ? column.values.base.loadUnaligned(fromByteOffset: index * 16, as: Int128.self)
                : nil
        }
    }

    private func texts(_ column: ColumnBuffer) -> [String?] {
        (0..<column.count).map { index in
            column.isValid(index)
                ? String(decoding: column.values.bytes[column.range(at: index)], as: UTF8.self)
                : nil
        }
    }

    @Test func `integers and nulls`() throws {
        let result = try decode(
            .int8,
            [CopyStream.bytes(Int64.min), nil, CopyStream.bytes(Int64(5))]
        )
        #expect(longs(result.column) == [.min, nil, 5])
        #expect(result.column.nullCount == 1)
    }

    @Test func `unsigned 64 bits become a decimal`() throws {
        let result = try decode(.uint8, [CopyStream.bytes(UInt64.max)])
        #expect(wide(result.column) == [18_446_744_073_709_551_615])
    }

    @Test func `a block border changes nothing`() throws {
        let fields = (0..<1_000).map { CopyStream.bytes(Int64($0)) as [UInt8]? }
        let result = try decode(.int8, fields)
        #expect(longs(result.column) == (0..<1_000).map { Int64($0) })
    }

    @Test(arguments: [
        ([UInt16](), Int16(0), UInt16(0), Int64(0)),
        ([1], 0, 0, 1_00),
        ([1, 5000], 0, 0x4000, -1_50),
        ([2, 0, 1], 2, 0, 2_0000_0001_00),
        ([3400], -1, 0, 34),
        ([9999, 9999, 9999, 9999], 2, 0, 99_9999_9999_9999_99),
    ])
    func `numerics are scaled exactly`(
        digits: [UInt16],
        weight: Int16,
        sign: UInt16,
        expected: Int64
    ) throws {
        let field = CopyStream.numeric(digits, weight: weight, sign: sign, scale: 2)
        // The last argument has two digits past the point that are not zero.
        if digits.count == 4 {
            #expect(throws: SourceError.self) {
                try decode(.numeric(precision: 18, scale: 2), [field])
            }
        } else {
            let result = try decode(.numeric(precision: 18, scale: 2), [field])
            #expect(longs(result.column) == [expected])
        }
    }

    @Test func `thirty-eight digits arrive whole`() throws {
        let digits: [UInt16] = [12, 3456, 7890, 1234, 5678, 9012, 3456, 7890, 1234, 5678]
        let result = try decode(
            .numeric(precision: 38, scale: 0),
            [CopyStream.numeric(digits, weight: 9)]
        )
        #expect(wide(result.column) == [Int128("12345678901234567890123456789012345678")])
    }

    @Test func `what a decimal cannot hold is null and counted`() throws {
        let fields: [[UInt8]?] = [
            CopyStream.numeric([], weight: 0, sign: 0xC000),
            CopyStream.numeric([], weight: 0, sign: 0xD000),
            CopyStream.numeric([], weight: 0, sign: 0xF000),
            CopyStream.numeric([1, 0, 0, 0, 0, 0], weight: 5),
        ]
        let result = try decode(.numeric(precision: 18, scale: 2), fields)
        #expect(longs(result.column) == [nil, nil, nil, nil])
        #expect(
            Set(result.conversions) == [
                Conversion(column: "c", reason: .notANumber, outcome: .null, count: 1),
                Conversion(column: "c", reason: .infinite, outcome: .null, count: 2),
                Conversion(column: "c", reason: .outOfRange, outcome: .null, count: 1),
            ]
        )
    }

    @Test func `clamped infinities are the ends of the type`() throws {
        let result = try decode(
            .numeric(precision: 4, scale: 2),
            policy: .clamp,
            [CopyStream.numeric([], weight: 0, sign: 0xF000)]
        )
        #expect(result.column.values.base.load(as: Int32.self) == -9_999)
        #expect(result.conversions.map(\.outcome) == [.clamped])
    }

    @Test func `clamped dates are the first and last day every engine shows`() throws {
        let result = try decode(
            .date,
            policy: .clamp,
            [CopyStream.bytes(Int32.max), CopyStream.bytes(Int32.min)]
        )
        let days = (0..<2).map {
            ColumnText.date(
                Int64(result.column.values.base.load(fromByteOffset: $0 * 4, as: Int32.self))
            )
        }
        #expect(days == ["9999-12-31", "0001-01-01"])
        #expect(result.conversions.map(\.outcome) == [.clamped])
    }

    @Test func `a first index other than one is counted and the elements kept`() throws {
        let shifted =
            Array(CopyStream.array(CopyStream.bytes(Int64(7))).dropLast(16))
            + CopyStream.bytes(Int32(5)) + CopyStream.field(CopyStream.bytes(Int64(7)))
        let result = try decode(.array(element: .int8), [shifted])
        #expect(longs(result.column.children[0]) == [7])
        #expect(
            result.conversions == [
                Conversion(column: "c", reason: .lowerBound, outcome: .kept, count: 1)
            ]
        )
    }

    @Test func `the policy error stops at the value and names the column`() throws {
        let error = #expect(throws: SourceError.self) {
            try decode(.date, policy: .error, [CopyStream.bytes(Int32.max)])
        }
        #expect(error?.code == .badValue)
        #expect(error?.message.contains("column c") == true)
    }

    @Test func `timestamps move to 1970 and infinities are null`() throws {
        let result = try decode(
            .timestamp,
            [CopyStream.bytes(Int64(0)), CopyStream.bytes(Int64.max), CopyStream.bytes(Int64.min)]
        )
        #expect(longs(result.column) == [946_684_800_000_000, nil, nil])
        #expect(result.conversions.map(\.count) == [2])
    }

    @Test func `the last timestamp of Postgres is past what the lake can hold`() throws {
        let result = try decode(.timestamp, [CopyStream.bytes(Int64.max - 1)])
        #expect(longs(result.column) == [nil])
        #expect(result.conversions.map(\.reason) == [.outOfRange])
    }

    @Test func `text that is no UTF-8 goes by policy`() throws {
        let fields: [[UInt8]?] = [[0x61, 0xFF], Array("é".utf8)]
        let nulled = try decode(.text, validatesText: true, fields)
        #expect(texts(nulled.column) == [nil, "é"])
        let clamped = try decode(.text, policy: .clamp, validatesText: true, fields)
        #expect(texts(clamped.column) == ["a\u{FFFD}", "é"])
    }

    @Test func `arrays keep nulls and empty ones, and more dimensions go by policy`() throws {
        let matrix = CopyStream.bytes(Int32(2)) + [UInt8](repeating: 0, count: 40)
        let result = try decode(
            .array(element: .int8),
            [
                CopyStream.array(CopyStream.bytes(Int64(1)), nil),
                CopyStream.bytes(Int32(0))
                    + CopyStream.bytes(Int32(0)) + CopyStream.bytes(Int32(20)), nil, matrix,
            ]
        )
        #expect((0..<4).map { result.column.isValid($0) } == [true, true, false, false])
        #expect(result.column.range(at: 0).count == 2 && result.column.range(at: 1).isEmpty)
        #expect(longs(result.column.children[0]) == [1, nil])
        #expect(result.conversions.map(\.reason) == [.dimensions])
    }

    @Test func `a composite of nulls is not a null`() throws {
        let type = CopyType.composite([
            .init(name: "a", type: .int4), .init(name: "b", type: .text),
        ])
        let nulls =
            CopyStream.bytes(Int32(2))
            + (CopyStream.bytes(Int32(23)) + CopyStream.field(nil))
            + (CopyStream.bytes(Int32(25)) + CopyStream.field(nil))
        let result = try decode(type, [nulls, nil])
        #expect(result.column.isValid(0) && !result.column.isValid(1))
        #expect(result.column.children.map(\.nullCount) == [2, 2])
    }

    @Test(arguments: [
        [UInt8]("nonsense".utf8),
        CopyStream.header + CopyStream.row([1, 2, 3]),
        CopyStream.header + [0, 1, 0, 0, 0, 9, 1],
        CopyStream.header + [0, 1, 0xFF, 0xFF, 0xFF, 0xF0],
        CopyStream.header + [0, 2] + CopyStream.field(nil) + CopyStream.field(nil),
        CopyStream.header + CopyStream.row([0, 0, 0, 1]) + [9],
    ])
    func `a malformed stream is refused`(message: [UInt8]) {
        #expect(throws: SourceError.self) {
            let batch = Batch(schema: Schema([Field(name: "c", type: .int)]))
            var decoder = CopyDecoder(columns: [CopyColumn(name: "c", type: .int4, policy: .null)])
            try CopyStream.feed([message]) { try decoder.decode($0, into: batch) }
        }
    }

    @Test func `rows cut off anywhere wait for the rest`() throws {
        let values = (0..<600).map { Int64($0) * 7_919 }
        let messages =
            [CopyStream.header] + values.map { CopyStream.row(CopyStream.bytes($0)) }
            + [CopyStream.trailer]
        let whole = messages.flatMap(CopyStream.message)
        for step in [1, 7, 19, 20, 4_096] {
            let batch = Batch(schema: Schema([Field(name: "c", type: .long)]))
            var decoder = CopyDecoder(columns: [CopyColumn(name: "c", type: .int8, policy: .null)])
            let buffer = ByteStorage()
            var (given, used) = (0, 0)
            while given < whole.count {
                let next = min(given + step, whole.count)
                whole[given..<next].withUnsafeBytes { buffer.append($0) }
                given = next
                used += try CopyStream.drain(buffer, from: used) {
                    try decoder.decode($0, into: batch)
                }
            }
            let isFinished = decoder.isFinished
            #expect(isFinished)
            #expect(longs(batch.columns[0]) == values)
        }
    }

    @Test func `a limit of rows is kept, and the rest comes next`() throws {
        let batch = Batch(schema: Schema([Field(name: "c", type: .long)]))
        var decoder = CopyDecoder(columns: [CopyColumn(name: "c", type: .int8, policy: .null)])
        let rows = (0..<10).map { CopyStream.row(CopyStream.bytes(Int64($0))) }
        let buffer = ByteStorage()
        for byte in ([CopyStream.header] + rows).flatMap(CopyStream.message) { buffer.append(byte) }
        let used = try decoder.decode(buffer.bytes, into: batch, rowLimit: 4)
        #expect(batch.rowCount == 4)
        _ = try CopyStream.drain(buffer, from: used) { try decoder.decode($0, into: batch) }
        #expect(longs(batch.columns[0]) == (0..<10).map { Int64($0) })
    }

    @Test func `a second stream of the same columns counts on`() throws {
        let batch = Batch(schema: Schema([Field(name: "c", type: .long)]))
        var decoder = CopyDecoder(columns: [CopyColumn(name: "c", type: .int8, policy: .null)])
        let stream = [
            CopyStream.header, CopyStream.row(CopyStream.bytes(Int64(5))), CopyStream.trailer,
        ]
        try CopyStream.feed(stream) { try decoder.decode($0, into: batch) }
        #expect(throws: SourceError.self) {
            try CopyStream.feed([CopyStream.row(nil)]) { try decoder.decode($0, into: batch) }
        }
        decoder.restart()
        try CopyStream.feed(stream) { try decoder.decode($0, into: batch) }
        let rowCount = decoder.rowCount
        #expect(rowCount == 2)
    }

    /// Any numeric from its digits, by plain arithmetic: what the fast ways have to agree with.
    private func expected(_ digits: [UInt16], weight: Int, negative: Bool, scale: Int) -> Int128? {
        var value: Int128 = 0
        for (index, digit) in digits.enumerated() {
            let exponent = scale + 4 * (weight - index)
            var part = Int128(digit)
            for _ in 0..<max(exponent, 0) {
                let (product, overflow) = part.multipliedReportingOverflow(by: 10)
                guard !overflow else { return nil }
                part = product
            }
            for _ in 0..<max(-exponent, 0) {
                guard part % 10 == 0 else { return nil }
                part /= 10
            }
            let (sum, overflow) = value.addingReportingOverflow(part)
            guard !overflow else { return nil }
            value = sum
        }
        return negative ? -value : value
    }

    @Test(arguments: [(9, 2), (9, 9), (15, 2), (18, 0), (18, 5), (38, 0), (38, 10), (38, 37)])
    func `numerics of every shape are exact`(precision: Int, scale: Int) throws {
        var random = SplitMix64(seed: UInt64(precision * 100 + scale))
        var bound: Int128 = 1
        for _ in 0..<precision { bound *= 10 }
        var fields: [[UInt8]?] = []
        var values: [Int128?] = []
        while fields.count < 3_000 {
            let digits = (0..<Int.random(in: 0...10, using: &random)).map { _ in
                [0, 1, 9_999, 5_000, UInt16.random(in: 0...9_999, using: &random)]
                    .randomElement(using: &random) ?? 0
            }
            let weight = Int.random(in: -10...9, using: &random)
            let negative = Bool.random(using: &random)
            guard
                let value = expected(digits, weight: weight, negative: negative, scale: scale),
                abs(value) < bound
            else { continue }
            fields.append(
                CopyStream.numeric(digits, weight: Int16(weight), sign: negative ? 0x4000 : 0)
            )
            values.append(value)
            if fields.count % 97 == 0 {
                fields.append(nil)
                values.append(nil)
            }
        }
        let column = try decode(.numeric(precision: precision, scale: scale), fields).column
        let decoded = (0..<column.count).map { index -> Int128? in
            guard column.isValid(index) else { return nil }
            return switch column.storage {
            case .fixed(width: 4):
                Int128(column.values.base.load(fromByteOffset: index * 4, as: Int32.self))
            case .fixed(width: 8):
                Int128(column.values.base.load(fromByteOffset: index * 8, as: Int64.self))
            default: column.values.base.loadUnaligned(fromByteOffset: index * 16, as: Int128.self)
            }
        }
        #expect(decoded == values)
    }

    @Test func `texts of every length stand whole beside each other`() throws {
        let fields = (0..<700).map { index -> [UInt8]? in
            index % 13 == 5
                ? nil : [UInt8](repeating: UInt8(truncatingIfNeeded: index), count: index % 141)
        }
        let column = try decode(.text, fields).column
        #expect(
            (0..<column.count).map { index -> [UInt8]? in
                column.isValid(index) ? Array(column.values.bytes[column.range(at: index)]) : nil
            } == fields
        )
    }
}
