/// Spans of time as people write them: `90s`, `15m`, `1h30m`, `2d`, `250ms`. One grammar for documents, the API and
/// the command line, in both directions.
extension Duration {
    /// The units, the largest first, with their milliseconds.
    private static let units: [(name: String, milliseconds: Int64)] = [
        ("d", 86_400_000), ("h", 3_600_000), ("m", 60_000), ("s", 1_000), ("ms", 1),
    ]

    /// The longest span that is read: a hundred years, far from where sums of moments overflow.
    package static let longest = Duration.seconds(3_155_760_000)

    /// Reads numbers with units, the largest unit first, each at most once; nil for anything else, for a
    /// number without a unit, and for more than `longest`.
    package init?(parsing text: some StringProtocol) {
        var rest = text.utf8[...]
        guard !rest.isEmpty else { return nil }
        var total: Int64 = 0
        var units = Self.units[...]
        while !rest.isEmpty {
            let digits = rest.prefix { $0 >= 0x30 && $0 <= 0x39 }
            let name = rest[digits.endIndex...].prefix { $0 < 0x30 || $0 > 0x39 }
            // Thirteen digits hold every millisecond of a hundred years, and their number cannot overflow.
            guard !digits.isEmpty, digits.count <= 13,
                let place = units.firstIndex(where: { $0.name.utf8.elementsEqual(name) })
            else { return nil }
            let number = digits.reduce(Int64(0)) { $0 * 10 + Int64($1 - 0x30) }
            let (product, overflow) = number.multipliedReportingOverflow(
                by: units[place].milliseconds
            )
            guard !overflow, product <= Self.longest.milliseconds - total else { return nil }
            total += product
            units = units[(place + 1)...]
            rest = rest[name.endIndex...]
        }
        self = .milliseconds(total)
    }

    /// The shortest text that reads as this span, as in `1h30m`; parts of a millisecond are left out.
    package var text: String {
        guard milliseconds != 0 else { return "0s" }
        var text = milliseconds < 0 ? "-" : ""
        var rest = milliseconds.magnitude
        for (name, length) in Self.units where rest >= length {
            text += "\(rest / UInt64(length))\(name)"
            rest %= UInt64(length)
        }
        return text
    }

    /// Whole milliseconds, rounded down; the largest or smallest number for what none can hold.
    package var milliseconds: Int64 {
        let (seconds, attoseconds) = components
        // Both parts have the same sign.
        let rest =
            attoseconds / 1_000_000_000_000_000
            - (attoseconds % 1_000_000_000_000_000 < 0 ? 1 : 0)
        let (product, isTooFar) = seconds.multipliedReportingOverflow(by: 1_000)
        let (sum, overflow) = product.addingReportingOverflow(rest)
        return isTooFar || overflow ? (seconds < 0 ? .min : .max) : sum
    }

    /// Seconds and parts of one, for messages, reports and rates.
    package var seconds: Double {
        Double(components.seconds) + Double(components.attoseconds) / 1e18
    }

    /// So many days of 24 hours.
    package static func days(_ count: Int) -> Duration { .seconds(86_400 * count) }

    /// So many hours.
    package static func hours(_ count: Int) -> Duration { .seconds(3_600 * count) }

    /// So many minutes.
    package static func minutes(_ count: Int) -> Duration { .seconds(60 * count) }
}
