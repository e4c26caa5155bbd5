/// Exact decimals of numbers.
enum SQLiteDecimal {
    /// An integer as decimal; nil if it has too many digits.
    static func unscaled(_ value: Int64, precision: Int, scale: Int) -> Int128? {
        let (scaled, overflow) = Int128(value).multipliedReportingOverflow(
            by: DecimalText.power(scale)
        )
        guard !overflow, scaled.magnitude < DecimalText.power(precision).magnitude else {
            return nil
        }
        return scaled
    }

    /// A double as the decimal that reads back as the same double; nil if there is none of so
    /// few digits.
    static func unscaled(_ value: Double, precision: Int, scale: Int) -> Int128? {
        // Both operands of the division are exact, so its result is the double nearest to the
        // decimal: equal to `value` means that the decimal stands for it.
        guard value.isFinite, scale <= 22 else { return nil }
        let factor = Double(DecimalText.power(scale))
        let scaled = (value * factor).rounded()
        guard scaled.magnitude < SQLiteLimits.exactDoubleDigits, scaled / factor == value else {
            return nil
        }
        let unscaled = Int128(scaled)
        return unscaled.magnitude < DecimalText.power(precision).magnitude ? unscaled : nil
    }
}
