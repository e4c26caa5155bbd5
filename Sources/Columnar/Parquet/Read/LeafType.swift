/// The type of a column here, by what the file says of it.
enum LeafType {
    private typealias Logical = ParquetFile.LogicalType

    /// The type of a column and how its values become that type's.
    static func of(
        _ element: ParquetFile.SchemaElement,
        physical: PhysicalType,
        length: Int,
        path: String
    ) throws(ParquetError) -> (DataType, ValueConversion) {
        let logical = element.logicalType ?? converted(element)
        if case .decimal(let scale, let precision) = logical,
            physical != .boolean, physical != .float, physical != .double, physical != .int96
        {
            return try decimal(
                scale: Int(scale),
                precision: Int(precision),
                physical: physical,
                path: path
            )
        }
        switch physical {
        case .boolean: return (.boolean, .none)
        case .float: return (.float, .none)
        case .double: return (.double, .none)
        case .int96: return (.timestamp, .int96)
        case .int32: return int32(logical)
        case .int64: return int64(logical)
        case .byteArray:
            switch logical {
            case .string, .enumeration, .json: return (.string, .none)
            default: return (.binary, .none)
            }
        case .fixedLengthByteArray:
            switch logical {
            case .uuid where length == 16: return (.uuid, .none)
            case .float16 where length == 2: return (.float, .float16)
            case .string, .enumeration, .json: return (.string, .none)
            default: return (.binary, .none)
            }
        }
    }

    private static func int32(_ logical: ParquetFile.LogicalType?) -> (DataType, ValueConversion) {
        switch logical {
        case .date: (.date, .none)
        case .time(.milliseconds): (.time, .int32TimesThousand)
        case .integer(width: 32, isSigned: false): (.long, .zeroExtend32)
        default: (.int, .none)
        }
    }

    private static func int64(_ logical: ParquetFile.LogicalType?) -> (DataType, ValueConversion) {
        switch logical {
        case .time(let unit): (.time, scaling(unit))
        case .timestamp(isAdjusted: true, let unit): (.timestamptz, scaling(unit))
        case .timestamp(isAdjusted: false, let unit): (.timestamp, scaling(unit))
        case .integer(width: 64, isSigned: false):
            (.decimal(precision: 20, scale: 0), .zeroExtend64)
        default: (.long, .none)
        }
    }

    private static func scaling(_ unit: ParquetFile.TimeUnit) -> ValueConversion {
        switch unit {
        case .milliseconds: .timesThousand
        case .microseconds: .none
        case .nanoseconds: .dividedByThousand
        }
    }

    private static func decimal(
        scale: Int,
        precision: Int,
        physical: PhysicalType,
        path: String
    ) throws(ParquetError) -> (DataType, ValueConversion) {
        guard 1...38 ~= precision, 0...precision ~= scale else {
            throw ParquetError(.unsupported, "\(path) is a decimal(\(precision), \(scale))")
        }
        let type = DataType.decimal(precision: precision, scale: scale)
        return switch (physical, type.storage) {
        case (.int32, .fixed(width: 4)), (.int64, .fixed(width: 8)): (type, .none)
        case (.int32, _): (type, .signExtend32)
        case (.int64, _): (type, .resize64)
        default: (type, .decimalBytes)
        }
    }

    /// The meaning by the older annotation, which files before 2018 have alone.
    private static func converted(
        _ element: ParquetFile.SchemaElement
    ) -> ParquetFile.LogicalType? {
        guard let type = element.convertedType.flatMap(ConvertedType.init(rawValue:)) else {
            return nil
        }
        switch type {
        case .utf8: return .string
        case .enumeration: return .enumeration
        case .json: return .json
        case .bson: return .bson
        case .decimal: return .decimal(scale: element.scale, precision: element.precision)
        case .date: return .date
        case .timeMillis: return .time(unit: .milliseconds)
        case .timeMicros: return .time(unit: .microseconds)
        case .timestampMillis: return .timestamp(isAdjusted: true, unit: .milliseconds)
        case .timestampMicros: return .timestamp(isAdjusted: true, unit: .microseconds)
        case .uint8: return .integer(width: 8, isSigned: false)
        case .uint16: return .integer(width: 16, isSigned: false)
        case .uint32: return .integer(width: 32, isSigned: false)
        case .uint64: return .integer(width: 64, isSigned: false)
        case .int8: return .integer(width: 8, isSigned: true)
        case .int16: return .integer(width: 16, isSigned: true)
        case .int32: return .integer(width: 32, isSigned: true)
        case .int64: return .integer(width: 64, isSigned: true)
        case .map, .mapKeyValue, .list, .interval: return nil
        }
    }
}
