/// The RLE / bit-packing hybrid of levels, booleans and dictionary indices
/// (parquet-format, Encodings.md).
///
/// ```
/// run         := varint(count << 1)            value in ceil(width / 8) bytes
/// bit-packed  := varint(groups of 8 << 1 | 1)  groups × width bytes
/// ```
enum RunLengthEncoder {
    /// Encodes `count` values of `width` bits to the end of `out`.
    static func encode<Value: FixedWidthInteger & UnsignedInteger>(
        _ values: UnsafePointer<Value>,
        count: Int,
        width: Int,
        into out: ByteStorage
    ) {
        var index = 0
        var literalStart = 0
        while index < count {
            let run = runLength(values, from: index, count: count)
            if run >= 8 {
                flushLiterals(values, from: literalStart, to: index, width: width, into: out)
                encodeRun(UInt64(values[index]), count: run, width: width, into: out)
                index += run
                literalStart = index
            } else {
                index += 8
            }
        }
        flushLiterals(values, from: literalStart, to: count, width: width, into: out)
    }

    /// Encodes one run.
    static func encodeRun(_ value: UInt64, count: Int, width: Int, into out: ByteStorage) {
        appendVarint(UInt64(count) << 1, to: out)
        var rest = value
        for _ in 0..<(width + 7) / 8 {
            out.append(UInt8(truncatingIfNeeded: rest))
            rest >>= 8
        }
    }

    /// The length of the run at `start`; the scan gives up at once when the first 8 differ.
    private static func runLength<Value: FixedWidthInteger>(
        _ values: UnsafePointer<Value>,
        from start: Int,
        count: Int
    ) -> Int {
        let first = values[start]
        var end = start &+ 1
        while end < count, values[end] == first { end &+= 1 }
        return end &- start
    }

    private static func flushLiterals<Value: FixedWidthInteger & UnsignedInteger>(
        _ values: UnsafePointer<Value>,
        from start: Int,
        to end: Int,
        width: Int,
        into out: ByteStorage
    ) {
        let count = end - start
        guard count > 0 else { return }
        let groupCount = (count + 7) / 8
        appendVarint(UInt64(groupCount) << 1 | 1, to: out)
        out.reserve(groupCount * width + 16)
        let whole = count / 8 * 8
        out.count += BitPacking.pack(
            values + start,
            count: whole,
            width: width,
            into: out.base + out.count
        )
        guard whole < count else { return }
        withUnsafeTemporaryAllocation(of: Value.self, capacity: 8) { padded in
            for lane in 0..<8 {
                padded[lane] = whole + lane < count ? values[start + whole + lane] : 0
            }
            guard let base = padded.baseAddress else { return }
            out.count += BitPacking.pack(
                UnsafePointer(base),
                count: 8,
                width: width,
                into: out.base + out.count
            )
        }
    }

    /// Adds an unsigned LEB128 integer.
    static func appendVarint(_ value: UInt64, to out: ByteStorage) {
        var rest = value
        while rest >= 0x80 {
            out.append(UInt8(truncatingIfNeeded: rest) | 0x80)
            rest >>= 7
        }
        out.append(UInt8(truncatingIfNeeded: rest))
    }
}
