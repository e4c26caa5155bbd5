import Columnar
import Streams

/// Decodes one value at a time: the members of arrays, composites and maps.
enum CopyValueDecoder {
    /// Appends one present value to `buffer`.
    static func append(
        _ bytes: UnsafeRawBufferPointer,
        type: CopyType,
        column: CopyColumn,
        counts: inout ConversionCounts,
        to buffer: ColumnBuffer
    ) throws(SourceError) {
        switch type {
        case .versionedText:
            guard bytes.first == 1 else {
                throw CopyDecoder.malformed("column \(column.name): jsonb of an unknown version")
            }
            buffer.append(UnsafeRawBufferPointer(rebasing: bytes.dropFirst()))
        case .interval: try appendInterval(bytes, column: column, to: buffer)
        case .text where column.validatesText:
            try appendText(bytes, column: column, counts: &counts, to: buffer)
        case .array(let element):
            try appendArray(bytes, element: element, column: column, counts: &counts, to: buffer)
        case .composite(let members):
            try appendComposite(
                bytes,
                members: members,
                column: column,
                counts: &counts,
                to: buffer
            )
        case .hstore: try appendHstore(bytes, column: column, to: buffer)
        default:
            // The loop of the column's kind, over one field; its length stands before it, as every
            // member's does.
            guard let base = bytes.baseAddress, bytes.count <= Int(Int32.max) else {
                throw CopyDecoder.malformed("column \(column.name): a value without bytes")
            }
            let single = CopyColumn(name: column.name, type: type, policy: column.policy)
            try withUnsafePointer(to: UInt32(0)) { start throws(SourceError) in
                try CopyColumnDecoder.decode(
                    CopyFields(bytes: base, starts: start, count: 1),
                    column: single,
                    counts: &counts,
                    into: buffer
                )
            }
        }
    }

    /// ```
    /// interval := microseconds(8) days(4) months(4)
    /// ```
    private static func appendInterval(
        _ bytes: UnsafeRawBufferPointer,
        column: CopyColumn,
        to buffer: ColumnBuffer
    ) throws(SourceError) {
        guard bytes.count == 16 else { throw CopyColumnDecoder.wrongLength(column, bytes.count) }
        let interval = PostgresInterval(
            microseconds: Int64(bigEndian: bytes.loadUnaligned(as: Int64.self)),
            days: Int32(bigEndian: bytes.loadUnaligned(fromByteOffset: 8, as: Int32.self)),
            months: Int32(bigEndian: bytes.loadUnaligned(fromByteOffset: 12, as: Int32.self))
        )
        buffer.append(interval.text)
    }

    /// Appends text whose bytes may be no UTF-8.
    static func appendText(
        _ bytes: UnsafeRawBufferPointer,
        column: CopyColumn,
        counts: inout ConversionCounts,
        to buffer: ColumnBuffer
    ) throws(SourceError) {
        if String(validating: bytes, as: UTF8.self) != nil {
            buffer.append(bytes)
        } else if column.policy == .clamp {
            try counts.add(.invalidText, .clamped, column: column)
            buffer.append(String(decoding: bytes, as: UTF8.self))
        } else {
            try counts.add(.invalidText, .null, column: column)
            buffer.appendNull()
        }
    }

    /// ```
    /// array := dimensions(4) has nulls(4) element oid(4) (length(4) lower bound(4))*  element*
    /// ```
    private static func appendArray(
        _ bytes: UnsafeRawBufferPointer,
        element: CopyType,
        column: CopyColumn,
        counts: inout ConversionCounts,
        to buffer: ColumnBuffer
    ) throws(SourceError) {
        var reader = CopyReader(bytes, column: column.name)
        let dimensions = try reader.int32()
        _ = try reader.int32()
        _ = try reader.int32()
        if dimensions == 0 {
            buffer.appendList()
            return
        }
        guard dimensions == 1 else {
            guard dimensions > 0, dimensions <= 6 else { throw reader.malformed }
            try counts.add(.dimensions, .null, column: column)
            buffer.appendNull()
            return
        }
        let count = try reader.int32()
        if try reader.int32() != 1 { try counts.add(.lowerBound, .kept, column: column) }
        // Each element takes at least its length.
        guard count >= 0, Int(count) <= bytes.count / 4 else { throw reader.malformed }
        for _ in 0..<count {
            if let value = try reader.field() {
                try append(
                    value,
                    type: element,
                    column: column,
                    counts: &counts,
                    to: buffer.children[0]
                )
            } else {
                buffer.children[0].appendNull()
            }
        }
        guard reader.isAtEnd else { throw reader.malformed }
        buffer.appendList()
    }

    /// ```
    /// composite := member count(4) (oid(4) field)*
    /// ```
    private static func appendComposite(
        _ bytes: UnsafeRawBufferPointer,
        members: [CopyType.Member],
        column: CopyColumn,
        counts: inout ConversionCounts,
        to buffer: ColumnBuffer
    ) throws(SourceError) {
        var reader = CopyReader(bytes, column: column.name)
        guard Int(try reader.int32()) == members.count else { throw reader.malformed }
        for (member, child) in zip(members, buffer.children) {
            _ = try reader.int32()
            if let value = try reader.field() {
                try append(value, type: member.type, column: column, counts: &counts, to: child)
            } else {
                child.appendNull()
            }
        }
        guard reader.isAtEnd else { throw reader.malformed }
        buffer.appendStructure()
    }

    /// ```
    /// hstore := pair count(4) (key length(4) key  value length(4) value | -1(4))*
    /// ```
    private static func appendHstore(
        _ bytes: UnsafeRawBufferPointer,
        column: CopyColumn,
        to buffer: ColumnBuffer
    ) throws(SourceError) {
        var reader = CopyReader(bytes, column: column.name)
        let entries = buffer.children[0]
        let count = try reader.int32()
        guard count >= 0, Int(count) <= bytes.count / 8 else { throw reader.malformed }
        for _ in 0..<count {
            guard let key = try reader.field() else { throw reader.malformed }
            entries.children[0].append(key)
            if let value = try reader.field() {
                entries.children[1].append(value)
            } else {
                entries.children[1].appendNull()
            }
            entries.appendStructure()
        }
        guard reader.isAtEnd else { throw reader.malformed }
        buffer.appendList()
    }
}

/// Reads the parts of one nested value; every step is checked.
struct CopyReader {
    private let bytes: UnsafeRawBufferPointer
    private let column: String
    private var position = 0

    init(_ bytes: UnsafeRawBufferPointer, column: String) {
        self.bytes = bytes
        self.column = column
    }

    var isAtEnd: Bool { position == bytes.count }

    var malformed: SourceError {
        CopyDecoder.malformed("column \(column): a nested value is broken")
    }

    mutating func int32() throws(SourceError) -> Int32 {
        guard bytes.count - position >= 4 else { throw malformed }
        defer { position += 4 }
        return Int32(bigEndian: bytes.loadUnaligned(fromByteOffset: position, as: Int32.self))
    }

    /// A length and as many bytes; nil for a null.
    mutating func field() throws(SourceError) -> UnsafeRawBufferPointer? {
        let length = Int(try int32())
        if length == -1 { return nil }
        guard length >= 0, bytes.count - position >= length else { throw malformed }
        defer { position += length }
        return UnsafeRawBufferPointer(rebasing: bytes[position..<position + length])
    }
}
