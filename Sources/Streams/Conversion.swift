/// What to do with a source value that its lake column cannot hold.
package enum ConversionPolicy: String, Hashable, Sendable, CaseIterable {
    /// Stop the run; nothing is published.
    case error
    /// Write null and count it.
    case null
    /// Write the nearest value the column can hold and count it; where nothing is near, null.
    case clamp
    /// Make the column text, as the source prints it; no value is lost.
    case string
}

/// How many values of one column were changed on the way, and how.
package struct Conversion: Hashable, Sendable, Codable {
    /// Why a value could not be kept.
    package enum Reason: String, Hashable, Sendable, Codable, CaseIterable {
        /// Infinity where the column has none: dates, timestamps, decimals.
        case infinite
        /// Not a number, in a decimal.
        case notANumber = "not-a-number"
        /// Outside what the type can hold.
        case outOfRange = "out-of-range"
        /// Text that is not valid UTF-8.
        case invalidText = "invalid-text"
        /// A date that is none, such as `0000-00-00` or 31 February.
        case invalidDate = "invalid-date"
        /// A list of more dimensions than its column.
        case dimensions
        /// A list whose first index is not 1, which no list of the lake remembers.
        case lowerBound = "lower-bound"
    }

    /// What was written instead.
    package enum Outcome: String, Hashable, Sendable, Codable {
        case null
        case clamped
        /// The values themselves, without what could not be kept beside them.
        case kept
    }

    package let column: String
    package let reason: Reason
    package let outcome: Outcome
    package let count: Int64

    /// Makes a count of changed values.
    package init(column: String, reason: Reason, outcome: Outcome, count: Int64) {
        self.column = column
        self.reason = reason
        self.outcome = outcome
        self.count = count
    }
}
