/// An interval as Postgres keeps it: three numbers that are not converted into each other.
package struct PostgresInterval: Hashable, Sendable {
    let microseconds: Int64
    let days: Int32
    let months: Int32

    /// Makes an interval of its parts.
    package init(microseconds: Int64, days: Int32, months: Int32) {
        self.microseconds = microseconds
        self.days = days
        self.months = months
    }

    /// The interval as the server writes it under `intervalstyle = iso_8601`: `P1Y2M3DT4H5M6.7S`.
    package var text: String {
        switch (microseconds, days, months) {
        case (.max, .max, .max): return "infinity"
        case (.min, .min, .min): return "-infinity"
        case (0, 0, 0): return "PT0S"
        default: break
        }
        var text = "P"
        func add(_ part: Int64, _ unit: Character) { if part != 0 { text += "\(part)\(unit)" } }
        add(Int64(months / 12), "Y")
        add(Int64(months % 12), "M")
        add(Int64(days), "D")
        guard microseconds != 0 else { return text }
        text += "T"
        add(microseconds / 3_600_000_000, "H")
        add(microseconds / 60_000_000 % 60, "M")
        let rest = microseconds % 60_000_000
        guard rest != 0 else { return text }
        let magnitude = rest.magnitude
        text += "\(rest < 0 ? "-" : "")\(magnitude / 1_000_000)"
        if magnitude % 1_000_000 != 0 {
            // Six digits with their leading zeros, without those at the end.
            var digits = String(magnitude % 1_000_000 + 1_000_000).dropFirst()
            while digits.last == "0" { digits.removeLast() }
            text += "." + digits
        }
        return text + "S"
    }
}
