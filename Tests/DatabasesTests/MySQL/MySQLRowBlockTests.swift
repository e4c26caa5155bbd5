import Columnar
import Databases
import Streams
import Testing

/// Rows of the binary protocol as a server sends them, made by hand.
@Suite struct MySQLRowBlockTests {
    /// One row: a byte of zero, the bits of the nulls, the values that are there.
    private static func row(_ values: [[UInt8]?]) -> [UInt8] {
        var bitmap = [UInt8](repeating: 0, count: (values.count + 9) / 8)
        for (column, value) in values.enumerated() where value == nil {
            bitmap[(column + 2) / 8] |= 1 << UInt8((column + 2) % 8)
        }
        return [0] + bitmap + values.flatMap { $0 ?? [] }
    }

    /// A value behind its length of one, three, four or nine bytes.
    private static func prefixed(_ bytes: [UInt8], in width: Int? = nil) -> [UInt8] {
        let count = bytes.count
        func little(_ width: Int) -> [UInt8] { (0..<width).map { UInt8(count >> ($0 * 8) & 255) } }
        switch width ?? (count < 251 ? 1 : count < 1 << 16 ? 3 : count < 1 << 24 ? 4 : 9) {
        case 1: return little(1) + bytes
        case 3: return [0xFC] + little(2) + bytes
        case 4: return [0xFD] + little(3) + bytes
        default: return [0xFE] + little(8) + bytes
        }
    }

    private static func decoded(
        _ kinds: [MySQLKind],
        _ rows: [[UInt8]],
        policy: ConversionPolicy = .null
    ) throws -> (rows: [[String?]], conversions: [Conversion]) {
        let columns = kinds.enumerated().map {
            MySQLColumn(name: "c\($0)", kind: $1, policy: policy)
        }
        let block = MySQLRowBlock(columns: columns)
        let batch = Batch(
            schema: Schema(columns.map { Field(name: $0.name, type: $0.kind.dataType) })
        )
        let packets = ByteStorage()
        for row in rows {
            withUnsafeBytes(of: UInt32(row.count).littleEndian) { packets.append($0) }
            row.withUnsafeBytes { packets.append($0) }
        }
        let used = try block.decode(UnsafeRawBufferPointer(packets.bytes), into: batch)
        #expect(used == packets.count)
        #expect(batch.rowCount == rows.count)
        return (
            (0..<rows.count).map { row in batch.columns.map { $0.text(at: row) } },
            block.conversions
        )
    }

