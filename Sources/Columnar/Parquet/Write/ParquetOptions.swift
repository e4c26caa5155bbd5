/// How Parquet files are written.
///
/// The defaults are what every engine reads and what came out smallest for the time spent
/// (docs/architecture.md, "Files").
package struct ParquetOptions: Sendable {
    /// Version of the data page header.
    package enum PageVersion: Sendable {
        case v1
        case v2
    }

    package var codec: CompressionCodec = .zstd
    /// Level of zstd or gzip.
    package var compressionLevel = 1
    package var pageVersion: PageVersion = .v1
    /// What values are encoded as where a dictionary does not pay.
    package var encodings = EncodingChoice.compatible
    package var usesDictionary = true
    package var writesPageIndex = true
    /// Key-value pairs for the footer.
    package var metadata: [(key: String, value: String)] = []
    /// Rows at which a row group ends.
    package var rowGroupRowCount = Limits.rowGroupRowCount
    /// Bytes of values at which a row group ends.
    package var rowGroupByteCount = Limits.rowGroupByteCount
    /// Encoded bytes held in memory at which a row group ends.
    package var bufferedByteCount = Limits.rowGroupBufferedByteCount
    /// Rows of a page, at most.
    package var pageRowCount = Limits.batchRowCount

    /// The defaults.
    package init() {}
}
