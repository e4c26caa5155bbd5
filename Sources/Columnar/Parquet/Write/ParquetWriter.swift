/// Writes batches as one Parquet file, row group by row group, in bounded memory.
///
/// The writer does no I/O: after every `append` the bytes that are final wait in `takeOutput`,
/// to be written in that order. A row group's pages stay here, compressed, until it ends, because
/// its columns lie in the file one after the other.
///
/// ```
/// PAR1 | row group: column: [dictionary page] data pages … | … | page index | footer | length PAR1
/// ```
package final class ParquetWriter {
    private let schema: Schema
    private let options: ParquetOptions
    private let columns: [ColumnWriter]
    private let compressor: Compressor
    private var rowGroups: [RowGroupRecord] = []
    private var output: [ByteStorage] = []
    private var position: Int64 = 0
    private var groupRowCount = 0
    private var rowCount: Int64 = 0
    private var summaries: [ColumnSummary]

    /// Makes a writer of a schema whose fields all have ids.
    package init(schema: Schema, options: ParquetOptions = ParquetOptions()) {
        self.schema = schema
        self.options = options
        let leaves = schema.fields.map(Leaf.leaves)
        let leafCount = max(leaves.reduce(0) { $0 + $1.count }, 1)
        columns = zip(schema.fields, leaves).map { field, leaves in
            ColumnWriter(field: field, leaves: leaves, options: options, leafCount: leafCount)
        }
        compressor = Compressor(codec: options.codec, level: options.compressionLevel)
        summaries = leaves.flatMap { $0 }.map { ColumnSummary(emptyFor: $0) }
        emit(Array("PAR1".utf8))
    }

    /// Bytes that make up the file so far, buffered ones included.
    package var byteCount: Int64 {
        position + Int64(columns.reduce(0) { $0 + $1.bufferedByteCount })
    }

    /// Adds the rows of a batch, whose schema has the writer's types in the same order.
    package func append(_ batch: Batch) {
        precondition(batch.columns.count == columns.count, "a batch of another schema")
        for (column, buffer) in zip(columns, batch.columns) {
            precondition(buffer.count == batch.rowCount, "columns of a batch differ in length")
            column.append(buffer, compressor: compressor)
        }
        groupRowCount += batch.rowCount
        let valueByteCount = columns.reduce(0) { $0 + $1.valueByteCount }
        let bufferedByteCount = columns.reduce(0) { $0 + $1.bufferedByteCount }
        if groupRowCount >= options.rowGroupRowCount
            || valueByteCount >= options.rowGroupByteCount
            || bufferedByteCount >= options.bufferedByteCount
        {
            flushRowGroup()
        }
    }

    /// The bytes that became final since the last call, to be written in order.
    package func takeOutput() -> [ByteStorage] {
        defer { output = [] }
        return output
    }

    /// Ends the file; what `takeOutput` returns then is the rest of it.
    package func finish() -> FileSummary {
        flushRowGroup()
        if options.writesPageIndex { writePageIndex() }
        let footer = FileFooter(
            schema: schema,
            rowCount: rowCount,
            rowGroups: rowGroups,
            options: options
        )
        let bytes = footer.bytes
        emit(bytes)
        emit(
            (0..<4).map { UInt8(truncatingIfNeeded: bytes.count >> (8 * $0)) }
                + Array("PAR1".utf8)
        )
        return FileSummary(
            rowCount: rowCount,
            byteCount: position,
            columns: summaries,
            splitOffsets: rowGroups.map(\.offset)
        )
    }

    private func emit(_ bytes: [UInt8]) {
        let storage = ByteStorage(capacity: bytes.count)
        bytes.withUnsafeBytes { storage.append($0) }
        emit(storage)
    }

    private func emit(_ storage: ByteStorage) {
        position += Int64(storage.count)
        output.append(storage)
    }

    private func flushRowGroup() {
        guard groupRowCount > 0 else { return }
        var group = RowGroupRecord(offset: position, rowCount: Int64(groupRowCount), chunks: [])
        for column in columns {
            column.flushPending(compressor: compressor)
            for chunk in column.chunks { group.chunks.append(write(chunk)) }
        }
        for (index, chunk) in group.chunks.enumerated() { summaries[index].add(chunk) }
        rowGroups.append(group)
        rowCount += Int64(groupRowCount)
        groupRowCount = 0
    }

    private func write(_ chunk: ColumnChunkWriter) -> ChunkRecord {
        var record = ChunkRecord(leaf: chunk.leaf, codec: chunk.codec)
        if let page = chunk.dictionaryPage(compressor: compressor) {
            record.addDictionary(page, at: position)
            emit(page.bytes)
        }
        for page in chunk.pages {
            record.add(page, at: position)
            emit(page.bytes)
        }
        chunk.reset()
        record.seal()
        return record
    }

    private func writePageIndex() {
        for group in rowGroups.indices {
            for chunk in rowGroups[group].chunks.indices {
                guard let index = rowGroups[group].chunks[chunk].columnIndexBytes else { continue }
                rowGroups[group].chunks[chunk].columnIndex = (position, index.count)
                emit(index)
            }
        }
        for group in rowGroups.indices {
            for chunk in rowGroups[group].chunks.indices {
                let index = rowGroups[group].chunks[chunk].offsetIndexBytes
                rowGroups[group].chunks[chunk].offsetIndex = (position, index.count)
                emit(index)
            }
        }
    }
}

/// One top-level column: joins small batches to whole pages and feeds its leaves.
private final class ColumnWriter {
    let chunks: [ColumnChunkWriter]
    private let pending: ColumnBuffer
    private let options: ParquetOptions
    private let pageByteLimit: Int

    init(field: Field, leaves: [Leaf], options: ParquetOptions, leafCount: Int) {
        self.options = options
        chunks = leaves.map {
            ColumnChunkWriter(leaf: $0, options: options, leafCount: leafCount)
        }
        pending = ColumnBuffer(type: field.type)
        pageByteLimit = min(Limits.pageByteCount, Limits.pendingByteCount / leafCount)
    }

    var bufferedByteCount: Int { chunks.reduce(0) { $0 + $1.bufferedByteCount } }
    var valueByteCount: Int { chunks.reduce(pending.byteCount) { $0 + $1.valueByteCount } }

    func append(_ column: ColumnBuffer, compressor: Compressor) {
        if pending.count == 0, isPageful(column) {
            write(column, compressor: compressor)
        } else {
            pending.append(contentsOf: column)
            if isPageful(pending) { flushPending(compressor: compressor) }
        }
    }

    /// Half a page and more is written as one; less waits for the next batch.
    private func isPageful(_ column: ColumnBuffer) -> Bool {
        column.count >= options.pageRowCount / 2 || column.byteCount >= pageByteLimit / 2
    }

    func flushPending(compressor: Compressor) {
        guard pending.count > 0 else { return }
        write(pending, compressor: compressor)
        pending.removeAll()
    }

    private func write(_ column: ColumnBuffer, compressor: Compressor) {
        for chunk in chunks {
            chunk.append(column, pageByteLimit: pageByteLimit, compressor: compressor)
        }
    }
}
