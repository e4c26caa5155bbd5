// Reads the structures of parquet.thrift (apache/parquet-format); field numbers are the format's.

extension ParquetFile.Metadata {
    init(from reader: inout ThriftReader) throws(ParquetError) {
        self.init()
        var last: Int16 = 0
        var seen: Set<Int16> = []
        while let field = try reader.nextField(after: &last) {
            seen.insert(field.id)
            switch field.id {
            case 1: version = try reader.int32(field)
            case 2: schema = try reader.structures(field, ParquetFile.SchemaElement.init(from:))
            case 3: rowCount = try reader.count64(field)
            case 4: rowGroups = try reader.structures(field, ParquetFile.RowGroup.init(from:))
            case 5: keyValues = try reader.structures(field, ParquetFile.KeyValue.init(from:))
            case 6: createdBy = try reader.string(field)
            case 7:
                hasColumnOrders = true
                try reader.skip(field)
            case 8: throw reader.failure(.unsupported, "the file is encrypted")
            default: try reader.skip(field)
            }
        }
        guard seen.isSuperset(of: [1, 2, 3, 4]) else {
            throw reader.failure(.corrupt, "the footer lacks its schema, rows or row groups")
        }
    }
}

extension ParquetFile.SchemaElement {
    init(from reader: inout ThriftReader) throws(ParquetError) {
        self.init()
        var last: Int16 = 0
        while let field = try reader.nextField(after: &last) {
            switch field.id {
            case 1: physicalType = try reader.int32(field)
            case 2: typeLength = try reader.int32(field)
            case 3: repetition = try reader.int32(field)
            case 4: name = try reader.string(field)
            case 5: childCount = try reader.count32(field)
            case 6: convertedType = try reader.int32(field)
            case 7: scale = try reader.int32(field)
            case 8: precision = try reader.int32(field)
            case 9: fieldID = try reader.int32(field)
            case 10:
                try reader.structure(field)
                logicalType = try ParquetFile.LogicalType(from: &reader)
            default: try reader.skip(field)
            }
        }
    }
}

extension ParquetFile.LogicalType {
    /// A union: one field, whose number is the type.
    init(from reader: inout ThriftReader) throws(ParquetError) {
        self = .other
        var last: Int16 = 0
        while let field = try reader.nextField(after: &last) {
            try reader.structure(field)
            switch field.id {
            case 5: self = try Self.decimal(from: &reader)
            case 7, 8: self = try Self.time(from: &reader, isTimestamp: field.id == 8)
            case 10: self = try Self.integer(from: &reader)
            default:
                try reader.skip(field)
                self = Self.plain(field.id)
            }
        }
    }

    private static func plain(_ id: Int16) -> ParquetFile.LogicalType {
        switch id {
        case 1: .string
        case 2: .map
        case 3: .list
        case 4: .enumeration
        case 6: .date
        case 11: .unknown
        case 12: .json
        case 13: .bson
        case 14: .uuid
        case 15: .float16
        default: .other
        }
    }

    private static func decimal(
        from reader: inout ThriftReader
    ) throws(ParquetError) -> ParquetFile.LogicalType {
        var (scale, precision): (Int32, Int32) = (0, 0)
        var last: Int16 = 0
        while let field = try reader.nextField(after: &last) {
            switch field.id {
            case 1: scale = try reader.int32(field)
            case 2: precision = try reader.int32(field)
            default: try reader.skip(field)
            }
        }
        return .decimal(scale: scale, precision: precision)
    }

    private static func time(
        from reader: inout ThriftReader,
        isTimestamp: Bool
    ) throws(ParquetError) -> ParquetFile.LogicalType {
        var isAdjusted = false
        var unit: ParquetFile.TimeUnit?
        var last: Int16 = 0
        while let field = try reader.nextField(after: &last) {
            switch field.id {
            case 1: isAdjusted = try reader.boolean(field)
            case 2:
                try reader.structure(field)
                var lastUnit: Int16 = 0
                while let choice = try reader.nextField(after: &lastUnit) {
                    unit =
                        switch choice.id {
                        case 1: .milliseconds
                        case 2: .microseconds
                        case 3: .nanoseconds
                        default: nil
                        }
                    try reader.skip(choice)
                }
            default: try reader.skip(field)
            }
        }
        guard let unit else { throw reader.failure(.unsupported, "a time of an unknown unit") }
        return isTimestamp
            ? .timestamp(isAdjusted: isAdjusted, unit: unit) : .time(unit: unit)
    }

