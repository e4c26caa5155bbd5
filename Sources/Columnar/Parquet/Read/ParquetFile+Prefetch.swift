// What a caller needs that must fetch bytes before they are read: a store answers later, a reader
// of pages cannot wait.

extension ParquetFile {
    /// Where the pages of some top-level columns lie in a row group; empty ranges left out.
    ///
    /// - Throws: `ParquetError` `corrupt` for a place outside of the file, `unsupported` for an
    ///   encrypted column, `notFound` for a row group or column that the file does not have.
    package func byteRanges(
        ofColumns indices: [Int],
        rowGroup: Int
    ) throws(ParquetError) -> [Range<Int64>] {
        guard metadata.rowGroups.indices.contains(rowGroup) else {
            throw ParquetError(.notFound, "the file has no row group \(rowGroup)")
        }
        var ranges: [Range<Int64>] = []
        for node in try nodes(at: indices) {
            for leaf in node.leaves {
                let chunk = metadata.rowGroups[rowGroup].columns[leaf.index]
                let range = try chunk.range(in: bytes.byteCount)
                if !range.isEmpty { ranges.append(range) }
            }
        }
        return ranges
    }

    /// The top-level columns at these places of `schema`, in this order, of one row group.
    ///
    /// - Throws: `ParquetError` `notFound` for a row group or column that the file does not have.
    package func batches(
        columnIndices indices: [Int],
        rowGroup: Int
    ) throws(ParquetError) -> ParquetBatches {
        guard metadata.rowGroups.indices.contains(rowGroup) else {
            throw ParquetError(.notFound, "the file has no row group \(rowGroup)")
        }
        return ParquetBatches(
            self,
            nodes: try nodes(at: indices),
            rowGroups: rowGroup..<rowGroup + 1
        )
    }

    private func nodes(at indices: [Int]) throws(ParquetError) -> [ReadNode] {
        var found: [ReadNode] = []
        for index in indices {
            guard nodes.indices.contains(index) else {
                throw ParquetError(.notFound, "the file has \(nodes.count) columns")
            }
            found.append(nodes[index])
        }
        return found
    }
}
