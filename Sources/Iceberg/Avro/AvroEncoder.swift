/// Writes the binary encoding of Avro.
struct AvroEncoder {
    private(set) var bytes: [UInt8] = []

    mutating func removeAll() {
        bytes.removeAll(keepingCapacity: true)
    }

    mutating func write(_ value: Int64) {
        var rest = UInt64(bitPattern: (value << 1) ^ (value >> 63))
        while rest >= 0x80 {
            bytes.append(UInt8(truncatingIfNeeded: rest) | 0x80)
            rest >>= 7
        }
        bytes.append(UInt8(truncatingIfNeeded: rest))
    }

    mutating func write(_ value: Int) {
        write(Int64(value))
    }

    mutating func write(_ text: String) {
        write(text.utf8.count)
        bytes += text.utf8
    }

    mutating func write(_ raw: [UInt8]) {
        write(raw.count)
        bytes += raw
    }

    mutating func write(_ value: Bool) {
        bytes.append(value ? 1 : 0)
    }

    /// Writes a union of null and something else.
    mutating func write<Value>(
        optional value: Value?,
        _ body: (inout AvroEncoder, Value) -> Void
    ) {
        guard let value else { return write(0) }
        write(1)
        body(&self, value)
    }

    /// Writes an array in one block.
    mutating func write<Element>(
        array: [Element],
        _ body: (inout AvroEncoder, Element) -> Void
    ) {
        if !array.isEmpty {
            write(array.count)
            for element in array { body(&self, element) }
        }
        write(0)
    }

    /// Adds bytes as they are.
    mutating func append(_ raw: [UInt8]) {
        bytes += raw
    }
}