    private static func integer(
        from reader: inout ThriftReader
    ) throws(ParquetError) -> ParquetFile.LogicalType {
        var width: Int8 = 0
        var isSigned = true
        var last: Int16 = 0
        while let field = try reader.nextField(after: &last) {
            switch field.id {
            case 1: width = try reader.int8(field)
            case 2: isSigned = try reader.boolean(field)
            default: try reader.skip(field)
            }
        }
        return .integer(width: width, isSigned: isSigned)
    }
}

extension ParquetFile.KeyValue {
    init(from reader: inout ThriftReader) throws(ParquetError) {
        self.init(key: "", value: nil)
        var last: Int16 = 0
        while let field = try reader.nextField(after: &last) {
            switch field.id {
            case 1: key = try reader.string(field)
            case 2: value = try reader.string(field)
            default: try reader.skip(field)
            }
        }
    }
}

extension ParquetFile.RowGroup {
    init(from reader: inout ThriftReader) throws(ParquetError) {
        self.init()
        var last: Int16 = 0
        while let field = try reader.nextField(after: &last) {
            switch field.id {
            case 1: columns = try reader.structures(field, ParquetFile.ColumnChunk.init(from:))
            case 2: byteCount = try reader.int64(field)
            case 3: rowCount = try reader.count64(field)
            case 5: fileOffset = try reader.int64(field)
            case 6: compressedByteCount = try reader.int64(field)
            default: try reader.skip(field)
            }
        }
    }
}

extension ParquetFile.ColumnChunk {
    init(from reader: inout ThriftReader) throws(ParquetError) {
        self.init()
        var last: Int16 = 0
        while let field = try reader.nextField(after: &last) {
            switch field.id {
            case 1:
                isElsewhere = true
                try reader.skip(field)
            case 3:
                try reader.structure(field)
                try readMetadata(&reader)
            case 4: offsetIndexOffset = try reader.count64(field)
            case 5: offsetIndexByteCount = try reader.count32(field)
            case 6: columnIndexOffset = try reader.count64(field)
            case 7: columnIndexByteCount = try reader.count32(field)
            case 8, 9:
                isEncrypted = true
                try reader.skip(field)
            default: try reader.skip(field)
            }
        }
        guard hasMetadata || isEncrypted else {
            throw reader.failure(.corrupt, "a column chunk without its metadata")
        }
    }

    private mutating func readMetadata(_ reader: inout ThriftReader) throws(ParquetError) {
        hasMetadata = true
        var last: Int16 = 0
        while let field = try reader.nextField(after: &last) {
            switch field.id {
            case 1:
                guard let type = PhysicalType(rawValue: try reader.int32(field)) else {
                    throw reader.failure(.unsupported, "a column chunk of an unknown type")
                }
                physicalType = type
            case 2: encodings = try reader.int32List(field)
            case 3:
                path = try reader.binaryList(field).map { String(decoding: $0, as: UTF8.self) }
            case 4: codec = try reader.int32(field)
            case 5: valueCount = try reader.count64(field)
            case 6: uncompressedByteCount = try reader.int64(field)
            case 7: compressedByteCount = try reader.count64(field)
            case 9: dataPageOffset = try reader.count64(field)
            case 11: dictionaryPageOffset = try reader.count64(field)
            case 12:
                try reader.structure(field)
                statistics = try ParquetFile.Statistics(from: &reader)
            case 13:
                encodingStatistics = try reader.structures(
                    field,
                    ParquetFile.EncodingStatistic.init(from:)
                )
            case 14: bloomFilterOffset = try reader.int64(field)
            default: try reader.skip(field)
            }
        }
    }
}

extension ParquetFile.Statistics {
    init(from reader: inout ThriftReader) throws(ParquetError) {
        self.init()
        var last: Int16 = 0
        while let field = try reader.nextField(after: &last) {
            switch field.id {
            case 1: legacyMaximum = try reader.binary(field)
            case 2: legacyMinimum = try reader.binary(field)
            case 3: nullCount = try reader.int64(field)
            case 4: distinctCount = try reader.int64(field)
            case 5: maximum = try reader.binary(field)
            case 6: minimum = try reader.binary(field)
            case 7: isMaximumExact = try reader.boolean(field)
            case 8: isMinimumExact = try reader.boolean(field)
            default: try reader.skip(field)
            }
        }
    }
}

extension ParquetFile.EncodingStatistic {
    init(from reader: inout ThriftReader) throws(ParquetError) {
        self.init()
        var last: Int16 = 0
        while let field = try reader.nextField(after: &last) {
            switch field.id {
            case 1: pageType = try reader.int32(field)
            case 2: encoding = try reader.int32(field)
            case 3: count = try reader.int32(field)
            default: try reader.skip(field)
            }
        }
    }
}
