import Basics

/// Numbers for people.
enum Words {
    /// `1,234,567`.
    static func count(_ value: Int64) -> String {
        let digits = Array(String(value.magnitude))
        var text = value < 0 ? "-" : ""
        for (index, digit) in digits.enumerated() {
            if index > 0, (digits.count - index) % 3 == 0 { text += "," }
            text.append(digit)
        }
        return text
    }

    /// `1 row`, `2 rows`.
    static func count(_ value: Int64, _ noun: String) -> String {
        "\(count(value)) \(noun)\(value == 1 ? "" : "s")"
    }

    /// `12.3 MB`, decimal units.
    static func bytes(_ value: Int64) -> String {
        let units = ["B", "kB", "MB", "GB", "TB", "PB"]
        var amount = Double(value)
        var unit = 0
        while amount >= 1000, unit < units.count - 1 {
            amount /= 1000
            unit += 1
        }
        return unit == 0 ? "\(value) B" : "\(decimal(amount, digits: 1)) \(units[unit])"
    }

    /// `4.2 s`, `3 min 20 s`.
    static func seconds(_ span: Duration) -> String {
        let value = span.seconds
        guard value >= 60 else { return "\(decimal(value, digits: 1)) s" }
        return "\(Int(value) / 60) min \(Int(value) % 60) s"
    }

    /// A number with a fixed count of digits behind the point.
    static func decimal(_ value: Double, digits: Int) -> String {
        var scale = 1.0
        for _ in 0..<digits { scale *= 10 }
        let scaled = Int64((value * scale).rounded())
        guard digits > 0 else { return String(scaled) }
        let fraction = String(scaled.magnitude % UInt64(scale))
        return "\(scaled < 0 ? "-" : "")\(scaled.magnitude / UInt64(scale))."
            + String(repeating: "0", count: digits - fraction.count) + fraction
    }
}
