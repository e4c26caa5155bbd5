import FoundationEssentials

/// A moment as documents and the API write it: RFC 3339 in UTC, with milliseconds where there are any.
package struct Instant: Hashable, Sendable, Comparable, CustomStringConvertible {
    /// Milliseconds since 1970 in UTC.
    package var milliseconds: Int64

    /// Makes a moment.
    package init(_ milliseconds: Int64) { self.milliseconds = milliseconds }

    /// Reads a moment with any distance from UTC, between the years 1970 and 9999.
    package init?(parsing text: String) {
        let styles = [
            Date.ISO8601FormatStyle(includingFractionalSeconds: true),
            Date.ISO8601FormatStyle(),
        ]
        // Whichever reads it is right; what neither does is no time.
        guard let date = styles.lazy.compactMap({ try? Date(text, strategy: $0) }).first else {
            return nil
        }
        let seconds = date.timeIntervalSince1970
        guard seconds >= 0, seconds < 253_402_300_800 else { return nil }
        self.init(Int64((seconds * 1_000).rounded()))
    }

    package var description: String {
        let date = Date(timeIntervalSince1970: Double(milliseconds) / 1_000)
        return date.formatted(
            Date.ISO8601FormatStyle(includingFractionalSeconds: milliseconds % 1_000 != 0)
        )
    }

    package static func < (left: Instant, right: Instant) -> Bool {
        left.milliseconds < right.milliseconds
    }
}
