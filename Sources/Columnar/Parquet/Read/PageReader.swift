import CZlib

/// Reads the data pages of one column chunk in order.
///
/// A page lies decompressed in memory until the next one is read; the dictionary lies there as
/// long as the chunk.
final class PageReader {
    let leaf: ReadLeaf
    private let bytes: ForwardBytes
    private let decompressor: Decompressor
    private let page = ByteStorage()
    private let dictionary = ByteStorage()
    /// The values of the dictionary as views.
    private let entries = ByteStorage()
    private var entryCount = 0
    private var hasDictionary = false
    private let scratch = ByteViewDecoder.Scratch()
    /// Values of the chunk, nulls included, in pages not yet read.
    private var valuesAhead: Int64
    /// Values of the page, nulls included, not yet handed out.
    private(set) var valuesLeft = 0
    private(set) var pageOffset: Int64
    var repetition = LevelDecoder.none
    var definition = LevelDecoder.none
    var fixed: FixedValueDecoder?
    var views: ByteViewDecoder?

    init(
        _ file: FileBytes,
        chunk: ParquetFile.ColumnChunk,
        leaf: ReadLeaf,
        readAhead: Int
    ) throws(ParquetError) {
        self.leaf = leaf
        let range = try chunk.range(in: file.byteCount)
        guard let codec = CompressionCodec(rawValue: chunk.codec) else {
            throw ParquetError(
                .unsupported,
                "\(leaf.path): the codec \(chunk.codec) is not read",
                offset: range.lowerBound
            )
        }
        guard chunk.physicalType == leaf.physicalType else {
            throw ParquetError(
                .corrupt,
                "\(leaf.path): a chunk of \(chunk.physicalType) values",
                offset: range.lowerBound
            )
        }
        bytes = ForwardBytes(file, range: range, readAhead: readAhead)
        decompressor = Decompressor(codec: codec)
        valuesAhead = chunk.valueCount
        pageOffset = range.lowerBound
    }

    /// Reads on until values are left; false at the end of the chunk.
    func fill() throws -> Bool {
        while valuesLeft == 0 {
            guard valuesAhead > 0 else { return false }
            guard bytes.remaining > 0 else {
                throw failure(.truncated, "\(valuesAhead) values are missing")
            }
            let header = try ParquetFile.PageHeader.next(in: bytes)
            pageOffset = header.offset
            do {
                try read(header, try bytes.peek(header.compressedByteCount))
            } catch let error as ParquetError {
                throw located(error)
            }
            bytes.advance(header.compressedByteCount)
        }
        return true
    }

    /// Counts values as handed out.
    func consume(_ count: Int) {
        valuesLeft -= count
    }

    /// The error with the column and page it came from.
    func located(_ error: ParquetError) -> ParquetError {
        error.located(in: leaf.path, offset: pageOffset)
    }

    func failure(_ code: ParquetError.Code, _ message: String) -> ParquetError {
        ParquetError(code, "\(leaf.path): \(message)", offset: pageOffset)
    }

    private func read(
        _ header: ParquetFile.PageHeader,
        _ content: UnsafeRawBufferPointer
    ) throws(ParquetError) {
        switch PageType(rawValue: header.type) {
        case .dictionary, .data, .dataV2: break
        case .index, nil: return
        }
        if let checksum = header.checksum {
            let actual = crc32(
                0,
                content.baseAddress?.assumingMemoryBound(to: UInt8.self),
                UInt32(truncatingIfNeeded: content.count)
            )
            guard
                content.isEmpty
                    || UInt32(truncatingIfNeeded: actual) == UInt32(bitPattern: checksum)
            else { throw ParquetError(.corrupt, "the checksum of a page is wrong") }
        }
        guard let encoding = Encoding(rawValue: header.encoding) else {
            throw ParquetError(.unsupported, "the encoding \(header.encoding) is not read")
        }
        if header.type == PageType.dictionary.rawValue {
            return try readDictionary(header, encoding, content)
        }
        guard Int64(header.valueCount) <= valuesAhead else {
            throw ParquetError(.corrupt, "the pages have more values than their chunk")
        }
        page.removeAll()
        if header.type == PageType.data.rawValue {
            try decompressor.decompress(content, size: header.uncompressedByteCount, into: page)
            try openValues(try levels1(header), encoding)
        } else {
            try openValues(try levels2(header, content), encoding)
        }
        valuesAhead -= Int64(header.valueCount)
        valuesLeft = header.valueCount
    }

    // MARK: Levels

    private func levels1(
        _ header: ParquetFile.PageHeader
    ) throws(ParquetError) -> UnsafeRawBufferPointer {
        var rest = page.bytes
        (repetition, rest) = try levels(
            rest,
            maximum: leaf.maximumRepetition,
            encoding: header.repetitionEncoding,
            count: header.valueCount
        )
        (definition, rest) = try levels(
            rest,
            maximum: leaf.maximumDefinition,
            encoding: header.definitionEncoding,
            count: header.valueCount
        )
        return rest
    }

