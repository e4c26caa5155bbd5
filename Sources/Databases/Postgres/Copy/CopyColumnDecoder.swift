import Columnar
import Streams

/// Decodes the fields of one column of one block: one loop per kind.
enum CopyColumnDecoder {
    /// Seconds from 1970-01-01 to Postgres's zero, 2000-01-01, as days and microseconds.
    static let epochDays: Int32 = 10_957
    static let epochMicroseconds: Int64 = 946_684_800_000_000

    /// Appends all fields to `buffer`, whose type is the column's.
    static func decode(
        _ fields: CopyFields,
        column: CopyColumn,
        counts: inout ConversionCounts,
        into buffer: ColumnBuffer
    ) throws(SourceError) {
        switch column.type {
        case .boolean: try decodeBooleans(fields, column, buffer)
        case .int2:
            try decodeFixed(fields, column, buffer, from: Int16.self, to: Int32.self) { Int32($0) }
        case .int4:
            try decodeFixed(fields, column, buffer, from: Int32.self, to: Int32.self) { $0 }
        case .int8:
            try decodeFixed(fields, column, buffer, from: Int64.self, to: Int64.self) { $0 }
        case .uint4:
            try decodeFixed(fields, column, buffer, from: UInt32.self, to: Int64.self) { Int64($0) }
        case .uint8:
            try decodeFixed(fields, column, buffer, from: UInt64.self, to: Int128.self) {
                Int128($0)
            }
        case .float4:
            try decodeFixed(fields, column, buffer, from: UInt32.self, to: UInt32.self) { $0 }
        case .float8:
            try decodeFixed(fields, column, buffer, from: UInt64.self, to: UInt64.self) { $0 }
        case .money:
            try decodeFixed(fields, column, buffer, from: Int64.self, to: Int128.self) {
                Int128($0)
            }
        case .text where column.validatesText:
            try decodeUnsureText(fields, column, &counts, buffer)
        case .text, .bytes: decodeBytes(fields, buffer)
        case .date: try decodeInstants(fields, column, &counts, buffer, epoch: epochDays, lakeDate)
        case .timestamp, .timestamptz:
            try decodeInstants(
                fields,
                column,
                &counts,
                buffer,
                epoch: epochMicroseconds,
                lakeTimestamp
            )
        case .uuid: try decodeUUIDs(fields, column, buffer)
        case .numeric(let precision, let scale):
            try CopyNumericDecoder.decode(
                fields,
                column,
                &counts,
                buffer,
                precision: precision,
                scale: scale
            )
        case .versionedText, .interval, .array, .composite, .hstore:
            try decodeNested(fields, column, &counts, buffer)
        }
    }

    private static func decodeNested(
        _ fields: CopyFields,
        _ column: CopyColumn,
        _ counts: inout ConversionCounts,
        _ buffer: ColumnBuffer
    ) throws(SourceError) {
        for index in 0..<fields.count {
            let length = Int(fields.length(index))
            guard length >= 0 else {
                buffer.appendNull()
                continue
            }
            try CopyValueDecoder.append(
                UnsafeRawBufferPointer(start: fields.start(index), count: length),
                type: column.type,
                column: column,
                counts: &counts,
                to: buffer
            )
        }
    }

    static func wrongLength(_ column: CopyColumn, _ length: Int) -> SourceError {
        CopyDecoder.malformed("column \(column.name): a value of \(length) bytes")
    }

