/// Reads the binary encoding of Avro from bytes that may be anything.
struct AvroDecoder {
    private let bytes: ArraySlice<UInt8>
    private(set) var offset: Int
    private var depth = 0
    /// Values that may still be read: some have no bytes, and a schema can multiply those.
    private var allowedValueCount: Int

    init(_ bytes: ArraySlice<UInt8>) {
        self.bytes = bytes
        offset = bytes.startIndex
        allowedValueCount = Limits.avroValuesBase + Limits.avroValuesPerByte * bytes.count
    }

    var isAtEnd: Bool { offset == bytes.endIndex }

    private var remaining: Int { bytes.endIndex - offset }

    private func failure(_ reason: String) -> IcebergError {
        IcebergError(.corrupt, "bad Avro at byte \(offset): \(reason)")
    }

    /// A zig-zag number of 64 bits.
    mutating func readLong() throws -> Int64 {
        var value: UInt64 = 0
        var shift: UInt64 = 0
        while true {
            guard offset < bytes.endIndex else { throw failure("it ends in a number") }
            let byte = bytes[offset]
            offset += 1
            guard shift < 63 || byte <= 1 else { throw failure("a number has more than 64 bits") }
            value |= UInt64(byte & 0x7F) << shift
            if byte < 0x80 { break }
            shift += 7
        }
        return Int64(bitPattern: value >> 1) ^ -Int64(bitPattern: value & 1)
    }

    /// A length, which cannot be more than what follows.
    mutating func readCount() throws -> Int {
        let count = try readLong()
        guard count >= 0, count <= Int64(remaining) else {
            throw failure("a length of \(count) where \(remaining) bytes follow")
        }
        return Int(count)
    }

    /// That many bytes.
    mutating func readRaw(_ count: Int) throws -> ArraySlice<UInt8> {
        guard count <= remaining else { throw failure("it ends too early") }
        defer { offset += count }
        return bytes[offset..<offset + count]
    }

    /// Bytes with their length.
    mutating func readBytes() throws -> ArraySlice<UInt8> {
        try readRaw(try readCount())
    }

    /// Text with its length.
    mutating func readString() throws -> String {
        let raw = try readBytes()
        guard let text = String(validating: raw, as: UTF8.self) else {
            throw failure("text is not UTF-8")
        }
        return text
    }

    /// A value of that type.
    mutating func readValue(_ schema: AvroSchema) throws -> AvroValue {
        depth += 1
        allowedValueCount -= 1
        defer { depth -= 1 }
        guard depth <= Limits.avroDepth, allowedValueCount >= 0 else {
            throw failure("more values than its bytes can hold, or nested too deeply")
        }
        switch schema {
        case .null: return .null
        case .boolean:
            let byte = try readRaw(1).first
            guard byte == 0 || byte == 1 else { throw failure("a boolean is neither 0 nor 1") }
            return .boolean(byte == 1)
        case .int:
            let value = try readLong()
            guard Int32(exactly: value) != nil else { throw failure("an int has over 32 bits") }
            return .integer(value)
        case .long: return .integer(try readLong())
        case .float:
            return .float(Float(bitPattern: UInt32(truncatingIfNeeded: try readLittleEndian(4))))
        case .double: return .double(Double(bitPattern: try readLittleEndian(8)))
        case .bytes: return .bytes(Array(try readBytes()))
        case .string: return .string(try readString())
        case .fixed(let count): return .bytes(Array(try readRaw(count)))
        case .enumeration(let count):
            let index = try readLong()
            guard 0..<Int64(count) ~= index else { throw failure("an enum has no such symbol") }
            return .integer(index)
        case .union(let branches):
            let index = try readLong()
            guard 0..<Int64(branches.count) ~= index else {
                throw failure("a union has no such branch")
            }
            return try readValue(branches[Int(index)])
        case .record(let fields):
            var values: [AvroValue] = []
            values.reserveCapacity(fields.count)
            for field in fields { values.append(try readValue(field.type)) }
            return .record(AvroRecord(fields: fields, values: values))
        case .array(let element):
            var values: [AvroValue] = []
            try readBlocks { values.append(try $0.readValue(element)) }
            return .array(values)
        case .map(let element):
            var values: [String: AvroValue] = [:]
            try readBlocks { values[try $0.readString()] = try $0.readValue(element) }
            return .map(values)
        }
    }

    private mutating func readLittleEndian(_ count: Int) throws -> UInt64 {
        try readRaw(count).reversed().reduce(0) { $0 << 8 | UInt64($1) }
    }

    /// Items in blocks; a negative count is followed by the block's bytes.
    ///
    /// An item of no bytes could repeat for ever, so the counts of all blocks together may not
    /// exceed the bytes there were.
    mutating func readBlocks(_ readItem: (inout AvroDecoder) throws -> Void) throws {
        var allowed = Int64(remaining)
        while true {
            var count = try readLong()
            if count == 0 { return }
            if count < 0 {
                guard count != .min else { throw failure("a block of too many items") }
                count = -count
                _ = try readCount()
            }
            guard count <= allowed else { throw failure("a block of \(count) items is too long") }
            allowed -= count
            for _ in 0..<count { try readItem(&self) }
        }
    }
}
