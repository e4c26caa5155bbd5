/// The bytes of a file, read range by range: a local file, an object of a store, or an array.
package struct FileBytes: Sendable {
    package let byteCount: Int64
    private let fetch: @Sendable (Range<Int64>) throws -> [UInt8]

    /// Makes a file of `byteCount` bytes; `read` returns exactly the bytes of a range inside it.
    package init(byteCount: Int64, read: @escaping @Sendable (Range<Int64>) throws -> [UInt8]) {
        self.byteCount = byteCount
        fetch = read
    }

    /// Makes a file of bytes in memory.
    package init(_ bytes: [UInt8]) {
        self.init(byteCount: Int64(bytes.count)) { range in
            Array(bytes[Int(range.lowerBound)..<Int(range.upperBound)])
        }
    }

    /// The bytes from `offset` on.
    ///
    /// - Throws: `ParquetError` when the range is not inside the file; what the file's own read
    ///   throws.
    func read(at offset: Int64, count: Int) throws -> [UInt8] {
        guard offset >= 0, count >= 0, offset <= byteCount, Int64(count) <= byteCount - offset
        else {
            throw ParquetError(
                .corrupt,
                "\(count) bytes do not lie inside the file of \(byteCount)",
                offset: offset
            )
        }
        guard count > 0 else { return [] }
        let bytes = try fetch(offset..<offset + Int64(count))
        guard bytes.count == count else {
            throw ParquetError(
                .truncated,
                "the file gave \(bytes.count) bytes of \(count)",
                offset: offset
            )
        }
        return bytes
    }
}

/// A window that moves over a range of a file, front to back.
final class ForwardBytes {
    private let file: FileBytes
    private let end: Int64
    private let readAhead: Int
    private let buffer = ByteStorage()
    private var consumed = 0
    /// Where the next byte lies in the file.
    private(set) var offset: Int64

    init(_ file: FileBytes, range: Range<Int64>, readAhead: Int) {
        self.file = file
        offset = range.lowerBound
        end = range.upperBound
        self.readAhead = readAhead
    }

    /// Bytes of the range that are left.
    var remaining: Int64 { end - offset }

    /// The next `count` bytes, or those that are left; they stay valid until the next call.
    func peek(_ count: Int) throws -> UnsafeRawBufferPointer {
        let wanted = Int(min(Int64(count), remaining))
        let held = buffer.count - consumed
        if held < wanted {
            if consumed > 0 {
                buffer.base.copyMemory(from: buffer.base + consumed, byteCount: held)
                buffer.count = held
                consumed = 0
            }
            let step = Int(min(Int64(max(wanted - held, readAhead)), remaining - Int64(held)))
            let bytes = try file.read(at: offset + Int64(held), count: step)
            bytes.withUnsafeBytes { buffer.append($0) }
        }
        return UnsafeRawBufferPointer(start: buffer.base + consumed, count: wanted)
    }

    /// Moves past `count` bytes that were peeked at.
    func advance(_ count: Int) {
        consumed += count
        offset += Int64(count)
        guard consumed == buffer.count else { return }
        consumed = 0
        buffer.removeAll(keeping: Limits.readAheadByteCount)
    }
}
