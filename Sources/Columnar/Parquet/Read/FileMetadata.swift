extension ParquetFile {
    /// The facts of a footer, as it states them.
    package struct Metadata: Sendable {
        package var version: Int32 = 0
        package var rowCount: Int64 = 0
        package var rowGroups: [RowGroup] = []
        package var keyValues: [KeyValue] = []
        package var createdBy: String?
        /// Whether the footer says how minima and maxima compare.
        package var hasColumnOrders = false
        var schema: [SchemaElement] = []
    }

    /// One pair of the footer's free metadata.
    package struct KeyValue: Sendable, Hashable {
        package var key: String
        package var value: String?
    }

    /// One row group as the footer describes it.
    package struct RowGroup: Sendable {
        /// One per leaf column, in schema order.
        package var columns: [ColumnChunk] = []
        package var byteCount: Int64 = 0
        package var rowCount: Int64 = 0
        package var fileOffset: Int64?
        package var compressedByteCount: Int64?
    }

    /// One leaf column of a row group as the footer describes it.
    package struct ColumnChunk: Sendable {
        package var physicalType: PhysicalType = .boolean
        package var encodings: [Int32] = []
        package var path: [String] = []
        /// The number of the codec; `CompressionCodec` has those that are read.
        package var codec: Int32 = 0
        package var valueCount: Int64 = 0
        package var uncompressedByteCount: Int64 = 0
        package var compressedByteCount: Int64 = 0
        package var dataPageOffset: Int64 = 0
        package var dictionaryPageOffset: Int64?
        package var statistics: Statistics?
        package var encodingStatistics: [EncodingStatistic] = []
        package var bloomFilterOffset: Int64?
        package var offsetIndexOffset: Int64?
        package var offsetIndexByteCount: Int = 0
        package var columnIndexOffset: Int64?
        package var columnIndexByteCount: Int = 0
        var isElsewhere = false
        var isEncrypted = false
        var hasMetadata = false
    }

    /// Smallest and largest value and counts, values in plain encoding.
    package struct Statistics: Sendable, Hashable {
        /// The deprecated pair, whose order is undefined for most types.
        package var legacyMinimum: [UInt8]?
        package var legacyMaximum: [UInt8]?
        package var nullCount: Int64?
        package var distinctCount: Int64?
        package var minimum: [UInt8]?
        package var maximum: [UInt8]?
        package var isMinimumExact: Bool?
        package var isMaximumExact: Bool?
    }

    /// How many pages of a kind have an encoding.
    package struct EncodingStatistic: Sendable, Hashable {
        package var pageType: Int32 = 0
        package var encoding: Int32 = 0
        package var count: Int32 = 0
    }

    /// The meaning of a schema element beyond its physical type.
    enum LogicalType: Hashable {
        case string, map, list, enumeration, date, unknown, json, bson, uuid, float16, other
        case decimal(scale: Int32, precision: Int32)
        case time(unit: TimeUnit)
        case timestamp(isAdjusted: Bool, unit: TimeUnit)
        case integer(width: Int8, isSigned: Bool)
    }

    /// The unit of a time or timestamp.
    enum TimeUnit: Hashable {
        case milliseconds, microseconds, nanoseconds
    }

    /// One node of the schema, in depth-first order.
    struct SchemaElement: Sendable {
        var physicalType: Int32?
        var typeLength: Int32 = 0
        var repetition: Int32?
        var name = ""
        var childCount = 0
        var convertedType: Int32?
        var scale: Int32 = 0
        var precision: Int32 = 0
        var fieldID: Int32?
        var logicalType: LogicalType?
    }
}
