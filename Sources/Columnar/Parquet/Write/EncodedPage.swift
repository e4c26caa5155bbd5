/// A finished data page waiting for its row group to be written.
struct EncodedPage {
    /// Header and body as they go to the file.
    var bytes: ByteStorage
    var headerByteCount: Int
    var uncompressedByteCount: Int
    var valueCount: Int
    var nullCount: Int
    var rowCount: Int
    var encoding: Encoding
    var range: ValueRange
}

/// One page before compression.
struct PageContents {
    var rowCount: Int
    /// Values with their nulls.
    var levelCount: Int
    var definitionLevels: UnsafePointer<UInt8>?
    var repetitionLevels: UnsafePointer<UInt8>?
    var values: DenseValues
}
