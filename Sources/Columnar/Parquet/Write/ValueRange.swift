#if canImport(Glibc)
    import Glibc
#else
    import Musl
#endif

/// The smallest and largest value of a page or chunk.
///
/// There are none where a value is NaN: sources and engines order it above all others, readers of
/// statistics leave it out, and a filter would then skip rows that it should find.
struct ValueRange {
    var minimum: Scalar?
    var maximum: Scalar?
    /// Whether a bound is a value that occurs, not a cut or raised one.
    var isMinimumExact = true
    var isMaximumExact = true
    var nanCount: Int64 = 0
    /// There are values, but no bound could be stated: a maximum that cannot be raised.
    var isUnbounded = false

    /// Widens the range to include another.
    mutating func formUnion(_ other: ValueRange) {
        nanCount += other.nanCount
        isUnbounded = isUnbounded || other.isUnbounded
        if let theirs = other.minimum {
            if let ours = minimum, !Self.isLess(theirs, ours) {
                // Ours stays.
            } else {
                minimum = theirs
                isMinimumExact = other.isMinimumExact
            }
        }
        if let theirs = other.maximum {
            if let ours = maximum, !Self.isLess(ours, theirs) {
                // Ours stays.
            } else {
                maximum = theirs
                isMaximumExact = other.isMaximumExact
            }
        }
        if isUnbounded { maximum = nil }
        dropBoundsOfNaN()
    }

    private mutating func dropBoundsOfNaN() {
        guard nanCount > 0 else { return }
        (minimum, maximum) = (nil, nil)
    }

    private static func isLess(_ left: Scalar, _ right: Scalar) -> Bool {
        switch (left, right) {
        case (.boolean(let left), .boolean(let right)): !left && right
        case (.integer(let left), .integer(let right)): left < right
        case (.float(let left), .float(let right)): left < right
        case (.double(let left), .double(let right)): left < right
        case (.decimal(let left), .decimal(let right)): left < right
        case (.bytes(let left), .bytes(let right)): left.lexicographicallyPrecedes(right)
        default: false
        }
    }
}

extension ValueRange {
    /// The range of a page.
    init(of values: DenseValues, type: DataType) {
        guard values.count > 0 else { return }
        switch type {
        case .boolean:
            let (low, high) = Self.bounds(values, of: UInt8.self)
            (minimum, maximum) = (.boolean(low != 0), .boolean(high != 0))
        case .int, .date:
            let (low, high) = Self.bounds(values, of: Int32.self)
            (minimum, maximum) = (.integer(Int64(low)), .integer(Int64(high)))
        case .long, .time, .timestamp, .timestamptz:
            let (low, high) = Self.bounds(values, of: Int64.self)
            (minimum, maximum) = (.integer(low), .integer(high))
        case .decimal(let precision, _):
            (minimum, maximum) = Self.decimalBounds(values, precision: precision)
        case .float:
            let found = Self.floatBounds(values, of: Float.self)
            nanCount = found.nanCount
            if let low = found.low, let high = found.high {
                (minimum, maximum) = (.float(low), .float(high))
            }
        case .double:
            let found = Self.floatBounds(values, of: Double.self)
            nanCount = found.nanCount
            if let low = found.low, let high = found.high {
                (minimum, maximum) = (.double(low), .double(high))
            }
        case .uuid:
            var low = values.base
            var high = values.base
            for index in 1..<max(values.count, 1) {
                let value = values.base + index * 16
                if memcmp(value, low, 16) < 0 { low = value }
                if memcmp(value, high, 16) > 0 { high = value }
            }
            minimum = .bytes(Array(UnsafeRawBufferPointer(start: low, count: 16)))
            maximum = .bytes(Array(UnsafeRawBufferPointer(start: high, count: 16)))
        case .string: setBytes(values, isText: true)
        case .binary: setBytes(values, isText: false)
        case .list, .structure, .map: break
        }
        dropBoundsOfNaN()
    }

    private static func bounds<Value: FixedWidthInteger>(
        _ values: DenseValues,
        of type: Value.Type
    ) -> (Value, Value) {
        let source = values.base.assumingMemoryBound(to: Value.self)
        var low = source[0]
        var high = source[0]
        for index in 0..<values.count {
            low = min(low, source[index])
            high = max(high, source[index])
        }
        return (low, high)
    }

    private static func decimalBounds(
        _ values: DenseValues,
        precision: Int
    ) -> (Scalar, Scalar) {
        if precision <= 9 {
            let (low, high) = bounds(values, of: Int32.self)
            return (.decimal(Int128(low)), .decimal(Int128(high)))
        }
        if precision <= 18 {
            let (low, high) = bounds(values, of: Int64.self)
            return (.decimal(Int128(low)), .decimal(Int128(high)))
        }
        var low = values.base.loadUnaligned(as: Int128.self)
        var high = low
        for index in 1..<max(values.count, 1) {
            let value = values.base.loadUnaligned(fromByteOffset: index * 16, as: Int128.self)
            low = min(low, value)
            high = max(high, value)
        }
        return (.decimal(low), .decimal(high))
    }

