/// What is known of a finished Parquet file: the facts a table's manifest records.
package struct FileSummary: Hashable, Sendable {
    package var rowCount: Int64
    package var byteCount: Int64
    /// One per leaf column, in file order.
    package var columns: [ColumnSummary]
    /// Byte offsets of the row groups.
    package var splitOffsets: [Int64]

    /// Makes a summary from its parts.
    package init(
        rowCount: Int64,
        byteCount: Int64,
        columns: [ColumnSummary],
        splitOffsets: [Int64]
    ) {
        self.rowCount = rowCount
        self.byteCount = byteCount
        self.columns = columns
        self.splitOffsets = splitOffsets
    }
}

/// What is known of one leaf column of a file.
package struct ColumnSummary: Hashable, Sendable {
    package var fieldID: Int
    package var type: DataType
    /// Whether the leaf is an element of a list or map, whose bounds a table does not record.
    package var isRepeated: Bool
    package var compressedByteCount: Int64
    /// Values with their nulls.
    package var valueCount: Int64
    package var nullCount: Int64
    /// Not-a-number values; nil for types that have none.
    package var nanCount: Int64?
    /// At most the smallest value; nil when unknown, when there is no value, or one is NaN.
    package var minimum: Scalar?
    /// At least the largest value; nil when unknown, when there is no value, or one is NaN.
    package var maximum: Scalar?

    /// Makes a summary from its parts.
    package init(
        fieldID: Int,
        type: DataType,
        isRepeated: Bool,
        compressedByteCount: Int64,
        valueCount: Int64,
        nullCount: Int64,
        nanCount: Int64?,
        minimum: Scalar?,
        maximum: Scalar?
    ) {
        self.fieldID = fieldID
        self.type = type
        self.isRepeated = isRepeated
        self.compressedByteCount = compressedByteCount
        self.valueCount = valueCount
        self.nullCount = nullCount
        self.nanCount = nanCount
        self.minimum = minimum
        self.maximum = maximum
    }
}

/// One value of a leaf type, for statistics and bounds.
package enum Scalar: Hashable, Sendable {
    case boolean(Bool)
    /// int, long, date, time, timestamps.
    case integer(Int64)
    case float(Float)
    case double(Double)
    /// The unscaled value.
    case decimal(Int128)
    /// string, binary, uuid. A bound may be cut short: a minimum to a prefix, a maximum to a
    /// prefix whose last byte (text: code point) is raised.
    case bytes([UInt8])
}
