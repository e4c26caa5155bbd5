/// A moment of the wall clock: whole milliseconds since 1970 in UTC.
///
/// Sums and differences stop at `distantPast` and `distantFuture`; those two stand for "always before" and
/// "always after" in comparisons.
package struct Instant: Hashable, Sendable, Comparable, CustomStringConvertible {
    /// Milliseconds since 1970 in UTC.
    package let milliseconds: Int64

    /// Makes a moment.
    package init(milliseconds: Int64) { self.milliseconds = milliseconds }

    /// Makes a moment of whole seconds since 1970 in UTC.
    package init(seconds: Int64) {
        let (product, overflow) = seconds.multipliedReportingOverflow(by: 1_000)
        milliseconds = overflow ? (seconds < 0 ? .min : .max) : product
    }

    /// 1970-01-01T00:00:00Z.
    package static let unixEpoch = Instant(milliseconds: 0)

    /// Before every other moment.
    package static let distantPast = Instant(milliseconds: .min)

    /// After every other moment.
    package static let distantFuture = Instant(milliseconds: .max)

    /// Whole seconds since 1970 in UTC, rounded down.
    package var seconds: Int64 {
        milliseconds / 1_000 - (milliseconds % 1_000 < 0 ? 1 : 0)
    }

    /// Reads a moment with any distance from UTC, between the years 1970 and 9999: `2026-11-21T08:00:00Z`,
    /// `2026-11-21T09:00:00.250+01:00`.
    ///
    /// Every number has to be one that a calendar and a clock show; there is no second 60.
    package init?(parsing text: String) {
        var text = text.utf8[...]
        guard let year = Self.number(&text, 4, 1_970...9_999), Self.skip("-", &text),
            let month = Self.number(&text, 2, 1...12), Self.skip("-", &text),
            let day = Self.number(
                &text,
                2,
                1...CivilTime.dayCount(year: Int64(year), month: month)
            ),
            Self.skip("T", &text),
            let hour = Self.number(&text, 2, 0...23), Self.skip(":", &text),
            let minute = Self.number(&text, 2, 0...59), Self.skip(":", &text),
            let second = Self.number(&text, 2, 0...59),
            let milliseconds = Self.fraction(&text), let offset = Self.offset(&text), text.isEmpty
        else { return nil }
        let clock = Int64(hour * 3_600 + minute * 60 + second)
        let days = CivilTime.days(year: Int64(year), month: month, day: day)
        let seconds = days * 86_400 + clock - offset
        guard seconds >= 0, seconds < 253_402_300_800 else { return nil }
        self.init(milliseconds: seconds * 1_000 + milliseconds)
    }

    // MARK: Parts

    private static func number(
        _ text: inout Substring.UTF8View,
        _ digits: Int,
        _ range: ClosedRange<Int>
    ) -> Int? {
        let part = text.prefix(digits)
        guard part.count == digits, part.allSatisfy({ $0 >= 0x30 && $0 <= 0x39 }) else {
            return nil
        }
        text = text.dropFirst(digits)
        let value = part.reduce(0) { $0 * 10 + Int($1) - 0x30 }
        return range.contains(value) ? value : nil
    }

    private static func skip(_ character: Unicode.Scalar, _ text: inout Substring.UTF8View) -> Bool
    {
        guard let first = text.first, first == UInt8(ascii: character) else { return false }
        text = text.dropFirst()
        return true
    }

    /// Milliseconds of a fraction of a second, to the nearest; 0 where there is none.
    private static func fraction(_ text: inout Substring.UTF8View) -> Int64? {
        guard text.first == UInt8(ascii: ".") else { return 0 }
        let digits = text.dropFirst().prefix { $0 >= 0x30 && $0 <= 0x39 }
        guard !digits.isEmpty else { return nil }
        text = text.dropFirst(1 + digits.count)
        // What is behind the fourth digit changes nothing of the milliseconds.
        let padded =
            Array(digits.prefix(4)) + Array(repeating: 0x30, count: max(0, 4 - digits.count))
        let tenThousandths = padded.reduce(Int64(0)) { $0 * 10 + Int64($1) - 0x30 }
        return min((tenThousandths + 5) / 10, 999)
    }

    /// Seconds ahead of UTC.
    private static func offset(_ text: inout Substring.UTF8View) -> Int64? {
        if skip("Z", &text) { return 0 }
        let isBehind = text.first == UInt8(ascii: "-")
        guard isBehind || text.first == UInt8(ascii: "+") else { return nil }
        text = text.dropFirst()
        guard let hours = number(&text, 2, 0...23), skip(":", &text),
            let minutes = number(&text, 2, 0...59)
        else { return nil }
        let seconds = Int64(hours * 3_600 + minutes * 60)
        return isBehind ? -seconds : seconds
    }

    /// As documents and the API write it: RFC 3339 in UTC, with milliseconds where there are any.
    package var description: String {
        let rest = (milliseconds % 1_000 + 1_000) % 1_000
        // By itself: a page of a list has hundreds, and Foundation takes 20 µs for each.
        let civil = CivilTime(seconds: seconds).description
        var text = ""
        text.reserveCapacity(24)
        for scalar in civil.unicodeScalars {
            text.unicodeScalars.append(scalar == " " ? "T" : scalar)
        }
        if rest > 0 { text += "." + String(1_000 + rest).dropFirst() }
        return text + "Z"
    }

    package static func < (left: Instant, right: Instant) -> Bool {
        left.milliseconds < right.milliseconds
    }

    // MARK: Sums

    /// The next moment there is: a millisecond later.
    package var next: Instant {
        Instant(milliseconds: milliseconds == .max ? .max : milliseconds + 1)
    }

    /// The last moment before: a millisecond earlier.
    package var previous: Instant {
        Instant(milliseconds: milliseconds == .min ? .min : milliseconds - 1)
    }

    /// A later moment, or an earlier one for a negative span, in whole milliseconds.
    package static func + (left: Instant, right: Duration) -> Instant {
        let span = right.milliseconds
        let (sum, overflow) = left.milliseconds.addingReportingOverflow(span)
        return Instant(milliseconds: overflow ? (span < 0 ? .min : .max) : sum)
    }

    /// Goes on by a span.
    package static func += (left: inout Instant, right: Duration) { left = left + right }

    /// An earlier moment, in whole milliseconds.
    package static func - (left: Instant, right: Duration) -> Instant { left + (.zero - right) }

    /// How long after another moment this one is; negative where it is before.
    package static func - (left: Instant, right: Instant) -> Duration {
        let (span, overflow) = left.milliseconds.subtractingReportingOverflow(right.milliseconds)
        guard overflow else { return .milliseconds(span) }
        return .milliseconds(left > right ? Int64.max : .min)
    }
}

/// Stored as one number: milliseconds since 1970 in UTC.
extension Instant: Codable {
    package init(from decoder: any Decoder) throws {
        self.init(milliseconds: try decoder.singleValueContainer().decode(Int64.self))
    }

    package func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(milliseconds)
    }
}
