internal import Columnar

/// The smallest and largest values of a column as a manifest holds them.
///
/// The layout is the Iceberg specification's, appendix D, "Binary single-value serialization".
enum Bound {
    /// At most the smallest value; nil when none can be given.
    static func lower(_ value: Scalar, type: DataType) -> [UInt8]? {
        switch (value, type) {
        case (.bytes(let bytes), .string): textPrefix(bytes)?.bytes
        case (.bytes(let bytes), .binary): Array(bytes.prefix(Limits.boundLength))
        // Zero has two signs and readers compare bits: the lower one holds for both.
        case (.float(let value), .float): fixed(value == 0 ? -0.0 : value)
        case (.double(let value), .double): fixed(value == 0 ? -0.0 : value)
        default: exact(value, type: type)
        }
    }

    /// At least the largest value; nil when none can be given.
    static func upper(_ value: Scalar, type: DataType) -> [UInt8]? {
        switch (value, type) {
        case (.bytes(let bytes), .string):
            guard let prefix = textPrefix(bytes), prefix.isValid else { return nil }
            return prefix.isWhole ? bytes : raised(text: prefix.scalars)
        case (.bytes(let bytes), .binary):
            return bytes.count <= Limits.boundLength
                ? bytes : raised(Array(bytes.prefix(Limits.boundLength)))
        case (.float(let value), .float): return fixed(value == 0 ? 0 : value)
        case (.double(let value), .double): return fixed(value == 0 ? 0 : value)
        default: return exact(value, type: type)
        }
    }

    private static func exact(_ value: Scalar, type: DataType) -> [UInt8]? {
        switch (value, type) {
        case (.boolean(let value), .boolean): return [value ? 1 : 0]
        case (.integer(let value), .int), (.integer(let value), .date):
            return Int32(exactly: value).map { littleEndian(UInt32(bitPattern: $0)) }
        case (.integer(let value), .long), (.integer(let value), .time),
            (.integer(let value), .timestamp), (.integer(let value), .timestamptz):
            return littleEndian(UInt64(bitPattern: value))
        case (.decimal(let value), .decimal): return minimalBigEndian(value)
        case (.bytes(let bytes), .uuid): return bytes.count == 16 ? bytes : nil
        default: return nil
        }
    }

    private static func fixed(_ value: Float) -> [UInt8]? {
        value.isNaN ? nil : littleEndian(value.bitPattern)
    }

    private static func fixed(_ value: Double) -> [UInt8]? {
        value.isNaN ? nil : littleEndian(value.bitPattern)
    }

    private static func littleEndian<Number: FixedWidthInteger>(_ value: Number) -> [UInt8] {
        withUnsafeBytes(of: value.littleEndian) { Array($0) }
    }

    /// Two's complement in as few bytes as keep the sign.
    private static func minimalBigEndian(_ value: Int128) -> [UInt8] {
        var bytes = withUnsafeBytes(of: value.bigEndian) { Array($0) }
        let filler: UInt8 = value < 0 ? 0xFF : 0
        while bytes.count > 1, bytes[0] == filler, (bytes[1] ^ filler) < 0x80 {
            bytes.removeFirst()
        }
        return bytes
    }

    private struct Prefix {
        var scalars: [UnicodeScalar] = []
        /// Whether nothing was cut off.
        var isWhole = true
        /// Whether what was looked at is UTF-8.
        var isValid = true

        var bytes: [UInt8] {
            var text = String.UnicodeScalarView()
            text.append(contentsOf: scalars)
            return Array(String(text).utf8)
        }
    }

    /// The first code points of a text; nil for text that is broken before its end.
    private static func textPrefix(_ bytes: [UInt8]) -> Prefix? {
        var prefix = Prefix()
        var decoder = UTF8()
        var iterator = bytes.makeIterator()
        while true {
            switch decoder.decode(&iterator) {
            case .emptyInput: return prefix
            case .error:
                // A value cut inside of a code point: what stands before it is still a lower
                // bound, and nothing an upper one can be made of.
                prefix.isValid = false
                prefix.isWhole = false
                return prefix
            case .scalarValue(let scalar):
                guard prefix.scalars.count < Limits.boundLength else {
                    prefix.isWhole = false
                    return prefix
                }
                prefix.scalars.append(scalar)
            }
        }
    }

    /// The shortest text above all that start so; nil when there is none.
    private static func raised(text scalars: [UnicodeScalar]) -> [UInt8]? {
        var prefix = Prefix(scalars: scalars)
        while let last = prefix.scalars.popLast() {
            // The code points of surrogates are no characters: the next one lies behind them.
            let next = last.value == 0xD7FF ? 0xE000 : last.value + 1
            if let scalar = UnicodeScalar(next) {
                prefix.scalars.append(scalar)
                return prefix.bytes
            }
        }
        return nil
    }

    private static func raised(_ bytes: [UInt8]) -> [UInt8]? {
        var bytes = bytes
        while let last = bytes.popLast() {
            if last < 0xFF { return bytes + [last + 1] }
        }
        return nil
    }
}
