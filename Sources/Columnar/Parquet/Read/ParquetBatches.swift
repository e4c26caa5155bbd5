/// The rows of a file, batch by batch.
///
/// A batch has at most `Limits.batchRowCount` rows and ends early at `Limits.batchByteCount`; a
/// single row may be larger. Batches do not span row groups.
package final class ParquetBatches {
    private enum Column {
        case numbers(LeafReader)
        case bytes(LeafReader)
        case nested(NestedReader)
    }

    /// The selected columns.
    package let schema: Schema
    private let file: ParquetFile
    private let nodes: [ReadNode]
    private let rowGroups: Range<Int>
    private var nextGroup: Int
    private var columns: [Column] = []
    private var rowsLeft: Int64 = 0
    private let byteLimit: Int

    init(_ file: ParquetFile, nodes: [ReadNode], rowGroups: Range<Int>) {
        self.file = file
        self.nodes = nodes
        self.rowGroups = rowGroups
        schema = Schema(nodes.map(\.field))
        nextGroup = rowGroups.lowerBound
        // Each column takes its share; wide tables get shorter batches of long values.
        byteLimit = max(Limits.batchByteCount / max(nodes.count, 1), 1 << 16)
    }

    /// The next rows in a batch of their own; nil behind the last.
    package func next() throws -> Batch? {
        let batch = Batch(schema: schema)
        return try read(into: batch) ? batch : nil
    }

    /// Empties `batch`, which has the schema of this reader, and reads the next rows into it;
    /// false behind the last row.
    ///
    /// - Throws: `ParquetError` for damaged bytes; what reading the file throws. What the batch
    ///   holds then is undefined.
    package func read(into batch: Batch) throws -> Bool {
        batch.removeAll()
        while rowsLeft == 0 {
            try finishGroup()
            guard nextGroup < rowGroups.upperBound else { return false }
            try open(nextGroup)
            nextGroup += 1
        }
        guard !nodes.isEmpty else {
            batch.rowCount = Int(rowsLeft)
            rowsLeft = 0
            return true
        }
        while batch.rowCount < Limits.batchRowCount, rowsLeft > 0 {
            try readStep(into: batch)
            if batch.byteCount >= Limits.batchByteCount { break }
        }
        return true
    }

    /// Reads as many rows as all columns can give at once.
    private func readStep(into batch: Batch) throws {
        var rows = Int(min(Int64(Limits.batchRowCount - batch.rowCount), rowsLeft))
        for case .bytes(let leaf) in columns {
            rows = try leaf.rowCount(upTo: rows, byteLimit: byteLimit)
        }
        rows = try readNested(upTo: rows, into: batch)
        for (index, column) in columns.enumerated() {
            switch column {
            case .numbers(let leaf): try leaf.readNumbers(rows, into: batch.columns[index])
            case .bytes(let leaf): try leaf.readBytes(rows, into: batch.columns[index])
            case .nested: break
            }
        }
        batch.rowCount += rows
        rowsLeft -= Int64(rows)
    }

    /// Reads rows of the nested columns until there are `limit` or they fill a batch.
    private func readNested(upTo limit: Int, into batch: Batch) throws -> Int {
        var nested: [(NestedReader, ColumnBuffer)] = []
        for (index, column) in columns.enumerated() {
            if case .nested(let reader) = column { nested.append((reader, batch.columns[index])) }
        }
        guard !nested.isEmpty else { return limit }
        var bytes = 0
        for row in 0..<limit {
            for (reader, column) in nested { bytes += try reader.readRow(into: column) }
            if bytes >= Limits.batchByteCount { return row + 1 }
        }
        return limit
    }

    private func open(_ index: Int) throws {
        let group = file.metadata.rowGroups[index]
        let readAhead = min(
            Limits.readAheadByteCount,
            max(Limits.readAheadTotalByteCount / max(file.leafCount, 1), 1 << 16)
        )
        func leaf(_ leaf: ReadLeaf, _ type: DataType) throws -> LeafReader {
            let chunk = group.columns[leaf.index]
            if leaf.maximumRepetition == 0, chunk.valueCount != group.rowCount {
                throw ParquetError(
                    .corrupt,
                    "\(leaf.path): \(chunk.valueCount) values in \(group.rowCount) rows",
                    offset: chunk.dataPageOffset
                )
            }
            return LeafReader(
                try PageReader(file.bytes, chunk: chunk, leaf: leaf, readAhead: readAhead),
                type: type
            )
        }
        columns = try nodes.map { node in
            guard case .leaf(let column) = node.kind else {
                return .nested(try NestedReader(node, leaf: leaf))
            }
            let reader = try leaf(column, node.field.type)
            return column.rawWidth == nil ? .bytes(reader) : .numbers(reader)
        }
        rowsLeft = group.rowCount
    }

    private func finishGroup() throws {
        for column in columns {
            switch column {
            case .numbers(let leaf), .bytes(let leaf): try leaf.finish()
            case .nested(let reader): for leaf in reader.leaves { try leaf.finish() }
            }
        }
        columns = []
    }
}
