// Feeds the COPY decoder a stream cut into messages; whatever the bytes, it returns or throws.
//
// The first byte picks the columns, the rest are payloads behind two-byte lengths. They come as
// the messages of the wire, in memory that ends where the spare bytes end.

import Columnar
import Streams

private let kinds: [CopyType] = [
    .boolean, .int2, .int4, .int8, .uint4, .uint8, .float4, .float8,
    .numeric(precision: 9, scale: 2), .numeric(precision: 18, scale: 0),
    .numeric(precision: 38, scale: 10), .text, .versionedText, .bytes, .date, .timestamp, .uuid,
    .money(scale: 2), .array(element: .numeric(precision: 12, scale: 3)), .array(element: .text),
    .composite([.init(name: "a", type: .int4), .init(name: "b", type: .array(element: .text))]),
    .hstore,
]

@_cdecl("LLVMFuzzerTestOneInput")
package func fuzzCopyDecoder(_ start: UnsafePointer<UInt8>, _ count: Int) -> CInt {
    guard count > 1 else { return 0 }
    let policies = ConversionPolicy.allCases
    let choice = Int(start[0])
    let columns = (0..<(choice % 3 + 1)).map { index in
        CopyColumn(
            name: "c\(index)",
            type: kinds[(choice + index * 7) % kinds.count],
            policy: policies[choice % policies.count],
            validatesText: choice & 1 == 0
        )
    }
    let batch = Batch(schema: Schema(columns.map { Field(name: $0.name, type: $0.type.dataType) }))
    var decoder = CopyDecoder(columns: columns)
    let bytes = UnsafeRawBufferPointer(start: start, count: count)
    var position = 1
    let buffer = ByteStorage()
    while position + 2 <= count {
        let length = min(
            Int(bytes[position]) << 8 | Int(bytes[position + 1]),
            count - position - 2
        )
        position += 2
        buffer.append(UInt8(ascii: "d"))
        withUnsafeBytes(of: UInt32(length + 4).bigEndian) { buffer.append($0) }
        buffer.append(UnsafeRawBufferPointer(rebasing: bytes[position..<position + length]))
        position += length
    }
    // Exactly as large as it has to be, so that a read past it is seen.
    let stream = ByteStorage(capacity: buffer.count)
    stream.append(buffer.bytes)
    var used = 0
    do {
        while true {
            let step = try decoder.decode(
                UnsafeRawBufferPointer(rebasing: stream.bytes[used...]),
                into: batch
            )
            if step == 0 { break }
            used += step
        }
    } catch {
        // A refusal is a good answer; only a trap, a loop or a leak is not.
    }
    return 0
}
