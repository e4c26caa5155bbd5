/// A Parquet file opened for reading.
///
/// ```
/// "PAR1" | column chunks, page by page | indexes | footer | footer length (4) | "PAR1"
/// ```
/// Opening reads the footer. `batches` reads rows; memory is bounded by a few pages of each
/// selected column and one batch, never by a row group. Whatever the bytes are, reading either
/// returns or throws.
package struct ParquetFile: Sendable {
    /// What the footer says.
    package let metadata: Metadata
    /// The columns, with the field ids of the file (0 where it has none).
    package let schema: Schema
    let bytes: FileBytes
    let nodes: [ReadNode]
    let leafCount: Int

    /// Reads the footer of a file.
    ///
    /// - Throws: `ParquetError` when it is damaged, encrypted or of an unknown kind; what reading
    ///   the file throws.
    package init(_ bytes: FileBytes) throws {
        self.bytes = bytes
        guard bytes.byteCount >= 12 else {
            throw ParquetError(.truncated, "a Parquet file has at least 12 bytes", offset: 0)
        }
        let tail = try bytes.read(at: bytes.byteCount - 8, count: 8)
        let tailOffset = bytes.byteCount - 8
        guard tail[4...] != Array("PARE".utf8)[...] else {
            throw ParquetError(.unsupported, "the footer is encrypted", offset: tailOffset)
        }
        guard tail[4...] == Array("PAR1".utf8)[...] else {
            throw ParquetError(.corrupt, "this is no Parquet file", offset: tailOffset)
        }
        let length = tail.withUnsafeBytes { Int64($0.loadUnaligned(as: UInt32.self)) }
        guard length <= bytes.byteCount - 12 else {
            throw ParquetError(.truncated, "the footer is cut off", offset: tailOffset)
        }
        guard length <= Limits.footerByteCountMax else {
            throw ParquetError(.tooLarge, "the footer has \(length) bytes", offset: tailOffset)
        }
        let start = bytes.byteCount - 8 - length
        let footer = try bytes.read(at: start, count: Int(length))
        metadata = try footer.withUnsafeBytes { memory throws(ParquetError) in
            var reader = ThriftReader(memory, origin: start)
            return try Metadata(from: &reader)
        }
        do {
            (nodes, leafCount) = try SchemaReader.read(metadata.schema)
        } catch {
            throw error.located(in: "schema", offset: start)
        }
        schema = Schema(nodes.map(\.field))
        for group in metadata.rowGroups where group.columns.count != leafCount {
            throw ParquetError(
                .corrupt,
                "a row group has \(group.columns.count) of \(leafCount) columns",
                offset: start
            )
        }
    }

    /// Opens a file in memory.
    package init(bytes: [UInt8]) throws {
        try self.init(FileBytes(bytes))
    }

    /// Rows in all row groups.
    package var rowCount: Int64 { metadata.rowCount }

    /// The columns with these names in this order, all when `names` is nil, of all row groups or
    /// of those given.
    ///
    /// - Throws: `ParquetError` `notFound` for an unknown name or row group.
    package func batches(
        columns names: [String]? = nil,
        rowGroups: Range<Int>? = nil
    ) throws(ParquetError) -> ParquetBatches {
        let groups = rowGroups ?? 0..<metadata.rowGroups.count
        guard groups.lowerBound >= 0, groups.upperBound <= metadata.rowGroups.count else {
            throw ParquetError(.notFound, "the file has \(metadata.rowGroups.count) row groups")
        }
        guard let names else { return ParquetBatches(self, nodes: nodes, rowGroups: groups) }
        var selected: [ReadNode] = []
        for name in names {
            guard let node = nodes.first(where: { $0.field.name == name }) else {
                throw ParquetError(.notFound, "the file has no column \(name)")
            }
            selected.append(node)
        }
        return ParquetBatches(self, nodes: selected, rowGroups: groups)
    }

    /// The leaf columns by their dotted paths, in file order: the order of `RowGroup.columns`.
    package var leafPaths: [String] {
        nodes.flatMap(\.leaves).sorted { $0.index < $1.index }.map(\.path)
    }

    // MARK: Details

    private func chunk(rowGroup: Int, column: Int) throws(ParquetError) -> ColumnChunk {
        guard metadata.rowGroups.indices.contains(rowGroup), 0..<leafCount ~= column else {
            throw ParquetError(.notFound, "no column \(column) in row group \(rowGroup)")
        }
        return metadata.rowGroups[rowGroup].columns[column]
    }

    private func index<Index>(
        at offset: Int64?,
        count: Int,
        _ parse: (inout ThriftReader) throws(ParquetError) -> Index
    ) throws -> Index? {
        guard let offset, count > 0 else { return nil }
        guard count <= Limits.pageIndexByteCountMax else {
            throw ParquetError(.tooLarge, "a page index of \(count) bytes", offset: offset)
        }
        let bytes = try bytes.read(at: offset, count: count)
        return try bytes.withUnsafeBytes { memory throws(ParquetError) in
            var reader = ThriftReader(memory, origin: offset)
            return try parse(&reader)
        }
    }

    /// The column index of a leaf column, nil if the file has none.
    package func columnIndex(rowGroup: Int, column: Int) throws -> ColumnIndex? {
        let chunk = try chunk(rowGroup: rowGroup, column: column)
        return try index(
            at: chunk.columnIndexOffset,
            count: chunk.columnIndexByteCount,
            ColumnIndex.init(from:)
        )
    }

    /// The offset index of a leaf column, nil if the file has none.
    package func offsetIndex(rowGroup: Int, column: Int) throws -> [PageLocation]? {
        let chunk = try chunk(rowGroup: rowGroup, column: column)
        return try index(
            at: chunk.offsetIndexOffset,
            count: chunk.offsetIndexByteCount,
            PageLocation.list(from:)
        )
    }

    /// The headers of all pages of a leaf column, the dictionary's included.
    package func pageHeaders(rowGroup: Int, column: Int) throws -> [PageHeader] {
        let chunk = try chunk(rowGroup: rowGroup, column: column)
        let bytes = ForwardBytes(
            bytes,
            range: try chunk.range(in: bytes.byteCount),
            readAhead: Limits.readAheadByteCount
        )
        var headers: [PageHeader] = []
        while bytes.remaining > 0 {
            let header = try PageHeader.next(in: bytes)
            headers.append(header)
            _ = try bytes.peek(header.compressedByteCount)
            bytes.advance(header.compressedByteCount)
        }
        return headers
    }
}

