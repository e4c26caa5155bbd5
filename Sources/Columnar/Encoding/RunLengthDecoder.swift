/// Decodes the hybrid of runs and bit-packed groups (parquet-format, Encodings.md, "RLE").
///
/// ```
/// run      varint (count << 1)       value in ceil(width / 8) bytes, little-endian
/// groups   varint (groups << 1 | 1)  groups × 8 values of `width` bits, lowest bit first
/// ```
/// 16 bytes behind the data must be readable.
struct RunLengthDecoder {
    private var cursor: UnsafeRawPointer
    private let end: UnsafeRawPointer
    private let width: Int
    private let mask: UInt64
    private var runValue: UInt32 = 0
    private var runLeft = 0
    /// Bit-packed values left, and the bit of the next one counted from `packed`.
    private var packedLeft = 0
    private var packed: UnsafeRawPointer
    private var packedBit = 0

    /// Makes a decoder of values of `width` bits, 0 to 32.
    init(_ data: UnsafeRawBufferPointer, width: Int) throws(ParquetError) {
        guard 0...32 ~= width, let base = data.baseAddress else {
            throw ParquetError(.corrupt, "values of \(width) bits cannot be run-length encoded")
        }
        cursor = base
        end = base + data.count
        packed = base
        self.width = width
        mask = (1 << UInt64(width)) - 1
    }

    /// Decodes `count` values; `Value` must hold `width` bits.
    mutating func decode<Value: FixedWidthInteger & UnsignedInteger>(
        _ count: Int,
        into target: UnsafeMutablePointer<Value>
    ) throws(ParquetError) {
        var done = 0
        while done < count {
            if runLeft > 0 {
                let step = min(runLeft, count - done)
                (target + done).update(
                    repeating: Value(truncatingIfNeeded: runValue),
                    count: step
                )
                runLeft -= step
                done += step
            } else if packedLeft > 0 {
                let step = min(packedLeft, count - done)
                unpack(step, into: target + done)
                packedLeft -= step
                done += step
            } else {
                try nextRun()
            }
        }
    }

    private mutating func unpack<Value: FixedWidthInteger & UnsignedInteger>(
        _ count: Int,
        into target: UnsafeMutablePointer<Value>
    ) {
        var bit = packedBit
        for index in 0..<count {
            // At most 7 + 32 bits are needed of the 64; the slack makes the last load safe.
            let word = (packed + (bit >> 3)).loadUnaligned(as: UInt64.self)
            target[index] = Value(truncatingIfNeeded: (word >> UInt64(bit & 7)) & mask)
            bit &+= width
        }
        packedBit = bit
    }

    private mutating func nextRun() throws(ParquetError) {
        let header = try varint()
        if header & 1 == 0 {
            runLeft = Int(header >> 1)
            let bytes = (width + 7) >> 3
            guard end - cursor >= bytes else { throw Self.endsEarly }
            runValue = UInt32(
                truncatingIfNeeded: cursor.loadUnaligned(as: UInt32.self).littleEndian
            )
            if bytes < 4 { runValue &= (1 << UInt32(bytes * 8)) - 1 }
            guard UInt64(runValue) <= mask else {
                throw ParquetError(.corrupt, "a run's value has more than \(width) bits")
            }
            cursor += bytes
            return
        }
        let groups = Int(header >> 1)
        // Some writers cut the last group short, so what is there counts.
        let bytes = min(groups * width, end - cursor)
        packedLeft = width == 0 ? groups * 8 : min(groups * 8, bytes * 8 / width)
        guard packedLeft > 0 || groups == 0 else { throw Self.endsEarly }
        packed = cursor
        packedBit = 0
        cursor += bytes
    }

    private mutating func varint() throws(ParquetError) -> UInt32 {
        var value: UInt32 = 0
        var shift: UInt32 = 0
        while true {
            guard cursor < end else { throw Self.endsEarly }
            let byte = cursor.load(as: UInt8.self)
            cursor += 1
            guard shift < 28 || byte < 16 else {
                throw ParquetError(.corrupt, "the length of a run is longer than 32 bits")
            }
            value |= UInt32(byte & 0x7F) << shift
            if byte < 0x80 { return value }
            shift += 7
        }
    }

    private static let endsEarly = ParquetError(.truncated, "run-length encoded values end early")
}