    /// Numbers of a fixed width, big-endian on the wire.
    ///
    /// The first loop takes it that none is null and has no branch; where that was wrong, the second
    /// one does the block again with care.
    @inline(__always)
    private static func decodeFixed<Wire: FixedWidthInteger, Value: FixedWidthInteger>(
        _ fields: CopyFields,
        _ column: CopyColumn,
        _ buffer: ColumnBuffer,
        from wire: Wire.Type,
        to value: Value.Type,
        _ convert: (Wire) -> Value
    ) throws(SourceError) {
        let slots = buffer.reserveFixed(rows: fields.count)
        let values = slots.values.assumingMemoryBound(to: Value.self)
        let width = Int32(Wire.bitWidth / 8)
        var difference: Int32 = 0
        for index in 0..<fields.count {
            let start = fields.start(index)
            difference |= CopyFields.length(before: start) ^ width
            values[index] = convert(Wire(bigEndian: start.loadUnaligned(as: Wire.self)))
        }
        guard difference != 0 else {
            slots.validity.update(repeating: 1, count: fields.count)
            buffer.commitFixed(rows: fields.count, nulls: 0)
            return
        }
        var nulls = 0
        for index in 0..<fields.count {
            let length = fields.length(index)
            guard length == width || length == -1 else { throw wrongLength(column, Int(length)) }
            let isNull = length == -1
            if isNull { values[index] = 0 }
            slots.validity[index] = isNull ? 0 : 1
            nulls &+= isNull ? 1 : 0
        }
        buffer.commitFixed(rows: fields.count, nulls: nulls)
    }

    private static func decodeBooleans(
        _ fields: CopyFields,
        _ column: CopyColumn,
        _ buffer: ColumnBuffer
    ) throws(SourceError) {
        try decodeFixed(fields, column, buffer, from: UInt8.self, to: UInt8.self) {
            $0 == 0 ? 0 : 1
        }
    }

    private static func decodeBytes(_ fields: CopyFields, _ buffer: ColumnBuffer) {
        var byteCount = 0
        for index in 0..<fields.count { byteCount &+= Int(max(fields.length(index), 0)) }
        // A copy in whole steps spills over its end: into the next value or the spare bytes.
        let slots = buffer.reserveVariable(rows: fields.count, byteCount: byteCount + copyStep)
        var end = Int(slots.firstOffset)
        var target = UnsafeMutableRawPointer(slots.bytes)
        var nulls = 0
        for index in 0..<fields.count {
            let start = fields.start(index)
            let length = Int(CopyFields.length(before: start))
            let isNull = length < 0
            if length <= copyStep * 4 {
                var offset = 0
                while offset < length {
                    let step = start.loadUnaligned(fromByteOffset: offset, as: UInt128.self)
                    target.storeBytes(of: step, toByteOffset: offset, as: UInt128.self)
                    offset &+= copyStep
                }
            } else {
                target.copyMemory(from: start, byteCount: length)
            }
            let kept = isNull ? 0 : length
            target += kept
            end &+= kept
            slots.validity[index] = isNull ? 0 : 1
            nulls &+= isNull ? 1 : 0
            slots.ends[index] = UInt32(truncatingIfNeeded: end)
        }
        buffer.commitVariable(rows: fields.count, byteCount: byteCount, nulls: nulls)
    }

    /// Bytes copied at a time of short values; at most `ByteStorage.slack`.
    private static let copyStep = 16

    /// Text of a database without an encoding: each value is checked.
    private static func decodeUnsureText(
        _ fields: CopyFields,
        _ column: CopyColumn,
        _ counts: inout ConversionCounts,
        _ buffer: ColumnBuffer
    ) throws(SourceError) {
        for index in 0..<fields.count {
            let length = Int(fields.length(index))
            guard length >= 0 else {
                buffer.appendNull()
                continue
            }
            try CopyValueDecoder.appendText(
                UnsafeRawBufferPointer(start: fields.start(index), count: length),
                column: column,
                counts: &counts,
                to: buffer
            )
        }
    }

