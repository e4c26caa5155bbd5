/// Reads the Thrift compact protocol (thrift, doc/specs/thrift-compact-protocol.md).
///
/// ```
/// field   dddd tttt            delta of the id (0: zigzag id follows), kind
/// list    nnnn tttt            count (15: varint follows), kind
/// number  zigzag varint, binary: varint length and bytes, structure: fields and 0
/// ```
/// The memory must outlive the reader.
struct ThriftReader {
    private let bytes: UnsafeRawBufferPointer
    /// Where the first byte lies in the file, for errors.
    private let origin: Int64
    /// Bytes read.
    private(set) var position = 0

    /// The kind of a value.
    enum Kind: UInt8 {
        case yes = 1
        case no = 2
        case i8 = 3
        case i16 = 4
        case i32 = 5
        case i64 = 6
        case double = 7
        case binary = 8
        case list = 9
        case set = 10
        case map = 11
        case structure = 12
        case uuid = 13
    }

    /// One field of a structure.
    struct FieldHeader {
        let id: Int16
        let kind: Kind
    }

    init(_ bytes: UnsafeRawBufferPointer, origin: Int64) {
        self.bytes = bytes
        self.origin = origin
    }

    /// An error at the place read last.
    func failure(_ code: ParquetError.Code, _ message: String) -> ParquetError {
        ParquetError(code, message, offset: origin + Int64(position))
    }

    private var remaining: Int { bytes.count - position }

    private mutating func byte() throws(ParquetError) -> UInt8 {
        guard position < bytes.count else { throw failure(.truncated, "metadata ends early") }
        defer { position += 1 }
        return bytes[position]
    }

    private mutating func varint() throws(ParquetError) -> UInt64 {
        var value: UInt64 = 0
        var shift: UInt64 = 0
        while true {
            let next = try byte()
            guard shift < 63 || next <= 1 else {
                throw failure(.corrupt, "a number is longer than 64 bits")
            }
            value |= UInt64(next & 0x7F) << shift
            if next < 0x80 { return value }
            shift += 7
        }
    }

    private mutating func zigzag() throws(ParquetError) -> Int64 {
        let value = try varint()
        return Int64(bitPattern: value >> 1) ^ -Int64(bitPattern: value & 1)
    }

    /// The next field of a structure, nil at its end; `lastID` starts at 0.
    mutating func nextField(after lastID: inout Int16) throws(ParquetError) -> FieldHeader? {
        let header = try byte()
        if header == 0 { return nil }
        guard let kind = Kind(rawValue: header & 0x0F) else {
            throw failure(.corrupt, "metadata holds a field of the unknown kind \(header & 0x0F)")
        }
        let delta = Int16(header >> 4)
        let id: Int64 = delta == 0 ? try zigzag() : Int64(lastID) + Int64(delta)
        guard let narrow = Int16(exactly: id) else {
            throw failure(.corrupt, "metadata holds a field with the id \(id)")
        }
        lastID = narrow
        return FieldHeader(id: narrow, kind: kind)
    }

    private func expect(_ kind: Kind, _ wanted: Kind) throws(ParquetError) {
        guard kind == wanted else {
            throw failure(.corrupt, "metadata holds \(kind) where \(wanted) belongs")
        }
    }

    /// The value of a boolean field, which its header holds.
    func boolean(_ field: FieldHeader) throws(ParquetError) -> Bool {
        if field.kind == .yes { return true }
        try expect(field.kind, .no)
        return false
    }

    mutating func int32(_ field: FieldHeader) throws(ParquetError) -> Int32 {
        try expect(field.kind, .i32)
        return try int32Element()
    }

    private mutating func int32Element() throws(ParquetError) -> Int32 {
        let wide = try zigzag()
        guard let value = Int32(exactly: wide) else {
            throw failure(.corrupt, "metadata holds \(wide) where 32 bits belong")
        }
        return value
    }

    /// A count or size of 32 bits, which cannot be negative.
    mutating func count32(_ field: FieldHeader) throws(ParquetError) -> Int {
        let value = try int32(field)
        guard value >= 0 else { throw failure(.corrupt, "metadata holds the count \(value)") }
        return Int(value)
    }

    mutating func int64(_ field: FieldHeader) throws(ParquetError) -> Int64 {
        try expect(field.kind, .i64)
        return try zigzag()
    }

    /// A count, size or offset of 64 bits, which cannot be negative.
    mutating func count64(_ field: FieldHeader) throws(ParquetError) -> Int64 {
        let value = try int64(field)
        guard value >= 0 else { throw failure(.corrupt, "metadata holds the count \(value)") }
        return value
    }

    mutating func int16(_ field: FieldHeader) throws(ParquetError) -> Int16 {
        try expect(field.kind, .i16)
        return Int16(truncatingIfNeeded: try zigzag())
    }

    mutating func int8(_ field: FieldHeader) throws(ParquetError) -> Int8 {
        try expect(field.kind, .i8)
        return Int8(bitPattern: try byte())
    }

