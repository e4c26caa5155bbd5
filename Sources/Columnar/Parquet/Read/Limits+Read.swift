extension Limits {
    /// Bytes of a footer: 1,000 columns in 100 row groups need some 20 MiB.
    package static let footerByteCountMax = 64 << 20

    /// Elements of a file's schema, nested ones included; wide tables have a few thousand.
    package static let schemaElementCountMax = 100_000

    /// Nesting of a schema: levels are held in a byte, and recursion must end on any stack.
    package static let schemaDepthMax = 48

    /// Nesting of thrift structures that are skipped; the format itself has 6.
    package static let thriftDepthMax = 32

    /// Bytes of a page header; statistics of long strings make it grow past 64 KiB.
    package static let pageHeaderByteCountMax = 16 << 20

    /// Bytes of a page before or after decompression: one value may fill a page, and values past
    /// this size do not fit a database either.
    package static let pageByteCountMax = 1 << 30

    /// Values of one page: writers stop at some 20,000 rows or 1 MiB, but runs cost no bytes.
    package static let pageValueCountMax = 1 << 28

    /// Bytes of a column or offset index of one chunk.
    package static let pageIndexByteCountMax = 16 << 20

    /// Bytes fetched ahead of a column chunk's pages, so that small pages cost no read each.
    package static let readAheadByteCount = 1 << 20

    /// Bytes fetched ahead by all columns of a file together.
    package static let readAheadTotalByteCount = 64 << 20

    /// Values decoded at once: levels and slices of 4,096 values stay in an L2 cache.
    package static let windowValueCount = 4_096

    /// Bytes a single row may have in one nested column: offsets of a batch hold 4 GiB.
    package static let nestedRowByteCountMax = 1 << 30

    /// Values of a block of DELTA_BINARY_PACKED; writers use 128 or 256, DuckDB 2,048.
    package static let deltaBlockValueCountMax = 1 << 20

    /// Most bytes one compressed byte can stand for, by codec; more is a bomb or damage.
    package static func decompressionRatioMax(_ codec: CompressionCodec) -> Int {
        switch codec {
        case .uncompressed: 1
        // A copy of 64 bytes takes 3.
        case .snappy: 64
        // Deflate's longest match takes 2 bits for 258 bytes.
        case .gzip: 1_040
        // One length byte adds 255.
        case .lz4Raw: 256
        // A block stands for at most 128 KiB and takes at least 4 bytes.
        case .zstd: 1 << 15
        }
    }

    /// Bytes any page may have decompressed whatever the ratio says.
    package static let decompressedByteCountFree = 1 << 20
}
