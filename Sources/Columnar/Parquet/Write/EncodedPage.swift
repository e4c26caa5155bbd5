/// A finished data page waiting for its row group to be written.
struct EncodedPage {
    /// Header and body as they go to the file; before `seal`, the body alone in borrowed memory.
    var bytes: ByteStorage
    var headerByteCount: Int
    var uncompressedByteCount: Int
    var valueCount: Int
    var nullCount: Int
    var rowCount: Int
    var encoding: Encoding
    var range: ValueRange

    /// Puts the header before the body, in memory of the page's own.
    mutating func seal(header: [UInt8]) {
        let whole = ByteStorage(capacity: header.count + bytes.count)
        header.withUnsafeBytes { whole.append($0) }
        whole.append(bytes.bytes)
        headerByteCount = header.count
        bytes = whole
    }
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