    /// Zeros count as -0.0 below and +0.0 above, as parquet.thrift asks for (ColumnOrder).
    private static func floatBounds<Value: BinaryFloatingPoint>(
        _ values: DenseValues,
        of type: Value.Type
    ) -> (low: Value?, high: Value?, nanCount: Int64) {
        let source = values.base.assumingMemoryBound(to: Value.self)
        var low = Value.infinity
        var high = -Value.infinity
        var nanCount: Int64 = 0
        for index in 0..<values.count {
            let value = source[index]
            if value.isNaN { nanCount += 1 }
            if value < low { low = value }
            if value > high { high = value }
        }
        guard nanCount < Int64(values.count) else { return (nil, nil, nanCount) }
        return (low == 0 ? -0.0 : low, high == 0 ? 0.0 : high, nanCount)
    }

    /// The first 8 bytes as a big-endian number, so that most comparisons are one instruction.
    private static func prefix(_ start: UnsafeRawPointer, length: Int) -> UInt64 {
        let word = start.loadUnaligned(as: UInt64.self).bigEndian
        return length >= 8 ? word : length == 0 ? 0 : word & ~(UInt64.max &>> UInt64(8 &* length))
    }

    private mutating func setBytes(_ values: DenseValues, isText: Bool) {
        guard let offsets = values.offsets else { return }
        var start = Int(offsets[0])
        var low = (start: values.base + start, length: Int(offsets[1]) - start)
        var high = low
        var lowPrefix = Self.prefix(low.start, length: low.length)
        var highPrefix = lowPrefix
        for index in 0..<values.count {
            let end = Int(offsets[index &+ 1])
            let value = (start: values.base + start, length: end &- start)
            start = end
            let prefix = Self.prefix(value.start, length: value.length)
            if prefix <= lowPrefix, prefix < lowPrefix || Self.isLess(value, low) {
                low = value
                lowPrefix = prefix
            }
            if prefix >= highPrefix, prefix > highPrefix || Self.isLess(high, value) {
                high = value
                highPrefix = prefix
            }
        }
        let limit = Limits.statisticsByteCount
        let lowBytes = UnsafeRawBufferPointer(start: low.start, count: low.length)
        isMinimumExact = low.length <= limit
        minimum = .bytes(isMinimumExact ? Array(lowBytes) : Self.cut(lowBytes, isText: isText))
        let highBytes = UnsafeRawBufferPointer(start: high.start, count: high.length)
        isMaximumExact = high.length <= limit
        if isMaximumExact {
            maximum = .bytes(Array(highBytes))
        } else if let raised = Self.raised(Self.cut(highBytes, isText: isText), isText: isText) {
            maximum = .bytes(raised)
        } else {
            isUnbounded = true
        }
    }

    private static func isLess(
        _ left: (start: UnsafeRawPointer, length: Int),
        _ right: (start: UnsafeRawPointer, length: Int)
    ) -> Bool {
        let order = memcmp(left.start, right.start, min(left.length, right.length))
        return order != 0 ? order < 0 : left.length < right.length
    }

    /// The first bytes up to the limit; text is cut between code points.
    private static func cut(_ bytes: UnsafeRawBufferPointer, isText: Bool) -> [UInt8] {
        var length = Limits.statisticsByteCount
        while isText, length > 0, bytes[length] & 0xC0 == 0x80 { length -= 1 }
        return Array(bytes.prefix(length))
    }

    /// A short value above everything that begins with `prefix`; nil when there is none.
    static func raised(_ prefix: [UInt8], isText: Bool) -> [UInt8]? {
        if !isText {
            var bytes = prefix
            while let last = bytes.popLast() {
                if last < 0xFF { return bytes + [last + 1] }
            }
            return nil
        }
        var scalars = Array(String(decoding: prefix, as: UTF8.self).unicodeScalars)
        while let last = scalars.popLast() {
            // The surrogates are no scalar values: U+D7FF is followed by U+E000.
            let next = last.value == 0xD7FF ? 0xE000 : last.value + 1
            if let raised = Unicode.Scalar(next) {
                var text = String.UnicodeScalarView(scalars)
                text.append(raised)
                return Array(String(text).utf8)
            }
        }
        return nil
    }
}

extension Scalar {
    /// The value as Parquet's PLAIN encoding of statistics: numbers little-endian, decimals of
    /// byte arrays big-endian.
    func plainBytes(layout: LeafLayout) -> [UInt8] {
        switch self {
        case .boolean(let value): [value ? 1 : 0]
        case .integer(let value): Self.littleEndian(UInt64(bitPattern: value), layout.width)
        case .float(let value): Self.littleEndian(UInt64(value.bitPattern), 4)
        case .double(let value): Self.littleEndian(value.bitPattern, 8)
        case .decimal(let value):
            if layout.isBigEndian {
                (0..<layout.typeLength).reversed().map {
                    UInt8(truncatingIfNeeded: value >> Int128(8 * $0))
                }
            } else {
                Self.littleEndian(UInt64(truncatingIfNeeded: value), layout.width)
            }
        case .bytes(let bytes): bytes
        }
    }

    private static func littleEndian(_ value: UInt64, _ width: Int) -> [UInt8] {
        (0..<width).map { UInt8(truncatingIfNeeded: value >> UInt64(8 * $0)) }
    }
}
