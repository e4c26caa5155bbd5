/// The values of one page without their nulls.
struct DenseValues {
    var count: Int
    /// Fixed width: the values.
    ///
    /// Variable: the bytes that `offsets` point into.
    var base: UnsafeRawPointer
    /// `count` + 1 ends into `base`; nil for a fixed width.
    var offsets: UnsafePointer<UInt32>?

    /// Bytes of all values, without lengths.
    func byteCount(width: Int) -> Int {
        guard let offsets else { return count * width }
        return Int(offsets[count]) - Int(offsets[0])
    }
}

/// How the values of a leaf lie in a Parquet file.
struct LeafLayout: Hashable {
    var physicalType: PhysicalType
    /// Bytes per value in memory; 0 for byte arrays.
    var width: Int
    /// Bytes per value in the file, of fixed-length byte arrays.
    var typeLength: Int
    /// Whether the bytes of the value are reversed: decimals lie big-endian in the file.
    var isBigEndian: Bool

    init(type: DataType) {
        isBigEndian = false
        typeLength = 0
        switch type {
        case .boolean: (physicalType, width) = (.boolean, 1)
        case .int, .date: (physicalType, width) = (.int32, 4)
        case .long, .time, .timestamp, .timestamptz: (physicalType, width) = (.int64, 8)
        case .float: (physicalType, width) = (.float, 4)
        case .double: (physicalType, width) = (.double, 8)
        case .string, .binary: (physicalType, width) = (.byteArray, 0)
        case .uuid: (physicalType, width, typeLength) = (.fixedLengthByteArray, 16, 16)
        case .decimal(let precision, _):
            if precision <= 9 {
                (physicalType, width) = (.int32, 4)
            } else if precision <= 18 {
                (physicalType, width) = (.int64, 8)
            } else {
                (physicalType, width) = (.fixedLengthByteArray, 16)
                typeLength = Self.decimalLength(precision: precision)
                isBigEndian = true
            }
        case .list, .structure, .map: preconditionFailure("\(type) is no leaf")
        }
    }

    /// The fewest bytes that hold every decimal of `precision` digits in two's complement.
    static func decimalLength(precision: Int) -> Int {
        var bound: Int128 = 1
        for _ in 0..<precision { bound *= 10 }
        var length = 1
        while length < 16, (Int128(1) << (8 * length - 1)) < bound { length += 1 }
        return length
    }
}

/// Encodings that need no state from page to page.
enum ValueEncoder {
    /// PLAIN: values one after the other.
    static func encodePlain(_ values: DenseValues, layout: LeafLayout, into out: ByteStorage) {
        switch layout.physicalType {
        case .boolean: packBooleans(values, into: out)
        case .byteArray: encodePlainBytes(values, into: out)
        case .fixedLengthByteArray where layout.isBigEndian:
            encodeBigEndian(values, length: layout.typeLength, into: out)
        default:
            out.append(
                UnsafeRawBufferPointer(start: values.base, count: values.count * layout.width)
            )
        }
    }

    private static func packBooleans(_ values: DenseValues, into out: ByteStorage) {
        out.reserve((values.count + 7) / 8)
        let source = values.base.assumingMemoryBound(to: UInt8.self)
        var index = 0
        while index < values.count {
            var byte: UInt8 = 0
            for bit in 0..<min(8, values.count - index) {
                byte |= source[index + bit] << UInt8(bit)
            }
            out.append(byte)
            index += 8
        }
    }

    private static func encodePlainBytes(_ values: DenseValues, into out: ByteStorage) {
        guard let offsets = values.offsets else { return }
        out.reserve(values.byteCount(width: 0) + values.count * 4)
        var target = out.base + out.count
        var start = Int(offsets[0])
        for index in 0..<values.count {
            let end = Int(offsets[index &+ 1])
            let length = end &- start
            target.storeBytes(of: UInt32(length).littleEndian, as: UInt32.self)
            target += 4
            copy(values.base + start, to: target, length: length)
            target += length
            start = end
        }
        out.count = target - out.base
    }

    /// Copies a value, short ones in words of 16 bytes: storage has `ByteStorage.slack` behind its
    /// end on both sides, and what comes next overwrites what is too much.
    @inline(__always)
    private static func copy(
        _ source: UnsafeRawPointer,
        to target: UnsafeMutableRawPointer,
        length: Int
    ) {
        guard length <= 64 else { return target.copyMemory(from: source, byteCount: length) }
        var offset = 0
        while offset < length {
            let word = source.loadUnaligned(fromByteOffset: offset, as: SIMD16<UInt8>.self)
            target.storeBytes(of: word, toByteOffset: offset, as: SIMD16<UInt8>.self)
            offset &+= 16
        }
    }

    private static func encodeBigEndian(_ values: DenseValues, length: Int, into out: ByteStorage) {
        out.reserve(values.count * length + 16)
        var target = out.base + out.count
        for index in 0..<values.count {
            let word = values.base.loadUnaligned(fromByteOffset: index * 16, as: UInt128.self)
            // The sign bytes cut off lie at the front of the big-endian form; shifting left drops
            // them, and the spill behind `length` bytes is overwritten or never counted.
            let shifted = (word << UInt128(8 * (16 - length))).bigEndian
            target.storeBytes(of: shifted, as: UInt128.self)
            target += length
        }
        out.count = target - out.base
    }

    /// DELTA_BINARY_PACKED of 4- or 8-byte integers.
    static func encodeDelta(_ values: DenseValues, width: Int, into out: ByteStorage) {
        if width == 4 {
            DeltaBinaryPackedEncoder.encode(
                values.base.assumingMemoryBound(to: Int32.self),
                count: values.count,
                into: out
            )
        } else {
            DeltaBinaryPackedEncoder.encode(
                values.base.assumingMemoryBound(to: Int64.self),
                count: values.count,
                into: out
            )
        }
    }

    /// DELTA_LENGTH_BYTE_ARRAY: all lengths as deltas, then all bytes.
    static func encodeDeltaLength(_ values: DenseValues, into out: ByteStorage) {
        guard let offsets = values.offsets else { return }
        withUnsafeTemporaryAllocation(of: Int32.self, capacity: max(values.count, 1)) { lengths in
            guard let base = lengths.baseAddress else { return }
            for index in 0..<values.count {
                base[index] = Int32(bitPattern: offsets[index &+ 1] &- offsets[index])
            }
            DeltaBinaryPackedEncoder.encode(
                UnsafePointer(base),
                count: values.count,
                into: out
            )
        }
        out.append(
            UnsafeRawBufferPointer(
                start: values.base + Int(offsets[0]),
                count: values.byteCount(width: 0)
            )
        )
    }

    /// BYTE_STREAM_SPLIT: byte 0 of every value, then byte 1 of every value, and so on.
    static func encodeByteStreamSplit(_ values: DenseValues, width: Int, into out: ByteStorage) {
        out.reserve(values.count * width)
        let source = values.base.assumingMemoryBound(to: UInt8.self)
        let target = (out.base + out.count).assumingMemoryBound(to: UInt8.self)
        for plane in 0..<width {
            for index in 0..<values.count {
                target[plane &* values.count &+ index] = source[index &* width &+ plane]
            }
        }
        out.count += values.count * width
    }
}