    /// Dates and timestamps: numbers of which some have no place in the lake.
    ///
    /// Almost every value is only shifted by `epoch`; a block with a null, an infinity or a value
    /// the shift would overflow is done again with care.
    @inline(__always)
    private static func decodeInstants<Wire: FixedWidthInteger>(
        _ fields: CopyFields,
        _ column: CopyColumn,
        _ counts: inout ConversionCounts,
        _ buffer: ColumnBuffer,
        epoch: Wire,
        _ convert: (Wire, CopyColumn, inout ConversionCounts) throws(SourceError) -> Wire?
    ) throws(SourceError) {
        let slots = buffer.reserveFixed(rows: fields.count)
        let values = slots.values.assumingMemoryBound(to: Wire.self)
        let width = Int32(Wire.bitWidth / 8)
        var difference: Int32 = 0
        var isPlain = true
        for index in 0..<fields.count {
            let start = fields.start(index)
            difference |= CopyFields.length(before: start) ^ width
            let word = Wire(bigEndian: start.loadUnaligned(as: Wire.self))
            isPlain = isPlain && word != .min && word <= .max &- epoch
            values[index] = word &+ epoch
        }
        guard difference != 0 || !isPlain else {
            slots.validity.update(repeating: 1, count: fields.count)
            buffer.commitFixed(rows: fields.count, nulls: 0)
            return
        }
        var nulls = 0
        for index in 0..<fields.count {
            let start = fields.start(index)
            let length = CopyFields.length(before: start)
            guard length == width || length == -1 else { throw wrongLength(column, Int(length)) }
            var value: Wire?
            if length == width {
                let word = start.loadUnaligned(as: Wire.self)
                value = try convert(Wire(bigEndian: word), column, &counts)
            }
            values[index] = value ?? 0
            slots.validity[index] = value == nil ? 0 : 1
            nulls &+= value == nil ? 1 : 0
        }
        buffer.commitFixed(rows: fields.count, nulls: nulls)
    }

    /// A date as days since 1970.
    ///
    /// The infinities are the ends of the 32-bit range; clamped they become the first and last day
    /// that every engine can show.
    @inline(__always)
    static func lakeDate(
        _ days: Int32,
        _ column: CopyColumn,
        _ counts: inout ConversionCounts
    ) throws(SourceError) -> Int32? {
        if days == .max || days == .min {
            let clamps = column.policy == .clamp
            try counts.add(.infinite, clamps ? .clamped : .null, column: column)
            return clamps ? (days == .max ? 2_932_896 : -719_162) : nil
        }
        // Postgres's last date, 5874897-12-31, is far inside 32 bits.
        return days &+ epochDays
    }

    /// A timestamp as microseconds since 1970.
    @inline(__always)
    static func lakeTimestamp(
        _ ticks: Int64,
        _ column: CopyColumn,
        _ counts: inout ConversionCounts
    ) throws(SourceError) -> Int64? {
        let (shifted, overflow) = ticks.addingReportingOverflow(epochMicroseconds)
        if ticks == .max || ticks == .min || overflow {
            let clamps = column.policy == .clamp
            try counts.add(
                ticks == .max || ticks == .min ? .infinite : .outOfRange,
                clamps ? .clamped : .null,
                column: column
            )
            guard clamps else { return nil }
            return ticks == .min ? -62_135_596_800_000_000 : 253_402_300_799_999_999
        }
        return shifted
    }

    private static func decodeUUIDs(
        _ fields: CopyFields,
        _ column: CopyColumn,
        _ buffer: ColumnBuffer
    ) throws(SourceError) {
        let slots = buffer.reserveFixed(rows: fields.count)
        var nulls = 0
        for index in 0..<fields.count {
            let length = fields.length(index)
            let target = slots.values + index * 16
            if length == 16 {
                target.copyMemory(from: fields.start(index), byteCount: 16)
                slots.validity[index] = 1
            } else if length == -1 {
                target.initializeMemory(as: UInt8.self, repeating: 0, count: 16)
                slots.validity[index] = 0
                nulls += 1
            } else {
                throw wrongLength(column, Int(length))
            }
        }
        buffer.commitFixed(rows: fields.count, nulls: nulls)
    }
}
