/// The Parquet file of one deleted position, laid out by hand.
///
/// pyiceberg asks for the paths of delete files as a dictionary, which Arrow cannot make of
/// DELTA_LENGTH_BYTE_ARRAY: what the writer of data files chooses for a single text. Here both
/// columns are PLAIN and not compressed.
///
/// ```
/// PAR1 | page of file_path | page of pos | footer | footer length | PAR1
/// ```
struct SinglePositionFile {
    /// The file.
    private(set) var bytes = Array("PAR1".utf8)
    /// Bytes of the pages of each column.
    private(set) var columnByteCounts: [Int] = []

    private enum PhysicalType {
        static let int64 = 2
        static let byteArray = 6
    }

    init(path: String, position: Int64) {
        let path = Array(path.utf8)
        let pathStart = bytes.count
        append(page: Self.littleEndian(UInt32(path.count)) + path)
        let positionStart = bytes.count
        append(page: Self.littleEndian(UInt64(bitPattern: position)))
        let starts = [pathStart, positionStart]
        columnByteCounts = [positionStart - pathStart, bytes.count - positionStart]
        let counts = columnByteCounts
        var footer = CompactThrift()
        footer.structure { file in
            file.field(1, 1)
            file.list(2, count: 3) { index, element in Self.schema(index, &element) }
            file.field(3, long: 1)
            file.list(4, count: 1) { _, group in
                group.list(1, count: 2) { index, chunk in
                    chunk.field(2, long: starts[index])
                    chunk.field(3) { Self.column(index, starts[index], counts[index], &$0) }
                }
                group.field(2, long: counts.reduce(0, +))
                group.field(3, long: 1)
            }
        }
        bytes += footer.bytes
        bytes += Self.littleEndian(UInt32(footer.bytes.count)) + Array("PAR1".utf8)
    }

    private static func littleEndian(_ value: some FixedWidthInteger) -> [UInt8] {
        withUnsafeBytes(of: value.littleEndian) { Array($0) }
    }

    /// A data page of one required value.
    private mutating func append(page body: [UInt8]) {
        var header = CompactThrift()
        header.structure { page in
            page.field(1, 0)
            page.field(2, body.count)
            page.field(3, body.count)
            page.field(5) { data in
                data.field(1, 1)
                data.field(2, 0)
                // Levels of no bits, as RLE.
                data.field(3, 3)
                data.field(4, 3)
            }
        }
        bytes += header.bytes + body
    }

    private static let names = ["file_path", "pos"]

    private static func schema(_ index: Int, _ element: inout CompactThrift) {
        guard index > 0 else {
            element.field(4, text: "table")
            element.field(5, 2)
            return
        }
        element.field(1, index == 1 ? PhysicalType.byteArray : PhysicalType.int64)
        element.field(3, 0)
        element.field(4, text: names[index - 1])
        if index == 1 { element.field(6, 0) }
        element.field(9, index == 1 ? PositionDeletes.pathID : PositionDeletes.positionID)
        // A union of logical types, whose first is the empty structure of text.
        if index == 1 { element.field(10) { $0.field(1) { _ in } } }
    }

    private static func column(
        _ index: Int,
        _ start: Int,
        _ byteCount: Int,
        _ column: inout CompactThrift
    ) {
        column.field(1, index == 0 ? PhysicalType.byteArray : PhysicalType.int64)
        column.field(2, numbers: [0])
        column.field(3, texts: [names[index]])
        column.field(4, 0)
        column.field(5, long: 1)
        column.field(6, long: byteCount)
        column.field(7, long: byteCount)
        column.field(9, long: start)
    }
}

/// Structures in Thrift's compact protocol, as far as this file needs them.
private struct CompactThrift {
    var bytes: [UInt8] = []
    private var lastID = 0

    private mutating func varint(_ value: UInt64) {
        var value = value
        while value >= 0x80 {
            bytes.append(UInt8(truncatingIfNeeded: value) | 0x80)
            value >>= 7
        }
        bytes.append(UInt8(value))
    }

    private mutating func zigzag(_ value: Int) {
        varint(UInt64(bitPattern: Int64(value << 1 ^ value >> 63)))
    }

    /// Fields come in rising order, at most 15 apart.
    private mutating func header(_ id: Int, _ kind: UInt8) {
        bytes.append(UInt8(id - lastID) << 4 | kind)
        lastID = id
    }

    mutating func structure(_ body: (inout CompactThrift) -> Void) {
        let outer = lastID
        lastID = 0
        body(&self)
        bytes.append(0)
        lastID = outer
    }

    mutating func field(_ id: Int, _ value: Int) {
        header(id, 5)
        zigzag(value)
    }

    mutating func field(_ id: Int, long value: Int) {
        header(id, 6)
        zigzag(value)
    }

    private mutating func append(_ text: String) {
        varint(UInt64(text.utf8.count))
        bytes += Array(text.utf8)
    }

    mutating func field(_ id: Int, text: String) {
        header(id, 8)
        append(text)
    }

    mutating func field(_ id: Int, _ body: (inout CompactThrift) -> Void) {
        header(id, 12)
        structure(body)
    }

    mutating func field(_ id: Int, numbers: [Int]) {
        header(id, 9)
        bytes.append(UInt8(numbers.count) << 4 | 5)
        for number in numbers { zigzag(number) }
    }

    mutating func field(_ id: Int, texts: [String]) {
        header(id, 9)
        bytes.append(UInt8(texts.count) << 4 | 8)
        for text in texts { append(text) }
    }

    /// A list of fewer than 15 structures.
    mutating func list(_ id: Int, count: Int, _ body: (Int, inout CompactThrift) -> Void) {
        header(id, 9)
        bytes.append(UInt8(count) << 4 | 12)
        for index in 0..<count { structure { body(index, &$0) } }
    }
}