extension ParquetFile.ColumnChunk {
    /// Where the pages lie.
    func range(in byteCount: Int64) throws(ParquetError) -> Range<Int64> {
        guard !isElsewhere, !isEncrypted else {
            throw ParquetError(
                .unsupported,
                "\(path.joined(separator: ".")) is encrypted or lies in another file",
                offset: 0
            )
        }
        // Writers leave offsets at 0 where nothing is; a dictionary alone serves nobody.
        if valueCount == 0 { return 0..<0 }
        var start = dataPageOffset
        if let dictionary = dictionaryPageOffset, dictionary > 0, dictionary < start {
            start = dictionary
        }
        guard start >= 4, start <= byteCount, compressedByteCount <= byteCount - start else {
            throw ParquetError(.corrupt, "a column chunk lies outside of the file", offset: start)
        }
        return start..<start + compressedByteCount
    }
}

extension ParquetFile.PageHeader {
    /// Reads the next header and checks that its page is all there.
    static func next(in bytes: ForwardBytes) throws -> Self {
        // Most headers have some 30 bytes; statistics of long values need further tries.
        var size = 256
        while true {
            let memory = try bytes.peek(size)
            do {
                var reader = ThriftReader(memory, origin: bytes.offset)
                let header = try Self(from: &reader, offset: bytes.offset)
                bytes.advance(header.headerByteCount)
                guard Int64(header.compressedByteCount) <= bytes.remaining else {
                    throw ParquetError(
                        .corrupt,
                        "a page is longer than its column chunk",
                        offset: header.offset
                    )
                }
                return header
            } catch let error as ParquetError where error.code == .truncated {
                guard memory.count == size, size < Limits.pageHeaderByteCountMax else {
                    throw error
                }
                size *= 8
            }
        }
    }
}
