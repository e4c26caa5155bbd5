/// Encodes the pages of one leaf column and keeps them until the row group is written.
///
/// A chunk begins with dictionary encoding. Its first page decides whether that pays; a
/// dictionary that fills up is kept for the pages before and given up for those behind.
final class ColumnChunkWriter {
    let leaf: Leaf
    let options: ParquetOptions
    let dictionaryByteLimit: Int
    private(set) var pages: [EncodedPage] = []
    var dictionary: ColumnDictionary?
    var isDictionaryOpen = false
    /// Whether a page with values has shown that the dictionary pays.
    var isDictionaryJudged = false
    /// Bytes of finished pages.
    private(set) var bufferedByteCount = 0
    /// Bytes of values before encoding.
    private(set) var valueByteCount = 0
    /// The codec of the chunk: that of the options until a page shows that nothing is gained.
    var codec: CompressionCodec
    /// Whether indices are left as they are: those of the first page did not shrink.
    var storesIndices = false
    /// Whether floats are split into planes; nil until a page has shown which way is smaller.
    var splitsFloats: Bool?
    let indices = ByteStorage()
    let body = ByteStorage()
    let compressed = ByteStorage()
    private let scratch = ByteStorage()
    private let scratchEnds = ByteStorage()
    let scratchTrial = ByteStorage()
    private let distinctValues = ByteStorage()
    private let distinctEnds = ByteStorage()

    init(leaf: Leaf, options: ParquetOptions, leafCount: Int) {
        self.leaf = leaf
        self.options = options
        codec = options.codec
        dictionaryByteLimit = min(
            Limits.dictionaryByteCount,
            Limits.dictionaryTotalByteCount / leafCount
        )
        reset()
    }

    /// Begins the next chunk.
    func reset() {
        pages = []
        codec = options.codec
        dictionary = options.usesDictionary ? ColumnDictionary(layout: leaf.layout) : nil
        isDictionaryOpen = dictionary != nil
        isDictionaryJudged = false
        storesIndices = false
        splitsFloats = nil
        bufferedByteCount = 0
        valueByteCount = 0
    }

    // MARK: Pages from columns

    /// Adds the rows of a top-level column as pages.
    func append(_ column: ColumnBuffer, pageByteLimit: Int, compressor: Compressor) {
        if leaf.isFlat {
            appendFlat(column, pageByteLimit: pageByteLimit, compressor: compressor)
        } else {
            appendNested(column, compressor: compressor)
        }
    }

    private func appendFlat(_ column: ColumnBuffer, pageByteLimit: Int, compressor: Compressor) {
        precondition(
            column.nullCount == 0 || !leaf.field.isRequired,
            "a null in the required column \(leaf.field.name)"
        )
        var start = 0
        while start < column.count {
            let end = pageEnd(of: column, from: start, byteLimit: pageByteLimit)
            appendFlatPage(column, start..<end, compressor: compressor)
            start = end
        }
    }

    /// Where the page that begins at row `start` ends: by rows, and by bytes of its text.
    private func pageEnd(of column: ColumnBuffer, from start: Int, byteLimit: Int) -> Int {
        let end = min(start + options.pageRowCount, column.count)
        guard column.storage == .variable else { return end }
        let first = column.range(at: start).lowerBound
        if column.range(at: end - 1).upperBound - first <= byteLimit { return end }
        var low = start + 1
        var high = end
        while low < high {
            let middle = (low + high + 1) / 2
            if column.range(at: middle - 1).upperBound - first <= byteLimit {
                low = middle
            } else {
                high = middle - 1
            }
        }
        return low
    }

    private func appendFlatPage(
        _ column: ColumnBuffer,
        _ rows: Range<Int>,
        compressor: Compressor
    ) {
        let validity = (column.validity.base + rows.lowerBound).assumingMemoryBound(to: UInt8.self)
        let values: DenseValues
        if case .fixed(let width) = column.storage {
            let start = UnsafeRawPointer(column.values.base + rows.lowerBound * width)
            if column.nullCount == 0 {
                values = DenseValues(count: rows.count, base: start, offsets: nil)
            } else {
                let kept = Compaction.fixed(
                    start,
                    validity: validity,
                    count: rows.count,
                    width: width,
                    into: scratch
                )
                values = DenseValues(count: kept, base: scratch.base, offsets: nil)
            }
        } else {
            let ends = UnsafePointer(
                (column.offsets.base + rows.lowerBound * 4).assumingMemoryBound(to: UInt32.self)
            )
            if column.nullCount == 0 {
                values = DenseValues(count: rows.count, base: column.values.base, offsets: ends)
            } else {
                let kept = Compaction.offsets(
                    ends,
                    validity: validity,
                    count: rows.count,
                    into: scratchEnds
                )
                values = DenseValues(
                    count: kept,
                    base: column.values.base,
                    offsets: UnsafePointer(
                        scratchEnds.base.assumingMemoryBound(to: UInt32.self)
                    )
                )
            }
        }
        appendPage(
            PageContents(
                rowCount: rows.count,
                levelCount: rows.count,
                definitionLevels: leaf.field.isRequired ? nil : UnsafePointer(validity),
                repetitionLevels: nil,
                values: values
            ),
            compressor: compressor
        )
    }

