/// DELTA_BINARY_PACKED (parquet-format, Encodings.md): differences of neighbours, packed per
/// miniblock with the bits they need.
///
/// ```
/// header := varint(128) varint(4) varint(value count) zigzag(first value)
/// block  := zigzag(smallest delta) width×4 miniblock×4      32 deltas each
/// ```
enum DeltaBinaryPackedEncoder {
    private static let blockSize = 128
    private static let miniblockSize = 32
    private static let miniblockCount = 4

    /// Encodes `count` signed integers to the end of `out`.
    static func encode<Value: FixedWidthInteger & SignedInteger>(
        _ values: UnsafePointer<Value>,
        count: Int,
        into out: ByteStorage
    ) {
        RunLengthEncoder.appendVarint(UInt64(blockSize), to: out)
        RunLengthEncoder.appendVarint(UInt64(miniblockCount), to: out)
        RunLengthEncoder.appendVarint(UInt64(count), to: out)
        appendZigzag(count > 0 ? Int64(values[0]) : 0, to: out)
        guard count > 1 else { return }
        withUnsafeTemporaryAllocation(of: UInt64.self, capacity: blockSize) { deltas in
            guard let deltas = deltas.baseAddress else { return }
            var index = 1
            while index < count {
                let blockCount = min(blockSize, count - index)
                encodeBlock(values + index, count: blockCount, deltas: deltas, into: out)
                index += blockCount
            }
        }
    }

    /// Encodes up to 128 values; `values[-1]` is the one before them.
    private static func encodeBlock<Value: FixedWidthInteger & SignedInteger>(
        _ values: UnsafePointer<Value>,
        count: Int,
        deltas: UnsafeMutablePointer<UInt64>,
        into out: ByteStorage
    ) {
        // Differences wrap in the width of the type, as the specification asks for.
        var smallest = Value.max
        for index in 0..<count {
            let delta = values[index] &- values[index &- 1]
            smallest = min(smallest, delta)
            deltas[index] = UInt64(bitPattern: Int64(delta))
        }
        let mask: UInt64 = Value.bitWidth == 32 ? 0xFFFF_FFFF : .max
        let base = UInt64(bitPattern: Int64(smallest))
        for index in 0..<count { deltas[index] = (deltas[index] &- base) & mask }
        for index in count..<blockSize { deltas[index] = 0 }
        appendZigzag(Int64(smallest), to: out)
        let widthPosition = out.count
        out.reserve(miniblockCount + blockSize * 8 + 16)
        out.count += miniblockCount
        for miniblock in 0..<miniblockCount {
            let start = miniblock * miniblockSize
            var bits: UInt64 = 0
            for index in start..<start + miniblockSize { bits |= deltas[index] }
            let width = BitPacking.width(of: bits)
            (out.base + widthPosition + miniblock).storeBytes(of: UInt8(width), as: UInt8.self)
            guard start < count else { continue }
            out.count += BitPacking.pack(
                UnsafePointer(deltas + start),
                count: miniblockSize,
                width: width,
                into: out.base + out.count
            )
        }
    }

    private static func appendZigzag(_ value: Int64, to out: ByteStorage) {
        RunLengthEncoder.appendVarint(
            UInt64(bitPattern: (value << 1) ^ (value >> 63)),
            to: out
        )
    }
}
