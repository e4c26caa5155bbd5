/// Which encodings a table's files use: what every reader takes, or what takes less room.
package enum EncodingChoice: String, CaseIterable, Sendable {
    /// PLAIN and dictionaries: what Iceberg's own writer makes of its columns.
    case compatible
    /// Beside them DELTA_BINARY_PACKED: integers, dates, timestamps, decimals of up to 18 digits.
    case balanced
    /// Beside them DELTA_LENGTH_BYTE_ARRAY for texts and BYTE_STREAM_SPLIT for floats.
    case compact

    var packsIntegers: Bool { self != .compatible }
    var splitsValues: Bool { self == .compact }
}
