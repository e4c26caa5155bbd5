/// What the bytes of a text say: valid UTF-8, a date or time, a uuid, a decimal.
enum SQLiteText {
    /// Whether the bytes are well-formed UTF-8; NUL is a character like any other.
    static func isUTF8(_ bytes: UnsafeRawBufferPointer) -> Bool {
        var index = 0
        let count = bytes.count
        while index &+ 8 <= count {
            let word = bytes.loadUnaligned(fromByteOffset: index, as: UInt64.self)
            guard word & 0x8080_8080_8080_8080 == 0 else { break }
            index &+= 8
        }
        while index < count {
            let lead = bytes[index]
            if lead < 0x80 {
                index &+= 1
                continue
            }
            let length = sequenceLength(bytes, at: index, lead: lead)
            guard length > 0 else { return false }
            index &+= length
        }
        return true
    }

    /// The length of the well-formed sequence at `index`; 0 if there is none.
    private static func sequenceLength(
        _ bytes: UnsafeRawBufferPointer,
        at index: Int,
        lead: UInt8
    ) -> Int {
        let length: Int
        var second: ClosedRange<UInt8> = 0x80...0xBF
        switch lead {
        case 0xC2...0xDF: length = 2
        case 0xE0: (length, second) = (3, 0xA0...0xBF)
        case 0xED: (length, second) = (3, 0x80...0x9F)
        case 0xE1...0xEF: length = 3
        case 0xF0: (length, second) = (4, 0x90...0xBF)
        case 0xF4: (length, second) = (4, 0x80...0x8F)
        case 0xF1...0xF3: length = 4
        default: return 0
        }
        guard index + length <= bytes.count, second.contains(bytes[index + 1]) else { return 0 }
        for offset in 2..<max(length, 2) where bytes[index + offset] & 0xC0 != 0x80 { return 0 }
        return length
    }

    /// The 16 bytes of a uuid in its canonical lower-case form; nil for any other text.
    static func uuid(_ bytes: UnsafeRawBufferPointer) -> (UInt64, UInt64)? {
        guard bytes.count == 36 else { return nil }
        var high: UInt64 = 0
        var low: UInt64 = 0
        for index in 0..<36 {
            let byte = bytes[index]
            if index == 8 || index == 13 || index == 18 || index == 23 {
                guard byte == UInt8(ascii: "-") else { return nil }
                continue
            }
            let digit: UInt8
            switch byte {
            case UInt8(ascii: "0")...UInt8(ascii: "9"): digit = byte - UInt8(ascii: "0")
            case UInt8(ascii: "a")...UInt8(ascii: "f"): digit = byte - UInt8(ascii: "a") + 10
            default: return nil
            }
            high = high << 4 | low >> 60
            low = low << 4 | UInt64(digit)
        }
        return (high.bigEndian, low.bigEndian)
    }

    /// The unscaled value of a plain decimal literal (`-12.50`), if it has at most `precision`
    /// digits with `scale` of them after the point; nil where a digit would be lost.
    static func decimal(
        _ bytes: UnsafeRawBufferPointer,
        precision: Int,
        scale: Int
    ) -> Int128? {
        var index = 0
        var isNegative = false
        if let first = bytes.first, first == UInt8(ascii: "-") || first == UInt8(ascii: "+") {
            isNegative = first == UInt8(ascii: "-")
            index = 1
        }
        var value: Int128 = 0
        var digitCount = 0
        var fraction: Int?
        while index < bytes.count {
            let byte = bytes[index]
            index += 1
            if byte == UInt8(ascii: "."), fraction == nil {
                fraction = 0
                continue
            }
            guard case UInt8(ascii: "0")...UInt8(ascii: "9") = byte else { return nil }
            digitCount += 1
            if let places = fraction {
                fraction = places + 1
                if places >= scale {
                    guard byte == UInt8(ascii: "0") else { return nil }
                    continue
                }
            }
            value = value * 10 + Int128(byte - UInt8(ascii: "0"))
            guard value < SQLiteDecimal.power(precision) else { return nil }
        }
        guard digitCount > 0 else { return nil }
        value *= SQLiteDecimal.power(scale - min(fraction ?? 0, scale))
        guard value < SQLiteDecimal.power(precision) else { return nil }
        return isNegative ? -value : value
    }
}
