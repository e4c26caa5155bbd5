import Columnar

/// Builds streams of the binary COPY format by hand.
struct CopyStream {
    static let header: [UInt8] =
        [0x50, 0x47, 0x43, 0x4F, 0x50, 0x59, 0x0A, 0xFF, 0x0D, 0x0A, 0x00]
        + [UInt8](repeating: 0, count: 8)
    static let trailer: [UInt8] = [0xFF, 0xFF]

    /// A number in network order.
    static func bytes(_ value: some FixedWidthInteger) -> [UInt8] {
        withUnsafeBytes(of: value.bigEndian) { Array($0) }
    }

    /// A row of fields; nil is a null.
    static func row(_ fields: [UInt8]?...) -> [UInt8] {
        bytes(Int16(fields.count)) + fields.flatMap(field)
    }

    static func field(_ value: [UInt8]?) -> [UInt8] {
        value.map { bytes(Int32($0.count)) + $0 } ?? bytes(Int32(-1))
    }

    /// A numeric of base-10000 digits.
    static func numeric(_ digits: [UInt16], weight: Int16, sign: UInt16 = 0, scale: UInt16 = 0)
        -> [UInt8]
    {
        bytes(Int16(digits.count)) + bytes(weight) + bytes(sign) + bytes(scale)
            + digits.flatMap { bytes($0) }
    }

    /// A one-dimensional array.
    static func array(_ elements: [UInt8]?...) -> [UInt8] {
        bytes(Int32(1)) + bytes(Int32(0)) + bytes(Int32(23)) + bytes(Int32(elements.count))
            + bytes(Int32(1))
            + elements.flatMap(field)
    }

    /// A payload as the wire carries it.
    static func message(_ payload: [UInt8]) -> [UInt8] {
        [UInt8(ascii: "d")] + bytes(Int32(payload.count + 4)) + payload
    }

    /// Gives payloads to `decode` as messages, again and again until it takes no more.
    static func feed(
        _ payloads: [[UInt8]],
        to decode: (UnsafeRawBufferPointer) throws -> Int
    ) throws {
        let buffer = ByteStorage()
        payloads.flatMap(message).withUnsafeBytes { buffer.append($0) }
        _ = try drain(buffer, from: 0, to: decode)
    }

    /// Gives what is behind `start` to `decode` until it takes no more; returns what it took.
    static func drain(
        _ buffer: ByteStorage,
        from start: Int,
        to decode: (UnsafeRawBufferPointer) throws -> Int
    ) throws -> Int {
        var position = start
        while true {
            let used = try decode(UnsafeRawBufferPointer(rebasing: buffer.bytes[position...]))
            if used == 0 { return position - start }
            position += used
        }
    }
}
