import Columnar

/// The fields of a block of rows: where each begins, and its length.
final class MySQLFields {
    /// The fields of one column.
    struct Column {
        let bytes: UnsafeRawPointer
        let starts: UnsafePointer<UInt32>
        /// -1 for null.
        let lengths: UnsafePointer<Int32>
        let count: Int

        /// Where field `index` begins.
        @inline(__always)
        func start(_ index: Int) -> UnsafeRawPointer { bytes + Int(starts[index]) }
    }

    private let columnCount: Int
    private var bytes: UnsafeRawPointer
    private(set) var rowCount = 0
    private let starts: UnsafeMutablePointer<UInt32>
    private let lengths: UnsafeMutablePointer<Int32>

    init(columnCount: Int) {
        self.columnCount = columnCount
        starts = .allocate(capacity: max(columnCount, 1) * Limits.copyBlockRowCount)
        lengths = .allocate(capacity: max(columnCount, 1) * Limits.copyBlockRowCount)
        // Until the first block there is nothing behind it.
        bytes = UnsafeRawPointer(starts)
    }

    deinit {
        starts.deallocate()
        lengths.deallocate()
    }

    /// Begins a block of rows that all lie behind `bytes`, with `ByteStorage.slack` spare bytes behind
    /// the last one.
    func begin(_ bytes: UnsafeRawPointer) {
        self.bytes = bytes
        rowCount = 0
    }

    func column(_ index: Int) -> Column {
        Column(
            bytes: bytes,
            starts: UnsafePointer(starts + index * Limits.copyBlockRowCount),
            lengths: UnsafePointer(lengths + index * Limits.copyBlockRowCount),
            count: rowCount
        )
    }

    /// Adds the row of `count` bytes at `offset` (MariaDB documentation, "Resultset row", binary): `00`,
    /// a bit per column that is null, beginning with the third, and the values that are not.
    ///
    /// False when its fields do not fill it.
    @inline(__always)
    func append(at offset: Int, count: Int, widths: [MySQLKind.Width]) -> Bool {
        let bitmapByteCount = (columnCount + 9) / 8
        let end = offset + count
        guard count > bitmapByteCount, end <= Int(Int32.max) else { return false }
        let row = bytes + offset
        var position = offset + 1 + bitmapByteCount
        var cell = rowCount
        for column in 0..<columnCount {
            let bit = column + 2
            let mask = row.load(fromByteOffset: 1 + bit / 8, as: UInt8.self)
            var length = -1
            if mask & (1 << UInt8(bit % 8)) == 0 {
                switch widths[column] {
                case .fixed(let width): length = width
                case .byte:
                    guard position < end else { return false }
                    length = Int(bytes.load(fromByteOffset: position, as: UInt8.self))
                    position += 1
                case .prefixed:
                    guard let prefix = prefix(at: position, end: end) else { return false }
                    position += prefix.byteCount
                    length = prefix.value
                }
            }
            starts[cell] = UInt32(truncatingIfNeeded: position)
            lengths[cell] = Int32(truncatingIfNeeded: length)
            cell += Limits.copyBlockRowCount
            position += max(length, 0)
            guard position <= end else { return false }
        }
        guard position == end else { return false }
        rowCount += 1
        return true
    }

    /// A length of one to nine bytes; nil when it leads out of the row.
    @inline(__always)
    private func prefix(at position: Int, end: Int) -> (value: Int, byteCount: Int)? {
        guard position < end else { return nil }
        let first = bytes.load(fromByteOffset: position, as: UInt8.self)
        if first < 0xFB { return (Int(first), 1) }
        let byteCount = first == 0xFC ? 3 : first == 0xFD ? 4 : 9
        guard first != 0xFB, first != 0xFF, position + byteCount <= end else { return nil }
        // The spare bytes behind a row are readable.
        let word = bytes.loadUnaligned(fromByteOffset: position + 1, as: UInt64.self)
        let mask = byteCount == 9 ? UInt64.max : (1 << UInt64(8 * (byteCount - 1))) - 1
        let value = UInt64(littleEndian: word) & mask
        return value > UInt64(end) ? nil : (Int(value), byteCount)
    }
}
