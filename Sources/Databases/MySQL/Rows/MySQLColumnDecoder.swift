import Columnar
import Streams

/// Decodes the fields of one column of one block: one loop per kind.
enum MySQLColumnDecoder {
    /// Appends all fields to `buffer`, whose type is the column's.
    static func decode(
        _ fields: MySQLFields.Column,
        column: MySQLColumn,
        counts: inout ConversionCounts,
        into buffer: ColumnBuffer
    ) throws(SourceError) {
        switch column.kind {
        case .int1(let isUnsigned):
            fixed(fields, buffer, from: UInt8.self, to: Int32.self) {
                isUnsigned ? Int32($0) : Int32(Int8(bitPattern: $0))
            }
        case .int2(let isUnsigned):
            fixed(fields, buffer, from: UInt16.self, to: Int32.self) {
                isUnsigned ? Int32($0) : Int32(Int16(bitPattern: $0))
            }
        case .int4(isUnsigned: false), .float4:
            fixed(fields, buffer, from: UInt32.self, to: UInt32.self) { $0 }
        case .int4(isUnsigned: true):
            fixed(fields, buffer, from: UInt32.self, to: Int64.self) { Int64($0) }
        case .int8(isUnsigned: false), .float8:
            fixed(fields, buffer, from: UInt64.self, to: UInt64.self) { $0 }
        case .int8(isUnsigned: true):
            fixed(fields, buffer, from: UInt64.self, to: Int128.self) { Int128($0) }
        case .decimal(let precision, let scale):
            let digits = Digits(precision: precision, scale: scale)
            switch buffer.storage {
            case .fixed(width: 4): try decimals(fields, column, buffer, digits, to: Int32.self)
            case .fixed(width: 8): try decimals(fields, column, buffer, digits, to: Int64.self)
            default: try decimals(fields, column, buffer, digits, to: Int128.self)
            }
        case .text: try texts(fields, column, &counts, buffer)
        case .bytes: bytes(fields, buffer)
        case .bits(1): try bits(fields, column, buffer, to: UInt8.self)
        case .bits(64): try bits(fields, column, buffer, to: Int128.self)
        case .bits: try bits(fields, column, buffer, to: Int64.self)
        case .date:
            try moments(fields, column, &counts, buffer, to: Int32.self, length: 4) { start in
                MySQLMoment.days(start).map { Int32(truncatingIfNeeded: $0) }
            }
        case .timestamp, .timestamptz:
            try moments(fields, column, &counts, buffer, to: Int64.self, length: 11) { start in
                MySQLMoment.microseconds(start)
            }
        case .uuid: try uuids(fields, column, buffer)
        }
    }

    private static func wrong(_ column: MySQLColumn, _ length: Int32) -> SourceError {
        MySQLRowBlock.malformed("column \(column.name): a value of \(length) bytes")
    }

    /// Numbers of a fixed width, little-endian; where a value is null, the bytes there are others'.
    @inline(__always)
    private static func fixed<Wire: FixedWidthInteger, Value: FixedWidthInteger>(
        _ fields: MySQLFields.Column,
        _ buffer: ColumnBuffer,
        from wire: Wire.Type,
        to value: Value.Type,
        _ convert: (Wire) -> Value
    ) {
        let slots = buffer.reserveFixed(rows: fields.count)
        let values = slots.values.assumingMemoryBound(to: Value.self)
        var nulls = 0
        for index in 0..<fields.count {
            let isNull = fields.lengths[index] < 0
            let word = Wire(littleEndian: fields.start(index).loadUnaligned(as: Wire.self))
            values[index] = isNull ? 0 : convert(word)
            slots.validity[index] = isNull ? 0 : 1
            nulls &+= isNull ? 1 : 0
        }
        buffer.commitFixed(rows: fields.count, nulls: nulls)
    }

    // MARK: Decimals

    /// What all values of a column have in common.
    private struct Digits {
        let precision: Int
        let scale: Int
        /// What up to 18 digits stay below.
        let end: Int64

        init(precision: Int, scale: Int) {
            self.precision = precision
            self.scale = scale
            end = Int64(truncatingIfNeeded: DecimalText.power(min(precision, 18)))
        }
    }

    /// The server writes as many digits behind the point as the column has.
    @inline(__always)
    private static func decimals<Number: FixedWidthInteger & SignedInteger>(
        _ fields: MySQLFields.Column,
        _ column: MySQLColumn,
        _ buffer: ColumnBuffer,
        _ digits: Digits,
        to number: Number.Type
    ) throws(SourceError) {
        let slots = buffer.reserveFixed(rows: fields.count)
        let values = slots.values.assumingMemoryBound(to: Number.self)
        var nulls = 0
        for index in 0..<fields.count {
            let length = Int(fields.lengths[index])
            guard length >= 0 else {
                values[index] = 0
                slots.validity[index] = 0
                nulls &+= 1
                continue
            }
            let start = fields.start(index)
            slots.validity[index] = 1
            if length <= 19, let small = small(start, length: length, scale: digits.scale),
                small > -digits.end, small < digits.end
            {
                values[index] = Number(truncatingIfNeeded: small)
                continue
            }
            let text = UnsafeRawBufferPointer(start: start, count: length)
            guard
                let value = DecimalText.unscaled(
                    text,
                    precision: digits.precision,
                    scale: digits.scale
                )
            else { throw wrong(column, Int32(length)) }
            values[index] = Number(truncatingIfNeeded: value)
        }
        buffer.commitFixed(rows: fields.count, nulls: nulls)
    }

