/// Decimals as digits.
package enum DecimalText {
    private static let powers: [Int128] = {
        var powers: [Int128] = [1]
        for _ in 0..<38 { powers.append(powers[powers.count - 1] * 10) }
        return powers
    }()

    /// Ten to the power of `exponent`, which is 0 to 38.
    static func power(_ exponent: Int) -> Int128 { powers[exponent] }

    /// The unscaled value of a plain decimal literal (`-12.50`), if it has at most `precision`
    /// digits with `scale` of them after the point; nil where a digit would be lost.
    package static func unscaled(
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
            // 38 digits fill the width of the number, one more may not fit it.
            let (shifted, isTooLarge) = value.multipliedReportingOverflow(by: 10)
            guard !isTooLarge, shifted < power(precision) else { return nil }
            value = shifted + Int128(byte - UInt8(ascii: "0"))
        }
        guard digitCount > 0 else { return nil }
        let (unscaled, isTooLarge) = value.multipliedReportingOverflow(
            by: power(scale - min(fraction ?? 0, scale))
        )
        guard !isTooLarge, unscaled < power(precision) else { return nil }
        return isNegative ? -unscaled : unscaled
    }
}
