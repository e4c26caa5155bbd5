internal import Columnar
internal import ObjectStorage

/// A Parquet file of a store, of which only what is read next is in memory.
///
/// Bytes come from a store by waiting, pages are decoded without: so the footer and the column
/// chunks of a row group are fetched first, and decoding finds them in memory.
struct StoredParquet {
    let file: ParquetFile
    private let location: String
    private let key: ObjectKey
    private let store: any ObjectStore
    private let pieces: FilePieces

    /// Opens a file by fetching its footer.
    ///
    /// - Throws: `IcebergError` `corrupt`, `unsupported`, `notFound` or `storage`.
    init(_ record: DataFile, in store: any ObjectStore) async throws {
        location = record.path
        guard record.format.uppercased() == "PARQUET" else {
            throw IcebergError(
                .unsupported,
                "\(location) is of the format \(record.format), and only Parquet is read; "
                    + "rewrite the table with a full refresh"
            )
        }
        guard let key = store.locations.key(at: location) else {
            throw IcebergError(
                .unsupported,
                "\(location) lies outside of the lake \(store.locations.base); "
                    + "if the lake was moved, move it back"
            )
        }
        self.key = key
        self.store = store
        let pieces = FilePieces()
        self.pieces = pieces
        let size = record.byteCount
        do {
            try await pieces.fetch(
                [max(0, size - Limits.footerReadByteCount)..<size],
                of: key,
                in: store
            )
            file = try await Self.open(size, pieces, key, store)
            pieces.removeAll()
        } catch {
            throw Self.located(error, at: record.path)
        }
    }

    private static func open(
        _ size: Int64,
        _ pieces: FilePieces,
        _ key: ObjectKey,
        _ store: any ObjectStore
    ) async throws -> ParquetFile {
        let bytes = FileBytes(byteCount: size) { try pieces.bytes($0) }
        for _ in 1..<Limits.footerReads {
            do {
                return try ParquetFile(bytes)
            } catch let missing as FilePieces.Missing {
                // The reader has checked the footer's length before it asks for it.
                try await pieces.fetch([missing.range.lowerBound..<size], of: key, in: store)
            }
        }
        return try ParquetFile(bytes)
    }

    /// The error with the file it came from, as one of this target.
    private static func located(_ error: any Error, at location: String) -> any Error {
        switch error {
        case let error as ParquetError: return IcebergError(error, at: location)
        case let missing as FilePieces.Missing:
            return IcebergError(
                .corrupt,
                "cannot read \(location): its pages lie outside of their column chunk "
                    + "(bytes \(missing.range.lowerBound) to \(missing.range.upperBound))"
            )
        default: return IcebergError.wrapping(error)
        }
    }

    /// The place of a top-level column by its field id; nil when the file has none.
    ///
    /// - Throws: `IcebergError` `unsupported` for a file without any ids, whose columns could only
    ///   be guessed by name.
    func column(fieldID: Int) throws -> Int? {
        if let index = file.schema.fields.firstIndex(where: { $0.id == fieldID }) { return index }
        guard file.schema.fields.contains(where: { $0.id > 0 }) else {
            throw IcebergError(
                .unsupported,
                "\(location) has no field ids; rewrite the table with a full refresh"
            )
        }
        return nil
    }

    /// Reads some columns, batch by batch; `body` is told where the first row of the batch, which
    /// is its only until it returns, stands in the file.
    func forEachBatch(
        columns: [Int],
        _ body: (Batch, _ firstRow: Int64) throws -> Void
    ) async throws {
        let batch = Batch(schema: Schema(columns.map { file.schema.fields[$0] }))
        var row: Int64 = 0
        do {
            for group in file.metadata.rowGroups.indices {
                let ranges = try file.byteRanges(ofColumns: columns, rowGroup: group)
                try checkSize(of: ranges)
                try await pieces.fetch(ranges, of: key, in: store)
                let batches = try file.batches(columnIndices: columns, rowGroup: group)
                while try batches.read(into: batch) {
                    try Task.checkCancellation()
                    try body(batch, row)
                    row += Int64(batch.rowCount)
                }
            }
            pieces.removeAll()
            // Places of rows are counted here, so that a footer must not contradict itself.
            guard row == file.rowCount else {
                throw ParquetError(.corrupt, "\(row) rows, and the footer says \(file.rowCount)")
            }
        } catch {
            throw Self.located(error, at: location)
        }
    }

    private func checkSize(of ranges: [Range<Int64>]) throws {
        // Each lies inside of the file, so that only very many of them could overflow.
        let (total, isOver) = ranges.reduce((Int64(0), false)) { sum, range in
            let (total, isOver) = sum.0.addingReportingOverflow(Int64(range.count))
            return (total, sum.1 || isOver)
        }
        guard !isOver, total <= Limits.mergeFetchByteCount else {
            throw IcebergError(
                .unsupported,
                "\(location) has row groups whose key columns take more than "
                    + "\(Limits.mergeFetchByteCount >> 20) MiB; rewrite the table with a full refresh"
            )
        }
    }
}