    /// Up to 18 digits with exactly `scale` of them behind the point; nil for anything else.
    @inline(__always)
    private static func small(_ start: UnsafeRawPointer, length: Int, scale: Int) -> Int64? {
        let text = start.assumingMemoryBound(to: UInt8.self)
        let isNegative = length > 0 && text[0] == UInt8(ascii: "-")
        var value: Int64 = 0
        let first = isNegative ? 1 : 0
        let point = scale > 0 ? length &- scale &- 1 : length
        guard point > first, length &- first <= 18 else { return nil }
        var excess: UInt8 = 0
        for place in first..<point {
            let digit = text[place] &- UInt8(ascii: "0")
            excess |= digit > 9 ? 1 : 0
            value = value &* 10 &+ Int64(digit)
        }
        if scale > 0 {
            guard text[point] == UInt8(ascii: ".") else { return nil }
            for place in point &+ 1..<length {
                let digit = text[place] &- UInt8(ascii: "0")
                excess |= digit > 9 ? 1 : 0
                value = value &* 10 &+ Int64(digit)
            }
        }
        guard excess == 0 else { return nil }
        return isNegative ? -value : value
    }

    // MARK: Texts and bytes

    /// Bytes copied at a time of short values; at most `ByteStorage.slack`.
    private static let copyStep = 16

    /// By length up to `copyStep`: the first bits of so many bytes, which are set in what is not ASCII.
    private static let firstBits: [UInt128] = (0...copyStep).map { length in
        let all = UInt128(0x8080_8080_8080_8080) << 64 | 0x8080_8080_8080_8080
        return UInt128(littleEndian: length == copyStep ? all : all & (1 << (8 * length) - 1))
    }

    private static func bytes(_ fields: MySQLFields.Column, _ buffer: ColumnBuffer) {
        _ = copy(fields, buffer) { true }
    }

    /// Copies all values, and adds them to the buffer where they are ASCII or `isWelcome` otherwise.
    @inline(__always)
    private static func copy(
        _ fields: MySQLFields.Column,
        _ buffer: ColumnBuffer,
        _ isWelcome: () -> Bool
    ) -> Bool {
        var byteCount = 0
        for index in 0..<fields.count { byteCount &+= Int(max(fields.lengths[index], 0)) }
        // A copy in whole steps spills over its end: into the next value or the spare bytes.
        let slots = buffer.reserveVariable(rows: fields.count, byteCount: byteCount + copyStep)
        var end = Int(slots.firstOffset)
        var target = UnsafeMutableRawPointer(slots.bytes)
        var nulls = 0
        var seen: UInt128 = 0
        firstBits.withUnsafeBufferPointer { masks in
            for index in 0..<fields.count {
                let start = fields.start(index)
                let length = Int(fields.lengths[index])
                if length <= copyStep * 4 {
                    var offset = 0
                    while offset < length {
                        let step = start.loadUnaligned(fromByteOffset: offset, as: UInt128.self)
                        target.storeBytes(of: step, toByteOffset: offset, as: UInt128.self)
                        seen |= step & masks[min(length &- offset, copyStep)]
                        offset &+= copyStep
                    }
                } else {
                    target.copyMemory(from: start, byteCount: length)
                    // Long values are looked at by themselves.
                    seen = .max
                }
                let kept = max(length, 0)
                target += kept
                end &+= kept
                slots.validity[index] = length < 0 ? 0 : 1
                nulls &+= length < 0 ? 1 : 0
                slots.ends[index] = UInt32(truncatingIfNeeded: end)
            }
        }
        guard seen == 0 || isWelcome() else { return false }
        buffer.commitVariable(rows: fields.count, byteCount: byteCount, nulls: nulls)
        return true
    }

    /// Text as the connection's character set has it: UTF-8, unless the server holds what is none.
    private static func texts(
        _ fields: MySQLFields.Column,
        _ column: MySQLColumn,
        _ counts: inout ConversionCounts,
        _ buffer: ColumnBuffer
    ) throws(SourceError) {
        let isCopied = copy(fields, buffer) {
            (0..<fields.count).allSatisfy { index in
                let length = Int(fields.lengths[index])
                return length <= 0
                    || UTF8Text.isValid(
                        UnsafeRawBufferPointer(start: fields.start(index), count: length)
                    )
            }
        }
        if isCopied { return }
        for index in 0..<fields.count {
            let length = Int(fields.lengths[index])
            let text = UnsafeRawBufferPointer(start: fields.start(index), count: max(length, 0))
            if length >= 0, UTF8Text.isValid(text) {
                buffer.append(text)
                continue
            }
            if length >= 0 {
                try counts.add(.invalidText, .null, name: column.name, policy: column.policy)
            }
            buffer.appendNull()
        }
    }

