#if canImport(Glibc)
    import Glibc
#else
    import Musl
#endif

/// Reads whatever the bytes are as a Parquet file: the footer, every batch, indexes and headers.
///
/// Rows and files are limited, because runs let a few bytes stand for billions of rows.
@_cdecl("LLVMFuzzerTestOneInput")
func fuzzParquetReader(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    let rowLimit = 200_000
    let bytes = [UInt8](UnsafeBufferPointer(start: start, count: count))
    do {
        let file = try ParquetFile(bytes: bytes)
        let batches = try file.batches()
        let batch = Batch(schema: batches.schema)
        var rows = 0
        while rows < rowLimit, try batches.read(into: batch) {
            rows += max(batch.rowCount, 1)
            for column in batch.columns {
                guard column.count == batch.rowCount else { abort() }
                // The first and last value reach into everything a column refers to.
                if column.count > 0 {
                    _ = column.text(at: 0)?.utf8.count
                    _ = column.text(at: column.count - 1)?.utf8.count
                }
            }
        }
        guard !file.metadata.rowGroups.isEmpty else { return 0 }
        for column in 0..<min(file.leafPaths.count, 8) {
            _ = try file.columnIndex(rowGroup: 0, column: column)
            _ = try file.offsetIndex(rowGroup: 0, column: column)
            _ = try file.pageHeaders(rowGroup: 0, column: column)
        }
    } catch is ParquetError {
        // The expected answer to most inputs.
    } catch {
        abort()
    }
    return 0
}
