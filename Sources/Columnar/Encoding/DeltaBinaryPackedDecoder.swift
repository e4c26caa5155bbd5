/// Decodes DELTA_BINARY_PACKED (parquet-format, Encodings.md).
///
/// ```
/// header   block size, miniblocks per block, count (varints), first value (zigzag)
/// block    least delta (zigzag), a width byte per miniblock, the miniblocks
/// ```
/// Values wrap around at 64 bits, so the lower 32 are right for `INT32` too. 16 bytes behind the
/// data must be readable.
struct DeltaBinaryPackedDecoder {
    private var cursor: UnsafeRawPointer
    private let end: UnsafeRawPointer
    /// Values in the whole stream.
    let count: Int
    private let miniblockCount: Int
    private let miniblockValues: Int
    private var value: UInt64
    private var isFirst = true
    /// Values not handed out, the first included.
    private var left: Int
    private var leastDelta: UInt64 = 0
    private var widths: UnsafeRawPointer
    private var miniblock: Int
    private var width = 0
    private var packed: UnsafeRawPointer
    private var packedBit = 0
    private var packedLeft = 0

    /// Reads the header.
    init(_ data: UnsafeRawBufferPointer) throws(ParquetError) {
        guard let base = data.baseAddress else { throw Self.endsEarly }
        var cursor = base
        let end = base + data.count
        let blockValues = try Self.varint(&cursor, end)
        let miniblocks = try Self.varint(&cursor, end)
        let total = try Self.varint(&cursor, end)
        let first = try Self.varint(&cursor, end)
        guard 1...UInt64(Limits.deltaBlockValueCountMax) ~= blockValues,
            1...blockValues ~= miniblocks, blockValues % miniblocks == 0,
            (blockValues / miniblocks) % 8 == 0
        else {
            throw ParquetError(
                .corrupt,
                "delta blocks of \(blockValues) values in \(miniblocks) miniblocks"
            )
        }
        guard total <= UInt64(Limits.pageValueCountMax) else {
            throw ParquetError(.tooLarge, "a page claims \(total) delta encoded values")
        }
        self.cursor = cursor
        self.end = end
        count = Int(total)
        left = count
        miniblockCount = Int(miniblocks)
        miniblockValues = Int(blockValues / miniblocks)
        value = Self.unzigzag(first)
        widths = base
        miniblock = miniblockCount
        packed = base
    }

    /// The bytes behind the stream, as if it had been read.
    func dataBehind() throws(ParquetError) -> UnsafeRawBufferPointer {
        var copy = self
        copy.left = max(0, count - 1)
        while copy.left > 0 {
            try copy.nextMiniblock()
            copy.left -= min(copy.left, copy.packedLeft)
        }
        return UnsafeRawBufferPointer(start: copy.cursor, count: end - copy.cursor)
    }

    /// Decodes `wanted` values, cut to the width of `Value`.
    mutating func decode<Value: FixedWidthInteger>(
        _ wanted: Int,
        into target: UnsafeMutablePointer<Value>
    ) throws(ParquetError) {
        guard wanted <= left else { throw Self.endsEarly }
        var done = 0
        if isFirst, wanted > 0 {
            target[0] = Value(truncatingIfNeeded: value)
            isFirst = false
            left -= 1
            done = 1
        }
        while done < wanted {
            if packedLeft == 0 { try nextMiniblock() }
            let step = min(packedLeft, wanted - done)
            unpack(step, into: target + done)
            packedLeft -= step
            left -= step
            done += step
        }
    }

    private mutating func unpack<Value: FixedWidthInteger>(
        _ count: Int,
        into target: UnsafeMutablePointer<Value>
    ) {
        var current = value
        let least = leastDelta
        if width == 0 {
            for index in 0..<count {
                current &+= least
                target[index] = Value(truncatingIfNeeded: current)
            }
        } else {
            let mask = UInt64.max >> UInt64(64 - width)
            var bit = packedBit
            for index in 0..<count {
                let at = packed + (bit >> 3)
                let shift = UInt64(bit & 7)
                var word = at.loadUnaligned(as: UInt64.self) >> shift
                if width > 56 {
                    // Up to 7 bits of the value lie in a ninth byte.
                    let high = UInt64((at + 8).load(as: UInt8.self))
                    if shift > 0 { word |= high << (64 - shift) }
                }
                current &+= (word & mask) &+ least
                target[index] = Value(truncatingIfNeeded: current)
                bit &+= width
            }
            packedBit = bit
        }
        value = current
    }

    private mutating func nextMiniblock() throws(ParquetError) {
        if miniblock == miniblockCount {
            leastDelta = Self.unzigzag(try Self.varint(&cursor, end))
            guard end - cursor >= miniblockCount else { throw Self.endsEarly }
            widths = cursor
            cursor += miniblockCount
            miniblock = 0
        }
        width = Int((widths + miniblock).load(as: UInt8.self))
        guard width <= 64 else {
            throw ParquetError(.corrupt, "a delta miniblock has values of \(width) bits")
        }
        miniblock += 1
        let needed = (min(miniblockValues, left) * width + 7) >> 3
        guard end - cursor >= needed else { throw Self.endsEarly }
        packed = cursor
        packedBit = 0
        packedLeft = miniblockValues
        // Padding of the last miniblock may be left out.
        cursor += min((miniblockValues * width) >> 3, end - cursor)
    }

    private static func unzigzag(_ value: UInt64) -> UInt64 {
        (value >> 1) ^ (0 &- (value & 1))
    }

    private static func varint(
        _ cursor: inout UnsafeRawPointer,
        _ end: UnsafeRawPointer
    ) throws(ParquetError) -> UInt64 {
        var value: UInt64 = 0
        var shift: UInt64 = 0
        while true {
            guard cursor < end else { throw endsEarly }
            let byte = cursor.load(as: UInt8.self)
            cursor += 1
            guard shift < 63 || byte <= 1 else {
                throw ParquetError(.corrupt, "a delta number is longer than 64 bits")
            }
            value |= UInt64(byte & 0x7F) << shift
            if byte < 0x80 { return value }
            shift += 7
        }
    }

    private static let endsEarly = ParquetError(.truncated, "delta encoded values end early")
}
