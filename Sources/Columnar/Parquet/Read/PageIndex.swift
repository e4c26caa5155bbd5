extension ParquetFile {
    /// Smallest and largest value of each page of a column chunk.
    package struct ColumnIndex: Sendable, Hashable {
        package var isNullPage: [Bool] = []
        package var minima: [[UInt8]] = []
        package var maxima: [[UInt8]] = []
        /// 0 unordered, 1 ascending, 2 descending.
        package var boundaryOrder: Int32 = 0
        package var nullCounts: [Int64]?
    }

    /// Where each data page of a column chunk lies.
    package struct PageLocation: Sendable, Hashable {
        package var offset: Int64 = 0
        /// With the header.
        package var compressedByteCount: Int = 0
        package var firstRow: Int64 = 0
    }
}

extension ParquetFile.ColumnIndex {
    init(from reader: inout ThriftReader) throws(ParquetError) {
        self.init()
        var last: Int16 = 0
        while let field = try reader.nextField(after: &last) {
            switch field.id {
            case 1: isNullPage = try reader.booleanList(field)
            case 2: minima = try reader.binaryList(field)
            case 3: maxima = try reader.binaryList(field)
            case 4: boundaryOrder = try reader.int32(field)
            case 5: nullCounts = try reader.int64List(field)
            default: try reader.skip(field)
            }
        }
        guard minima.count == isNullPage.count, maxima.count == isNullPage.count,
            nullCounts.map({ $0.count == isNullPage.count }) ?? true
        else { throw reader.failure(.corrupt, "a column index whose lists differ in length") }
    }
}

extension ParquetFile.PageLocation {
    init(from reader: inout ThriftReader) throws(ParquetError) {
        self.init()
        var last: Int16 = 0
        while let field = try reader.nextField(after: &last) {
            switch field.id {
            case 1: offset = try reader.count64(field)
            case 2: compressedByteCount = try reader.count32(field)
            case 3: firstRow = try reader.count64(field)
            default: try reader.skip(field)
            }
        }
    }

    static func list(from reader: inout ThriftReader) throws(ParquetError) -> [Self] {
        var locations: [Self] = []
        var last: Int16 = 0
        while let field = try reader.nextField(after: &last) {
            if field.id == 1 {
                locations = try reader.structures(field, Self.init(from:))
            } else {
                try reader.skip(field)
            }
        }
        return locations
    }
}
