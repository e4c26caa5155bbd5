/// What the footer says of a row group.
struct RowGroupRecord {
    var offset: Int64
    var rowCount: Int64
    var chunks: [ChunkRecord]
}

/// What the footer and the page index say of a column chunk.
struct ChunkRecord {
    /// What the page index says of a page.
    struct Page {
        var offset: Int64
        var byteCount: Int
        var firstRow: Int64
        var valueCount: Int
        var nullCount: Int
        var range: ValueRange
    }

    let leaf: Leaf
    let codec: CompressionCodec
    var dictionaryOffset: Int64?
    var encodings: Set<Encoding> = []
    var valueCount: Int64 = 0
    var nullCount: Int64 = 0
    var compressedByteCount: Int64 = 0
    var uncompressedByteCount: Int64 = 0
    var range = ValueRange()
    /// The pages, until `seal` turns them into bytes.
    private var pages: [Page] = []
    private(set) var firstPageOffset: Int64 = 0
    private(set) var columnIndexBytes: [UInt8]?
    private(set) var offsetIndexBytes: [UInt8] = []
    var columnIndex: (offset: Int64, byteCount: Int)?
    var offsetIndex: (offset: Int64, byteCount: Int)?
    private var rowCount: Int64 = 0

    init(leaf: Leaf, codec: CompressionCodec) {
        self.leaf = leaf
        self.codec = codec
    }

    private mutating func count(_ page: EncodedPage) {
        encodings.insert(page.encoding)
        compressedByteCount += Int64(page.bytes.count)
        uncompressedByteCount += Int64(page.uncompressedByteCount + page.headerByteCount)
    }

    mutating func addDictionary(_ page: EncodedPage, at offset: Int64) {
        dictionaryOffset = offset
        count(page)
    }

    mutating func add(_ page: EncodedPage, at offset: Int64) {
        count(page)
        valueCount += Int64(page.valueCount)
        nullCount += Int64(page.nullCount)
        range.formUnion(page.range)
        if pages.isEmpty { firstPageOffset = offset }
        pages.append(
            Page(
                offset: offset,
                byteCount: page.bytes.count,
                firstRow: rowCount,
                valueCount: page.valueCount,
                nullCount: page.nullCount,
                range: page.range
            )
        )
        rowCount += Int64(page.rowCount)
    }

    /// Ends the chunk: its page index is kept as bytes from here on.
    ///
    /// They are far smaller than the records of the pages; a file would otherwise take more memory
    /// the longer it gets.
    mutating func seal() {
        columnIndexBytes = serializedColumnIndex
        offsetIndexBytes = serializedOffsetIndex
        pages = []
    }

    /// The `ColumnIndex` of the chunk; nil when a page has values without bounds, which the
    /// index could not state.
    private var serializedColumnIndex: [UInt8]? {
        var minimums: [[UInt8]] = []
        var maximums: [[UInt8]] = []
        for page in pages {
            if page.nullCount == page.valueCount {
                minimums.append([])
                maximums.append([])
            } else {
                guard let minimum = page.range.minimum, let maximum = page.range.maximum else {
                    return nil
                }
                minimums.append(minimum.plainBytes(layout: leaf.layout))
                maximums.append(maximum.plainBytes(layout: leaf.layout))
            }
        }
        var writer = ThriftWriter()
        writer.element { index in
            index.list(1, pages.map { $0.nullCount == $0.valueCount })
            index.list(2, minimums)
            index.list(3, maximums)
            index.field(4, Int32(0))  // UNORDERED
            index.list(5, pages.map { Int64($0.nullCount) })
        }
        return writer.bytes
    }

    /// The `OffsetIndex` of the chunk.
    private var serializedOffsetIndex: [UInt8] {
        var writer = ThriftWriter()
        writer.element { index in
            index.list(1, pages) { page, location in
                location.field(1, page.offset)
                location.field(2, Int32(page.byteCount))
                location.field(3, page.firstRow)
            }
        }
        return writer.bytes
    }
}

extension ColumnSummary {
    /// The summary of a column of which nothing was written yet.
    init(emptyFor leaf: Leaf) {
        let hasNaN =
            switch leaf.field.type {
            case .float, .double: true
            default: false
            }
        self.init(
            fieldID: leaf.field.id,
            type: leaf.field.type,
            isRepeated: leaf.maxRepetitionLevel > 0,
            compressedByteCount: 0,
            valueCount: 0,
            nullCount: 0,
            nanCount: hasNaN ? 0 : nil,
            minimum: nil,
            maximum: nil
        )
    }

    /// Adds a chunk of the column.
    mutating func add(_ chunk: ChunkRecord) {
        var range = ValueRange()
        range.minimum = minimum
        range.maximum = maximum
        // A column that lost its maximum once, while it has values, stays without.
        range.isUnbounded = maximum == nil && minimum != nil
        range.nanCount = nanCount ?? 0
        range.formUnion(chunk.range)
        minimum = range.minimum
        maximum = range.maximum
        compressedByteCount += chunk.compressedByteCount
        valueCount += chunk.valueCount
        nullCount += chunk.nullCount
        if nanCount != nil { nanCount = range.nanCount }
    }
}