    private func appendNested(_ column: ColumnBuffer, compressor: Compressor) {
        let shredded = ShreddedLeaf(column, leaf: leaf)
        var buffer = column
        for step in leaf.steps.dropLast() {
            buffer = buffer.children[step.isRepeated ? 0 : step.child]
        }
        Compaction.gather(buffer, at: shredded.present, into: scratch, ends: scratchEnds)
        let values = DenseValues(
            count: shredded.present.count,
            base: scratch.base,
            offsets: buffer.storage == .variable
                ? UnsafePointer(scratchEnds.base.assumingMemoryBound(to: UInt32.self)) : nil
        )
        shredded.definitionLevels.withUnsafeBufferPointer { definitions in
            shredded.repetitionLevels.withUnsafeBufferPointer { repetitions in
                appendPage(
                    PageContents(
                        rowCount: column.count,
                        levelCount: definitions.count,
                        definitionLevels: leaf.maxDefinitionLevel > 0
                            ? definitions.baseAddress : nil,
                        repetitionLevels: leaf.maxRepetitionLevel > 0
                            ? repetitions.baseAddress : nil,
                        values: values
                    ),
                    compressor: compressor
                )
            }
        }
    }

    // MARK: One page

    private func appendPage(_ contents: PageContents, compressor: Compressor) {
        body.count = 0
        let isV2 = options.pageVersion == .v2
        let repetitionByteCount = encodeLevels(
            contents.repetitionLevels,
            count: contents.levelCount,
            max: leaf.maxRepetitionLevel,
            isPrefixed: !isV2
        )
        let definitionByteCount = encodeLevels(
            contents.definitionLevels,
            count: contents.levelCount,
            max: leaf.maxDefinitionLevel,
            isPrefixed: !isV2
        )
        let levelByteCount = isV2 ? body.count : 0
        let encoding = encodeValues(contents.values, compressor: compressor)
        valueByteCount += contents.values.byteCount(width: leaf.layout.width) + contents.levelCount
        compressBody(encoding, levelByteCount: levelByteCount, compressor: compressor)
        var page = EncodedPage(
            bytes: compressed,
            headerByteCount: 0,
            uncompressedByteCount: body.count,
            valueCount: contents.levelCount,
            nullCount: contents.levelCount - contents.values.count,
            rowCount: contents.rowCount,
            encoding: encoding,
            range: range(of: contents.values, encoding: encoding)
        )
        let header = PageHeader.data(
            page,
            leaf: leaf,
            isV2: isV2,
            definitionByteCount: definitionByteCount,
            repetitionByteCount: repetitionByteCount
        )
        page.seal(header: header)
        bufferedByteCount += page.bytes.count
        pages.append(page)
    }

    /// The bounds of a page; of one with few distinct values by way of its dictionary.
    private func range(of values: DenseValues, encoding: Encoding) -> ValueRange {
        let type = leaf.field.type
        guard encoding == .rleDictionary, let dictionary, type != .float, type != .double,
            dictionary.count <= values.count / 8
        else { return ValueRange(of: values, type: type) }
        let indexBase = indices.base.assumingMemoryBound(to: UInt32.self)
        return withUnsafeTemporaryAllocation(of: UInt8.self, capacity: dictionary.count) { met in
            met.update(repeating: 0)
            guard let met = met.baseAddress else { return ValueRange() }
            for position in 0..<values.count { met[Int(indexBase[position])] = 1 }
            let distinct = Compaction.marked(
                dictionary.values,
                by: met,
                width: leaf.layout.width,
                into: distinctValues,
                ends: distinctEnds
            )
            return ValueRange(of: distinct, type: type)
        }
    }

    /// Encodes levels to the end of `body`; returns their bytes, without the length prefix of v1.
    private func encodeLevels(
        _ levels: UnsafePointer<UInt8>?,
        count: Int,
        max: Int,
        isPrefixed: Bool
    ) -> Int {
        guard max > 0, let levels else { return 0 }
        let prefixPosition = body.count
        if isPrefixed {
            body.reserve(4)
            body.count += 4
        }
        let start = body.count
        RunLengthEncoder.encode(
            levels,
            count: count,
            width: BitPacking.width(of: UInt64(max)),
            into: body
        )
        let byteCount = body.count - start
        if isPrefixed {
            body.base.storeBytes(
                of: UInt32(byteCount).littleEndian,
                toByteOffset: prefixPosition,
                as: UInt32.self
            )
        }
        return byteCount
    }

    // MARK: The finished chunk

    /// The dictionary page, header included; nil when no page needs it.
    func dictionaryPage(compressor: Compressor) -> EncodedPage? {
        guard let dictionary, pages.contains(where: { $0.encoding == .rleDictionary }) else {
            return nil
        }
        body.count = 0
        ValueEncoder.encodePlain(dictionary.values, layout: leaf.layout, into: body)
        compressed.count = 0
        if codec == .uncompressed {
            compressed.append(body.bytes)
        } else {
            compressor.compress(body.bytes, of: content, into: compressed)
        }
        var page = EncodedPage(
            bytes: compressed,
            headerByteCount: 0,
            uncompressedByteCount: body.count,
            valueCount: dictionary.count,
            nullCount: 0,
            rowCount: 0,
            encoding: .plain,
            range: ValueRange()
        )
        page.seal(header: PageHeader.dictionary(page))
        return page
    }
}
