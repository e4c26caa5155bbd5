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
    private var bytes: UnsafeMutableRawPointer
    private var capacity: Int
    private(set) var byteCount = 0
    private(set) var rowCount = 0
    private let starts: UnsafeMutablePointer<UInt32>
    private let lengths: UnsafeMutablePointer<Int32>

    init(columnCount: Int) {
        self.columnCount = columnCount
        capacity = Limits.copyBlockByteCount
        bytes = .allocate(byteCount: capacity + ByteStorage.slack, alignment: 16)
        starts = .allocate(capacity: max(columnCount, 1) * Limits.copyBlockRowCount)
        lengths = .allocate(capacity: max(columnCount, 1) * Limits.copyBlockRowCount)
    }

    deinit {
        bytes.deallocate()
        starts.deallocate()
        lengths.deallocate()
    }

    func removeAll() {
        byteCount = 0
        rowCount = 0
    }

    func column(_ index: Int) -> Column {
        Column(
            bytes: UnsafeRawPointer(bytes),
            starts: UnsafePointer(starts + index * Limits.copyBlockRowCount),
            lengths: UnsafePointer(lengths + index * Limits.copyBlockRowCount),
            count: rowCount
        )
    }

    /// Adds a row (MariaDB documentation, "Resultset row", binary): `00`, a bit per column that is
    /// null, beginning with the third, and the values that are not.
    ///
    /// False when its fields do not fill it.
    @inline(__always)
    func append(_ row: UnsafeRawBufferPointer, widths: [MySQLKind.Width]) -> Bool {
        let bitmapByteCount = (columnCount + 9) / 8
        guard row.count > bitmapByteCount, byteCount + row.count <= Int(Int32.max),
            let source = row.baseAddress
        else { return false }
        reserve(row.count)
        let target = bytes + byteCount
        target.copyMemory(from: source, byteCount: row.count)
        let end = byteCount + row.count
        var position = byteCount + 1 + bitmapByteCount
        var cell = rowCount
        for column in 0..<columnCount {
            let bit = column + 2
            let mask = target.load(fromByteOffset: 1 + bit / 8, as: UInt8.self)
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
        byteCount = end
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
        // The spare bytes behind a block are readable.
        let word = bytes.loadUnaligned(fromByteOffset: position + 1, as: UInt64.self)
        let mask = byteCount == 9 ? UInt64.max : (1 << UInt64(8 * (byteCount - 1))) - 1
        let value = UInt64(littleEndian: word) & mask
        return value > UInt64(end) ? nil : (Int(value), byteCount)
    }

    private func reserve(_ further: Int) {
        guard byteCount + further > capacity else { return }
        capacity = (byteCount + further) * 2
        let larger = UnsafeMutableRawPointer.allocate(
            byteCount: capacity + ByteStorage.slack,
            alignment: 16
        )
        larger.copyMemory(from: bytes, byteCount: byteCount)
        bytes.deallocate()
        bytes = larger
    }
}
