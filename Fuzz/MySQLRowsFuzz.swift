// Feeds the decoder of MySQL's binary rows whatever bytes there are: it takes a row or throws.
//
// The first byte picks the columns, the rest are rows behind two-byte lengths. They come as the packets
// of the wire, in memory that ends where the spare bytes end.

import Columnar
import Streams

private let kinds: [MySQLKind] = [
    .int1(isUnsigned: false), .int1(isUnsigned: true), .int2(isUnsigned: false),
    .int4(isUnsigned: true), .int8(isUnsigned: false), .int8(isUnsigned: true), .float4, .float8,
    .decimal(precision: 9, scale: 2), .decimal(precision: 18, scale: 0),
    .decimal(precision: 38, scale: 10), .text, .bytes, .bits(1), .bits(13), .bits(64), .date,
    .timestamp, .timestamptz, .uuid,
]

@_cdecl("LLVMFuzzerTestOneInput")
package func fuzzMySQLRows(_ start: UnsafePointer<UInt8>, _ count: Int) -> CInt {
    guard count > 1 else { return 0 }
    let policies = ConversionPolicy.allCases
    let choice = Int(start[0])
    let columns = (0..<(choice % 9 + 1)).map { index in
        MySQLColumn(
            name: "c\(index)",
            kind: kinds[(choice + index * 7) % kinds.count],
            policy: policies[choice % policies.count]
        )
    }
    let batch = Batch(schema: Schema(columns.map { Field(name: $0.name, type: $0.kind.dataType) }))
    let block = MySQLRowBlock(columns: columns)
    let bytes = UnsafeRawBufferPointer(start: start, count: count)
    var position = 1
    let buffer = ByteStorage()
    while position + 2 <= count {
        let length = min(
            Int(bytes[position]) << 8 | Int(bytes[position + 1]),
            count - position - 2
        )
        position += 2
        // All of them are rows: behind anything else the decoder stops.
        withUnsafeBytes(of: UInt32(length + 1).littleEndian) { buffer.append($0) }
        buffer.append(0)
        buffer.append(UnsafeRawBufferPointer(rebasing: bytes[position..<position + length]))
        position += length
    }
    // Exactly as large as it has to be, so that a read past it is seen.
    let packets = ByteStorage(capacity: buffer.count)
    packets.append(buffer.bytes)
    var used = 0
    do {
        while true {
            let step = try block.decode(
                UnsafeRawBufferPointer(rebasing: packets.bytes[used...]),
                into: batch
            )
            if step == 0 { break }
            used += step
        }
        precondition(batch.rowCount == Int(block.decodedRowCount))
    } catch {
        // Refused with a message: that is what malformed rows are for.
    }
    return 0
}