    private func levels(
        _ data: UnsafeRawBufferPointer,
        maximum: UInt8,
        encoding: Int32,
        count: Int
    ) throws(ParquetError) -> (LevelDecoder, UnsafeRawBufferPointer) {
        guard maximum > 0 else { return (.none, data) }
        switch Encoding(rawValue: encoding) {
        case .rle:
            let runs = try FixedValueDecoder.lengthPrefixed(data)
            let rest = UnsafeRawBufferPointer(rebasing: data[(4 + runs.count)...])
            return (try LevelDecoder(runs: runs, maximum: maximum), rest)
        case .bitPacked:
            let width = LevelDecoder.width(maximum)
            let size = (count * width + 7) >> 3
            guard size <= data.count else {
                throw ParquetError(.truncated, "the levels of a page end early")
            }
            let packed = UnsafeRawBufferPointer(rebasing: data[..<size])
            let rest = UnsafeRawBufferPointer(rebasing: data[size...])
            return (.packed(data: packed, bit: 0, width: width, maximum: maximum), rest)
        default: throw ParquetError(.unsupported, "levels of the encoding \(encoding) are not read")
        }
    }

    private func levels2(
        _ header: ParquetFile.PageHeader,
        _ content: UnsafeRawBufferPointer
    ) throws(ParquetError) -> UnsafeRawBufferPointer {
        let levelBytes = header.repetitionByteCount + header.definitionByteCount
        guard levelBytes <= content.count, levelBytes <= header.uncompressedByteCount else {
            throw ParquetError(.corrupt, "the levels of a page are longer than the page")
        }
        page.append(UnsafeRawBufferPointer(rebasing: content[..<levelBytes]))
        let values = UnsafeRawBufferPointer(rebasing: content[levelBytes...])
        let size = header.uncompressedByteCount - levelBytes
        if header.isCompressed, decompressor.codec != .uncompressed {
            try decompressor.decompress(values, size: size, into: page)
        } else {
            guard size == values.count else {
                throw ParquetError(.corrupt, "a page of \(values.count) bytes claims \(size)")
            }
            page.append(values)
        }
        let all = page.bytes
        let split = header.repetitionByteCount
        if leaf.maximumRepetition > 0 {
            repetition = try LevelDecoder(
                runs: UnsafeRawBufferPointer(rebasing: all[..<split]),
                maximum: leaf.maximumRepetition
            )
        }
        if leaf.maximumDefinition > 0 {
            definition = try LevelDecoder(
                runs: UnsafeRawBufferPointer(rebasing: all[split..<levelBytes]),
                maximum: leaf.maximumDefinition
            )
        }
        return UnsafeRawBufferPointer(rebasing: all[levelBytes...])
    }

    // MARK: Values

    private func openValues(
        _ data: UnsafeRawBufferPointer,
        _ encoding: Encoding
    ) throws(ParquetError) {
        // Pages of nothing but nulls may have no data at all, whatever the encoding.
        let encoding = data.isEmpty ? Encoding.plain : encoding
        if let width = leaf.rawWidth {
            fixed = try FixedValueDecoder(
                data,
                encoding: encoding,
                width: width,
                isInteger: leaf.physicalType == .int32 || leaf.physicalType == .int64,
                dictionary: dictionary.bytes,
                indices: scratch.indexSlots
            )
        } else {
            views = try ByteViewDecoder(
                data,
                encoding: encoding,
                fixedLength: leaf.fixedLength,
                dictionary: UnsafeBufferPointer(start: entrySlots, count: entryCount),
                scratch: scratch
            )
        }
    }

    private func readDictionary(
        _ header: ParquetFile.PageHeader,
        _ encoding: Encoding,
        _ content: UnsafeRawBufferPointer
    ) throws(ParquetError) {
        guard !hasDictionary, encoding == .plain || encoding == .plainDictionary else {
            throw ParquetError(.corrupt, "a dictionary that is not plain, or a second one")
        }
        try decompressor.decompress(content, size: header.uncompressedByteCount, into: dictionary)
        hasDictionary = true
        let count = header.valueCount
        if let width = leaf.rawWidth {
            guard width > 1, count <= dictionary.count / width else {
                throw ParquetError(.corrupt, "a dictionary has fewer values than it claims")
            }
            dictionary.count = count * width
            return
        }
        guard count <= dictionary.count / (leaf.fixedLength ?? 4) else {
            throw ParquetError(.corrupt, "a dictionary has fewer values than it claims")
        }
        var decoder = try ByteViewDecoder(
            dictionary.bytes,
            encoding: .plain,
            fixedLength: leaf.fixedLength,
            dictionary: UnsafeBufferPointer(start: nil, count: 0),
            scratch: scratch
        )
        entries.reserve(count * MemoryLayout<ByteView>.stride)
        entryCount = count
        // A decoder hands out a window at a time.
        var done = 0
        while done < count {
            let step = min(count - done, Limits.windowValueCount)
            try decoder.decode(step, into: entrySlots + done)
            done += step
        }
    }

    private var entrySlots: UnsafeMutablePointer<ByteView> {
        entries.base.assumingMemoryBound(to: ByteView.self)
    }
}
