extension ParquetFile {
    /// The header of a page, all kinds in one.
    package struct PageHeader: Sendable, Hashable {
        /// Where the header begins in the file.
        package var offset: Int64 = 0
        package var headerByteCount = 0
        /// The number of the kind; `PageType` has those that are read.
        package var type: Int32 = -1
        package var uncompressedByteCount = 0
        package var compressedByteCount = 0
        package var checksum: Int32?
        /// Values with their nulls.
        package var valueCount = 0
        package var encoding: Int32 = 0
        package var definitionEncoding: Int32 = Encoding.rle.rawValue
        package var repetitionEncoding: Int32 = Encoding.rle.rawValue
        /// Of a v2 page.
        package var nullCount: Int?
        /// Of a v2 page.
        package var rowCount: Int?
        package var definitionByteCount = 0
        package var repetitionByteCount = 0
        package var isCompressed = true
        package var statistics: Statistics?
    }
}

extension ParquetFile.PageHeader {
    init(from reader: inout ThriftReader, offset: Int64) throws(ParquetError) {
        self.init()
        self.offset = offset
        var last: Int16 = 0
        var hasDetails = false
        while let field = try reader.nextField(after: &last) {
            switch field.id {
            case 1: type = try reader.int32(field)
            case 2: uncompressedByteCount = try reader.count32(field)
            case 3: compressedByteCount = try reader.count32(field)
            case 4: checksum = try reader.int32(field)
            case 5, 7, 8:
                try reader.structure(field)
                hasDetails = true
                if field.id == 8 {
                    try readVersion2(&reader)
                } else {
                    try readVersion1(&reader)
                }
            default: try reader.skip(field)
            }
        }
        headerByteCount = reader.position
        switch PageType(rawValue: type) {
        case .data, .dataV2, .dictionary:
            guard hasDetails else {
                throw reader.failure(.corrupt, "a page header without its details")
            }
        case .index, nil: break
        }
        guard uncompressedByteCount <= Limits.pageByteCountMax,
            compressedByteCount <= Limits.pageByteCountMax,
            valueCount <= Limits.pageValueCountMax
        else {
            throw reader.failure(
                .tooLarge,
                "a page of \(valueCount) values in \(uncompressedByteCount) bytes"
            )
        }
    }

    /// A data page of version 1, or a dictionary page, whose first two fields are the same.
    private mutating func readVersion1(_ reader: inout ThriftReader) throws(ParquetError) {
        var last: Int16 = 0
        while let field = try reader.nextField(after: &last) {
            switch field.id {
            case 1: valueCount = try reader.count32(field)
            case 2: encoding = try reader.int32(field)
            case 3 where field.kind == .i32: definitionEncoding = try reader.int32(field)
            case 4: repetitionEncoding = try reader.int32(field)
            case 5:
                try reader.structure(field)
                statistics = try ParquetFile.Statistics(from: &reader)
            default: try reader.skip(field)
            }
        }
    }

    private mutating func readVersion2(_ reader: inout ThriftReader) throws(ParquetError) {
        var last: Int16 = 0
        while let field = try reader.nextField(after: &last) {
            switch field.id {
            case 1: valueCount = try reader.count32(field)
            case 2: nullCount = try reader.count32(field)
            case 3: rowCount = try reader.count32(field)
            case 4: encoding = try reader.int32(field)
            case 5: definitionByteCount = try reader.count32(field)
            case 6: repetitionByteCount = try reader.count32(field)
            case 7: isCompressed = try reader.boolean(field)
            case 8:
                try reader.structure(field)
                statistics = try ParquetFile.Statistics(from: &reader)
            default: try reader.skip(field)
            }
        }
    }
}
