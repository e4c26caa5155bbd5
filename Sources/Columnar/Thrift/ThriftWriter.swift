/// Writes the Thrift compact protocol (thrift, doc/specs/thrift-compact-protocol.md), as far as
/// Parquet's page headers and footers need it.
///
/// Fields are written in rising order of their ids; `structure` nests.
struct ThriftWriter {
    private(set) var bytes: [UInt8] = []
    private var lastFieldID: Int16 = 0

    private enum Kind: UInt8 {
        case booleanTrue = 1
        case booleanFalse = 2
        case i32 = 5
        case i64 = 6
        case binary = 8
        case list = 9
        case structure = 12
    }

    private mutating func header(_ id: Int16, _ kind: Kind) {
        let delta = id - lastFieldID
        if (1...15).contains(delta) {
            bytes.append(UInt8(delta) << 4 | kind.rawValue)
        } else {
            bytes.append(kind.rawValue)
            zigzag(Int64(id))
        }
        lastFieldID = id
    }

    private mutating func varint(_ value: UInt64) {
        var rest = value
        while rest >= 0x80 {
            bytes.append(UInt8(truncatingIfNeeded: rest) | 0x80)
            rest >>= 7
        }
        bytes.append(UInt8(truncatingIfNeeded: rest))
    }

    private mutating func zigzag(_ value: Int64) {
        varint(UInt64(bitPattern: (value << 1) ^ (value >> 63)))
    }

    /// Writes a boolean field.
    mutating func field(_ id: Int16, _ value: Bool) {
        header(id, value ? .booleanTrue : .booleanFalse)
    }

    /// Writes an `i32` field.
    mutating func field(_ id: Int16, _ value: Int32) {
        header(id, .i32)
        zigzag(Int64(value))
    }

    /// Writes an `i64` field.
    mutating func field(_ id: Int16, _ value: Int64) {
        header(id, .i64)
        zigzag(value)
    }

    /// Writes a binary field.
    mutating func field(_ id: Int16, _ value: some Collection<UInt8>) {
        header(id, .binary)
        varint(UInt64(value.count))
        bytes.append(contentsOf: value)
    }

    /// Writes a string field.
    mutating func field(_ id: Int16, _ value: String) {
        field(id, value.utf8)
    }

    /// Writes a structure field whose fields `body` writes.
    mutating func structure(_ id: Int16, _ body: (inout ThriftWriter) -> Void) {
        header(id, .structure)
        element(body)
    }

    /// Writes the fields of a structure and its end, without a field header: list elements and
    /// the outermost structure.
    mutating func element(_ body: (inout ThriftWriter) -> Void) {
        let outer = lastFieldID
        lastFieldID = 0
        body(&self)
        bytes.append(0)
        lastFieldID = outer
    }

    private mutating func listHeader(_ id: Int16, count: Int, kind: Kind) {
        header(id, .list)
        if count < 15 {
            bytes.append(UInt8(count) << 4 | kind.rawValue)
        } else {
            bytes.append(0xF0 | kind.rawValue)
            varint(UInt64(count))
        }
    }

    /// Writes a list of structures.
    mutating func list<Element>(
        _ id: Int16,
        _ elements: [Element],
        _ body: (Element, inout ThriftWriter) -> Void
    ) {
        listHeader(id, count: elements.count, kind: .structure)
        for value in elements { element { body(value, &$0) } }
    }

    /// Writes a list of `i32`.
    mutating func list(_ id: Int16, _ elements: [Int32]) {
        listHeader(id, count: elements.count, kind: .i32)
        for value in elements { zigzag(Int64(value)) }
    }

    /// Writes a list of `i64`.
    mutating func list(_ id: Int16, _ elements: [Int64]) {
        listHeader(id, count: elements.count, kind: .i64)
        for value in elements { zigzag(value) }
    }

    /// Writes a list of strings.
    mutating func list(_ id: Int16, _ elements: [String]) {
        list(id, elements.map { Array($0.utf8) })
    }

    /// Writes a list of binaries.
    mutating func list(_ id: Int16, _ elements: [[UInt8]]) {
        listHeader(id, count: elements.count, kind: .binary)
        for value in elements {
            varint(UInt64(value.count))
            bytes.append(contentsOf: value)
        }
    }

    /// Writes a list of booleans, one byte each.
    mutating func list(_ id: Int16, _ elements: [Bool]) {
        listHeader(id, count: elements.count, kind: .booleanFalse)
        for value in elements { bytes.append(value ? 1 : 2) }
    }
}