    private static func bits<Value: FixedWidthInteger>(
        _ fields: MySQLFields.Column,
        _ column: MySQLColumn,
        _ buffer: ColumnBuffer,
        to value: Value.Type
    ) throws(SourceError) {
        let slots = buffer.reserveFixed(rows: fields.count)
        let values = slots.values.assumingMemoryBound(to: Value.self)
        var nulls = 0
        for index in 0..<fields.count {
            let length = Int(fields.lengths[index])
            var word: UInt64 = 0
            if length >= 0 {
                let text = UnsafeRawBufferPointer(start: fields.start(index), count: length)
                guard let number = UInt64(String(decoding: text, as: UTF8.self)) else {
                    throw wrong(column, Int32(length))
                }
                word = number
            }
            values[index] = Value(truncatingIfNeeded: word)
            slots.validity[index] = length < 0 ? 0 : 1
            nulls += length < 0 ? 1 : 0
        }
        buffer.commitFixed(rows: fields.count, nulls: nulls)
    }

    private static func uuids(
        _ fields: MySQLFields.Column,
        _ column: MySQLColumn,
        _ buffer: ColumnBuffer
    ) throws(SourceError) {
        let slots = buffer.reserveFixed(rows: fields.count)
        var nulls = 0
        for index in 0..<fields.count {
            let length = fields.lengths[index]
            guard length == 16 || length == -1 else { throw wrong(column, length) }
            let target = slots.values + index * 16
            if length == 16 {
                target.copyMemory(from: fields.start(index), byteCount: 16)
            } else {
                target.initializeMemory(as: UInt8.self, repeating: 0, count: 16)
                nulls += 1
            }
            slots.validity[index] = length == 16 ? 1 : 0
        }
        buffer.commitFixed(rows: fields.count, nulls: nulls)
    }

    // MARK: Dates and times

    /// Dates and times; trailing zeros are not sent, and dates that are none are told as such.
    @inline(__always)
    private static func moments<Value: FixedWidthInteger>(
        _ fields: MySQLFields.Column,
        _ column: MySQLColumn,
        _ counts: inout ConversionCounts,
        _ buffer: ColumnBuffer,
        to value: Value.Type,
        length longest: Int32,
        _ convert: (UnsafeRawBufferPointer) -> Value?
    ) throws(SourceError) {
        let slots = buffer.reserveFixed(rows: fields.count)
        let values = slots.values.assumingMemoryBound(to: Value.self)
        var nulls = 0
        for index in 0..<fields.count {
            let length = fields.lengths[index]
            guard length <= 11, length <= 0 || length >= 4 else { throw wrong(column, length) }
            let bytes = UnsafeRawBufferPointer(
                start: fields.start(index),
                count: Int(max(length, 0))
            )
            let moment = length < 0 ? nil : convert(bytes)
            if moment == nil, length >= 0 {
                try counts.add(.invalidDate, .null, name: column.name, policy: column.policy)
            }
            values[index] = moment ?? 0
            slots.validity[index] = moment == nil ? 0 : 1
            nulls &+= moment == nil ? 1 : 0
        }
        buffer.commitFixed(rows: fields.count, nulls: nulls)
    }
}

/// Dates and times of binary rows (MariaDB documentation, "Resultset row": DATE, DATETIME):
/// `year(2) month day [hour minute second [microseconds(4)]]`, nothing for the date of zeros.
enum MySQLMoment {
    /// Days since 1970-01-01; nil for a date that is none.
    @inline(__always)
    static func days(_ bytes: UnsafeRawBufferPointer) -> Int64? {
        guard bytes.count >= 4 else { return nil }
        let year = Int64(UInt16(littleEndian: bytes.loadUnaligned(as: UInt16.self)))
        let month = Int64(bytes[2])
        let day = Int64(bytes[3])
        guard month >= 1, month <= 12, day >= 1,
            day <= CalendarDay.count(inMonth: month, of: year)
        else { return nil }
        return CalendarDay.days(year: year, month: month, day: day)
    }

    /// Microseconds since 1970-01-01; nil for a moment that is none.
    @inline(__always)
    static func microseconds(_ bytes: UnsafeRawBufferPointer) -> Int64? {
        guard let days = days(bytes) else { return nil }
        var seconds = days * 86_400
        guard bytes.count >= 7 else { return seconds * 1_000_000 }
        seconds += Int64(bytes[4]) * 3600 + Int64(bytes[5]) * 60 + Int64(bytes[6])
        guard bytes.count >= 11 else { return seconds * 1_000_000 }
        let word = bytes.loadUnaligned(fromByteOffset: 7, as: UInt32.self)
        return seconds * 1_000_000 + Int64(UInt32(littleEndian: word))
    }
}