    @Test func `numbers of each width and sign`() throws {
        let kinds: [MySQLKind] = [
            .int1(isUnsigned: false), .int1(isUnsigned: true), .int2(isUnsigned: false),
            .int2(isUnsigned: true), .int4(isUnsigned: false), .int4(isUnsigned: true),
            .int8(isUnsigned: false), .int8(isUnsigned: true), .float4, .float8,
        ]
        let ones = [1, 1, 2, 2, 4, 4, 8, 8].map { [UInt8](repeating: 0xFF, count: $0) }
        let found = try Self.decoded(
            kinds,
            [
                Self.row(ones + [[0, 0, 0xC0, 0x3F], [0, 0, 0, 0, 0, 0, 0xF8, 0xBF]]),
                Self.row(kinds.map { _ in nil }),
            ]
        )
        #expect(
            found.rows == [
                [
                    "-1", "255", "-1", "65535", "-1", "4294967295", "-1", "18446744073709551615",
                    "1.5", "-1.5",
                ],
                kinds.map { _ in nil },
            ]
        )
    }

    @Test(arguments: [1, 3, 4, 9]) func `a length of any form`(width: Int) throws {
        let text = [UInt8]("grüße".utf8)
        let found = try Self.decoded(
            [.text, .bytes],
            [Self.row([Self.prefixed(text, in: width), Self.prefixed([0, 255], in: width)])]
        )
        #expect(found.rows == [["grüße", "00ff"]])
    }

    @Test func `long values keep every byte`() throws {
        let long = (0..<70_000).map { UInt8(ascii: "a") + UInt8($0 % 26) }
        let found = try Self.decoded(
            [.int1(isUnsigned: false), .text],
            [Self.row([[1], Self.prefixed(long)]), Self.row([[2], Self.prefixed([])])]
        )
        #expect(found.rows[0][1] == String(decoding: long, as: UTF8.self))
        #expect(found.rows[1] == ["2", ""])
    }

    @Test func `decimals are exact`() throws {
        let texts = [
            "0.00", "-0.01", "99999999.99", "-99999999.99",
            "12345678901234567890123456789012345.12",
        ]
        let small = try Self.decoded(
            [.decimal(precision: 10, scale: 2)],
            texts.prefix(4).map { Self.row([Self.prefixed([UInt8]($0.utf8))]) }
        )
        #expect(small.rows.map { $0[0] } == texts.prefix(4).map { $0 })
        let large = try Self.decoded(
            [.decimal(precision: 38, scale: 2)],
            texts.map { Self.row([Self.prefixed([UInt8]($0.utf8))]) }
        )
        #expect(large.rows.map { $0[0] } == texts)
        #expect(throws: SourceError.self) {
            try Self.decoded(
                [.decimal(precision: 10, scale: 2)],
                [Self.row([Self.prefixed([UInt8]("1e5".utf8))])]
            )
        }
    }

    @Test func `dates that are none are counted`() throws {
        let dates: [[UInt8]] = [
            [4, 0xE8, 0x07, 2, 29], [0], [4, 0xE7, 0x07, 2, 29], [4, 0xE8, 0x07, 0, 1],
            [4, 0xE8, 0x07, 1, 0],
        ]
        let found = try Self.decoded([.date], dates.map { Self.row([$0]) })
        #expect(found.rows.map { $0[0] } == ["2024-02-29", nil, nil, nil, nil])
        #expect(found.conversions.map(\.count) == [4])
        #expect(found.conversions.first?.reason == .invalidDate)
        let moments: [[UInt8]] = [
            [4, 0xE8, 0x07, 1, 1], [7, 0xE8, 0x07, 1, 1, 23, 59, 59],
            [11, 0xE8, 0x07, 1, 1, 0, 0, 0, 1, 0, 0, 0], [0],
        ]
        let timestamps = try Self.decoded([.timestamp], moments.map { Self.row([$0]) })
        #expect(
            timestamps.rows.map { $0[0] } == [
                "2024-01-01T00:00:00.000000", "2024-01-01T23:59:59.000000",
                "2024-01-01T00:00:00.000001", nil,
            ]
        )
        #expect(throws: SourceError.self) {
            try Self.decoded([.date], [Self.row([[0]])], policy: .error)
        }
    }

    @Test func `bits, uuids and text that is none`() throws {
        let uuid = (0..<16).map { UInt8($0) }
        let found = try Self.decoded(
            [.bits(1), .bits(9), .bits(64), .uuid, .text],
            [
                Self.row([
                    Self.prefixed([UInt8]("1".utf8)), Self.prefixed([UInt8]("257".utf8)),
                    Self.prefixed([UInt8]("18446744073709551615".utf8)), Self.prefixed(uuid),
                    Self.prefixed([0xC3]),
                ])
            ]
        )
        #expect(
            found.rows == [
                [
                    "true", "257", "18446744073709551615",
                    "00010203-0405-0607-0809-0a0b0c0d0e0f", nil,
                ]
            ]
        )
        #expect(found.conversions.map(\.reason) == [.invalidText])
    }

    @Test func `packets that are no whole row are left`() throws {
        let block = MySQLRowBlock(columns: [MySQLColumn(name: "a", kind: .text, policy: .null)])
        let batch = Batch(schema: Schema([Field(name: "a", type: .string)]))
        let row = Self.row([Self.prefixed([UInt8]("text".utf8))])
        let packets = ByteStorage()
        for payload in [row, row, [0xFE, 0, 0, 2, 0]] {
            withUnsafeBytes(of: UInt32(payload.count).littleEndian) { packets.append($0) }
            payload.withUnsafeBytes { packets.append($0) }
        }
        let bytes = UnsafeRawBufferPointer(packets.bytes)
        let rowByteCount = row.count + 4
        #expect(try block.decode(bytes, into: batch, rowLimit: 1) == rowByteCount)
        for length in 0..<rowByteCount {
            let part = UnsafeRawBufferPointer(rebasing: bytes[..<(rowByteCount + length)])
            let rest = UnsafeRawBufferPointer(rebasing: part[rowByteCount...])
            #expect(try block.decode(rest, into: batch) == 0)
        }
        let rest = UnsafeRawBufferPointer(rebasing: bytes[rowByteCount...])
        #expect(try block.decode(rest, into: batch) == rowByteCount)
        let end = UnsafeRawBufferPointer(rebasing: bytes[(2 * rowByteCount)...])
        #expect(try block.decode(end, into: batch) == 0)
        #expect(batch.rowCount == 2)
    }

    @Test func `a row that is cut off or too long is refused`() throws {
        let whole = Self.row([
            [1, 2, 3, 4], Self.prefixed([UInt8]("text".utf8)), [4, 0xE8, 7, 1, 1],
        ])
        let kinds: [MySQLKind] = [.int4(isUnsigned: false), .text, .date]
        #expect(try Self.decoded(kinds, [whole]).rows.count == 1)
        for length in 1..<whole.count {
            #expect(throws: SourceError.self) {
                try Self.decoded(kinds, [Array(whole.prefix(length))])
            }
        }
        #expect(throws: SourceError.self) { try Self.decoded(kinds, [whole + [0]]) }
        #expect(throws: SourceError.self) {
            try Self.decoded([.text], [Self.row([[0xFE, 255, 255, 255, 255, 255, 255, 255, 127]])])
        }
    }
}
