/// The framing of the wire (MariaDB documentation, "0 - Packet"): three bytes of length, one that counts
/// packets, and the payload.
enum MySQLPacket {
    /// Bytes before a payload.
    static let headerByteCount = 4

    /// A payload of this length goes on in the next packet.
    static let longestPayload = 0xFF_FFFF

    /// The length of the payload behind the header at `start`.
    @inline(__always)
    static func payloadByteCount(_ start: UnsafeRawPointer) -> Int {
        Int(UInt32(littleEndian: start.loadUnaligned(as: UInt32.self)) & 0xFF_FFFF)
    }

    /// Where the payload of the packet at `offset` lies, when the packet is whole, and one row.
    @inline(__always)
    static func row(in packets: UnsafeRawBufferPointer, at offset: Int, end: Int) -> Range<Int>? {
        guard offset + headerByteCount < end, let base = packets.baseAddress else { return nil }
        let count = payloadByteCount(base + offset)
        let first = offset + headerByteCount
        guard count > 0, count < longestPayload, first + count <= end,
            base.load(fromByteOffset: first, as: UInt8.self) == 0
        else { return nil }
        return first..<first + count
    }
}
