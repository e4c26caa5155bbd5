import Columnar
import Databases
import Streams

/// From the bytes of a COPY to columns: one column of each kind, and a row of many.
let decodeCases = [
    decode("decode.int8", .int8) { bytes(Int64(truncatingIfNeeded: $0.next())) },
    decode("decode.int8-nulls", .int8) {
        $0.below(8) == 0 ? nil : bytes(Int64(truncatingIfNeeded: $0.next()))
    },
    decode("decode.date", .date) { bytes(Int32($0.below(9_000))) },
    decode("decode.timestamptz", .timestamptz) { bytes(Int64($0.below(1 << 50))) },
    decode("decode.numeric-small", .numeric(precision: 15, scale: 2)) { price(&$0) },
    decode("decode.numeric-wide", .numeric(precision: 38, scale: 10)) { numbers in
        numeric((0..<6).map { _ in UInt16(numbers.below(10_000)) }, weight: 3)
    },
    decode("decode.text-short", .text) { Array(words[$0.below(words.count)].utf8) },
    decode("decode.text-long", .text) { Array(comment(&$0).utf8) },
    decode("decode.uuid", .uuid) { bytes($0.next()) + bytes($0.next()) },
    decodeRows(),
]

private func bytes(_ value: some FixedWidthInteger) -> [UInt8] {
    withUnsafeBytes(of: value.bigEndian) { Array($0) }
}

private func numeric(_ digits: [UInt16], weight: Int16) -> [UInt8] {
    bytes(Int16(digits.count)) + bytes(weight) + bytes(Int16(0)) + bytes(Int16(2))
        + digits.flatMap { bytes($0) }
}

/// 901.00 to 104949.50, as TPC-H has them.
private func price(_ numbers: inout Numbers) -> [UInt8] {
    let cents = 90_100 + numbers.below(10_404_850)
    let fraction = UInt16(cents % 100 * 100)
    let whole = cents / 100
    return whole >= 10_000
        ? numeric([UInt16(whole / 10_000), UInt16(whole % 10_000), fraction], weight: 1)
        : numeric([UInt16(whole), fraction], weight: 0)
}

private func message(_ fields: [[UInt8]?]) -> [UInt8] {
    let row =
        bytes(Int16(fields.count))
        + fields.flatMap { field in
            field.map { bytes(Int32($0.count)) + $0 } ?? bytes(Int32(-1))
        }
    return [UInt8(ascii: "d")] + bytes(Int32(row.count + 4)) + row
}

private func decode(
    _ name: String,
    _ type: CopyType,
    _ value: @escaping @Sendable (inout Numbers) -> [UInt8]?
) -> Case {
    decode(name, [type]) { [value(&$0)] }
}

private func decode(
    _ name: String,
    _ types: [CopyType],
    _ row: @escaping @Sendable (inout Numbers) -> [[UInt8]?]
) -> Case {
    Case(name, values: rowCount * types.count) {
        var numbers = Numbers()
        let stream = ByteStorage()
        let header: [UInt8] =
            [0x50, 0x47, 0x43, 0x4F, 0x50, 0x59, 0x0A, 0xFF, 0x0D, 0x0A, 0x00]
            + [UInt8](repeating: 0, count: 8)
        let first = [UInt8(ascii: "d")] + bytes(Int32(header.count + 4)) + header
        for part in [first] + (0..<rowCount).map({ _ in message(row(&numbers)) }) {
            part.withUnsafeBytes { stream.append($0) }
        }
        let columns = types.enumerated().map {
            CopyColumn(name: "c\($0.offset)", type: $0.element, policy: .null)
        }
        let batch = Batch(
            schema: Schema(columns.map { Field(name: $0.name, type: $0.type.dataType) }),
            rowCapacity: Columnar.Limits.batchRowCount
        )
        return {
            var decoder = CopyDecoder(columns: columns)
            var position = 0
            while true {
                let used = try decoder.decode(
                    UnsafeRawBufferPointer(rebasing: stream.bytes[position...]),
                    into: batch
                )
                if used == 0 { break }
                position += used
                if batch.rowCount >= Columnar.Limits.batchRowCount { batch.removeAll() }
            }
            batch.removeAll()
        }
    }
}

/// A row like that of TPC-H's lineitem.
private func decodeRows() -> Case {
    let money = CopyType.numeric(precision: 15, scale: 2)
    return decode(
        "decode.lineitem",
        [
            .int8, .int8, .int8, .int4, money, money, money, money, .text, .text, .date, .date,
            .date,
            .text, .text, .text,
        ]
    ) { numbers in
        let (order, part, supplier) = (
            numbers.next() >> 40, numbers.next() >> 46, numbers.next() >> 50
        )
        return [
            bytes(Int64(order)), bytes(Int64(part)), bytes(Int64(supplier)),
            bytes(Int32(numbers.below(7))),
            numeric([UInt16(1 + numbers.below(50))], weight: 0), price(&numbers),
            numeric([UInt16(numbers.below(10) * 100)], weight: -1),
            numeric([UInt16(numbers.below(8) * 100)], weight: -1),
            Array("N".utf8), Array("O".utf8), bytes(Int32(numbers.below(2_500))),
            bytes(Int32(numbers.below(2_500))), bytes(Int32(numbers.below(2_500))),
            Array("DELIVER IN PERSON        ".utf8), Array("TRUCK     ".utf8),
            Array(comment(&numbers).utf8),
        ]
    }
}