    mutating func binary(_ field: FieldHeader) throws(ParquetError) -> [UInt8] {
        try expect(field.kind, .binary)
        return Array(try binaryElement())
    }

    mutating func string(_ field: FieldHeader) throws(ParquetError) -> String {
        try expect(field.kind, .binary)
        return String(decoding: try binaryElement(), as: UTF8.self)
    }

    private mutating func binaryElement() throws(ParquetError) -> Slice<UnsafeRawBufferPointer> {
        let length = try varint()
        guard length <= UInt64(remaining) else { throw failure(.truncated, "metadata ends early") }
        defer { position += Int(length) }
        return bytes[position..<position + Int(length)]
    }

    /// The count and kind of a list; every element takes a byte at least.
    private mutating func listHeader() throws(ParquetError) -> (count: Int, kind: Kind?) {
        let header = try byte()
        let count = header >> 4 == 15 ? try varint() : UInt64(header >> 4)
        guard count <= UInt64(remaining) else { throw failure(.truncated, "metadata ends early") }
        let kind = Kind(rawValue: header & 0x0F)
        guard kind != nil || count == 0 else {
            throw failure(.corrupt, "metadata holds a list of the unknown kind \(header & 0x0F)")
        }
        return (Int(count), kind)
    }

    private mutating func list(
        _ field: FieldHeader,
        of wanted: Kind
    ) throws(ParquetError) -> Int {
        try expect(field.kind, .list)
        let (count, kind) = try listHeader()
        if let kind, count > 0, !(kind == .yes && wanted == .no) { try expect(kind, wanted) }
        return count
    }

    /// A list of structures that `element` reads one by one.
    mutating func structures<Element>(
        _ field: FieldHeader,
        _ element: (inout ThriftReader) throws(ParquetError) -> Element
    ) throws(ParquetError) -> [Element] {
        let count = try list(field, of: .structure)
        var elements: [Element] = []
        for _ in 0..<count { elements.append(try element(&self)) }
        return elements
    }

    mutating func int32List(_ field: FieldHeader) throws(ParquetError) -> [Int32] {
        let count = try list(field, of: .i32)
        var elements: [Int32] = []
        for _ in 0..<count { elements.append(try int32Element()) }
        return elements
    }

    mutating func int64List(_ field: FieldHeader) throws(ParquetError) -> [Int64] {
        let count = try list(field, of: .i64)
        var elements: [Int64] = []
        for _ in 0..<count { elements.append(try zigzag()) }
        return elements
    }

    mutating func booleanList(_ field: FieldHeader) throws(ParquetError) -> [Bool] {
        let count = try list(field, of: .no)
        var elements: [Bool] = []
        for _ in 0..<count { elements.append(try byte() == 1) }
        return elements
    }

    mutating func binaryList(_ field: FieldHeader) throws(ParquetError) -> [[UInt8]] {
        let count = try list(field, of: .binary)
        var elements: [[UInt8]] = []
        for _ in 0..<count { elements.append(Array(try binaryElement())) }
        return elements
    }

    /// Checks that a field holds a structure, whose fields come next.
    func structure(_ field: FieldHeader) throws(ParquetError) {
        try expect(field.kind, .structure)
    }

    /// Passes over the value of a field that is not known here.
    mutating func skip(_ field: FieldHeader) throws(ParquetError) {
        if field.kind == .yes || field.kind == .no { return }
        try skip(field.kind, depth: 0)
    }

    private mutating func skip(_ kind: Kind, depth: Int) throws(ParquetError) {
        guard depth < Limits.thriftDepthMax else {
            throw failure(.tooLarge, "metadata is nested too deeply")
        }
        switch kind {
        case .yes, .no, .i8: _ = try byte()
        case .i16, .i32, .i64: _ = try varint()
        case .double: try advance(8)
        case .uuid: try advance(16)
        case .binary: _ = try binaryElement()
        case .list, .set:
            let (count, element) = try listHeader()
            guard let element else { return }
            for _ in 0..<count { try skip(element, depth: depth + 1) }
        case .map: try skipMap(depth: depth)
        case .structure:
            var last: Int16 = 0
            while let field = try nextField(after: &last) {
                if field.kind == .yes || field.kind == .no { continue }
                try skip(field.kind, depth: depth + 1)
            }
        }
    }

    private mutating func skipMap(depth: Int) throws(ParquetError) {
        let count = try varint()
        guard count > 0 else { return }
        guard count <= UInt64(remaining) else { throw failure(.truncated, "metadata ends early") }
        let kinds = try byte()
        guard let key = Kind(rawValue: kinds >> 4), let value = Kind(rawValue: kinds & 0x0F) else {
            throw failure(.corrupt, "metadata holds a map of an unknown kind")
        }
        for _ in 0..<count {
            try skip(key, depth: depth + 1)
            try skip(value, depth: depth + 1)
        }
    }

    private mutating func advance(_ count: Int) throws(ParquetError) {
        guard count <= remaining else { throw failure(.truncated, "metadata ends early") }
        position += count
    }
}
