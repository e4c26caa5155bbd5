import Columnar
import GRDBSQLite
import Streams

/// Writes the values of one column into the memory of its buffer, a batch at a time.
struct SQLiteColumnWriter {
    /// Why a value could not be written; the reader says where.
    enum Refusal: Error {
        /// Not valid UTF-8, under the policy `error`.
        case invalidText
        /// A kind of value that the scan of the same snapshot did not see.
        case surprise
        case tooLong
    }

    private let form: SQLiteForm
    private let policy: ConversionPolicy
    private let isRequired: Bool
    /// Bytes of a value; 0 in a column of variable length.
    private let width: Int
    private let buffer: ColumnBuffer

    private var values: UnsafeMutableRawPointer
    private var ends: UnsafeMutablePointer<UInt32>
    private var validity: UnsafeMutablePointer<UInt8>
    private var rowCapacity = 0
    private var count = 0
    private var nulls = 0
    /// Variable columns: bytes written, and how many fit.
    private(set) var used = 0
    private var room = 0
    /// Texts changed or dropped by the policy.
    private(set) var invalidTexts: Int64 = 0

    /// Makes room for `rows` values at the end of `buffer`.
    init(_ buffer: ColumnBuffer, form: SQLiteForm, column: PlannedColumn, rows: Int) {
        self.buffer = buffer
        self.form = form
        policy = column.policy
        isRequired = column.isRequired
        rowCapacity = rows
        if case .fixed(let width) = buffer.storage {
            self.width = width
            let slots = buffer.reserveFixed(rows: rows)
            values = slots.values
            validity = slots.validity
            ends = UnsafeMutableRawPointer(slots.validity).assumingMemoryBound(to: UInt32.self)
        } else {
            width = 0
            room = max(
                rows * SQLiteLimits.expectedTextByteCount,
                buffer.values.capacity - buffer.values.count
            )
            let slots = buffer.reserveVariable(rows: rows, byteCount: room)
            values = UnsafeMutableRawPointer(slots.bytes)
            validity = slots.validity
            ends = slots.ends
        }
    }

    /// Makes what was written part of the buffer.
    func commit() {
        if width > 0 {
            buffer.commitFixed(rows: count, nulls: nulls)
        } else {
            buffer.commitVariable(rows: count, byteCount: used, nulls: nulls)
        }
    }

    /// Takes the value of the current row.
    @inline(__always)
    mutating func take(_ row: SQLiteRow, _ index: Int32) throws(Refusal) {
        let type = row.type(index)
        if type == SQLITE_NULL {
            guard !isRequired else { throw .surprise }
            return putNull()
        }
        switch form {
        case .long:
            guard type == SQLITE_INTEGER else { throw .surprise }
            put(row.integer(index))
        case .string:
            if type == SQLITE_TEXT {
                try put(text: row.text(index))
            } else {
                try putPrinted(row, index, type)
            }
        case .double:
            guard type == SQLITE_FLOAT || type == SQLITE_INTEGER else { throw .surprise }
            put(row.real(index))
        case .binary:
            guard type == SQLITE_BLOB else { throw .surprise }
            try put(bytes: row.blob(index))
        case .boolean, .decimal, .date, .timestamp, .uuid, .nothing:
            try putMeant(row, index, type)
        }
    }

    // MARK: Values of a declared meaning

    private mutating func putMeant(
        _ row: SQLiteRow,
        _ index: Int32,
        _ type: Int32
    ) throws(Refusal) {
        switch form {
        case .boolean:
            let value = row.integer(index)
            guard type == SQLITE_INTEGER, 0...1 ~= value else { throw .surprise }
            put(UInt8(truncatingIfNeeded: value))
        case .decimal(let precision, let scale):
            let value: Int128? =
                switch type {
                case SQLITE_INTEGER:
                    SQLiteDecimal.unscaled(row.integer(index), precision: precision, scale: scale)
                case SQLITE_FLOAT:
                    SQLiteDecimal.unscaled(row.real(index), precision: precision, scale: scale)
                case SQLITE_TEXT:
                    DecimalText.unscaled(row.text(index), precision: precision, scale: scale)
                default: nil
                }
            guard let value else { throw .surprise }
            switch width {
            case 4: put(Int32(truncatingIfNeeded: value))
            case 8: put(Int64(truncatingIfNeeded: value))
            default: put(value)
            }
        case .date(let code):
            guard let moment = Self.moment(row, index, type, code) else { throw .surprise }
            put(SQLiteMoment.day(of: moment))
        case .timestamp(let code):
            guard let moment = Self.moment(row, index, type, code) else { throw .surprise }
            put(moment)
        case .uuid:
            guard type == SQLITE_TEXT, let uuid = SQLiteText.uuid(row.text(index)) else {
                throw .surprise
            }
            put(uuid.0, uuid.1)
        case .nothing, .long, .double, .string, .binary: throw .surprise
        }
    }

    private static func moment(
        _ row: SQLiteRow,
        _ index: Int32,
        _ type: Int32,
        _ code: SQLiteTimeCode
    ) -> Int64? {
        switch (code, type) {
        case (.text, SQLITE_TEXT): SQLiteMoment.parse(row.text(index))?.microseconds
        case (.unixSeconds, SQLITE_INTEGER): scaled(row.integer(index), 1_000_000)
        case (.unixMilliseconds, SQLITE_INTEGER): scaled(row.integer(index), 1000)
        case (.julianDays, SQLITE_FLOAT), (.julianDays, SQLITE_INTEGER):
            SQLiteMoment.microseconds(julianDay: row.real(index))
        default: nil
        }
    }

    private static func scaled(_ value: Int64, _ factor: Int64) -> Int64? {
        let (product, overflow) = value.multipliedReportingOverflow(by: factor)
        return overflow ? nil : product
    }

    // MARK: Text

    @inline(__always)
    private mutating func put(text bytes: UnsafeRawBufferPointer) throws(Refusal) {
        if UTF8Text.isValid(bytes) {
            try put(bytes: bytes)
        } else {
            try put(invalidText: bytes)
        }
    }

    private mutating func put(invalidText bytes: UnsafeRawBufferPointer) throws(Refusal) {
        switch policy {
        case .error: throw .invalidText
        case .null:
            guard !isRequired else { throw .surprise }
            putNull()
        case .clamp:
            try put(String(decoding: bytes, as: UTF8.self))
        case .string: try put(hex: bytes)
        }
        invalidTexts += 1
    }

    /// Numbers as printed, blobs in hex: values of a column of several kinds.
    private mutating func putPrinted(
        _ row: SQLiteRow,
        _ index: Int32,
        _ type: Int32
    ) throws(Refusal) {
        if type == SQLITE_BLOB {
            try put(hex: row.blob(index))
            return
        }
        try put(
            type == SQLITE_INTEGER
                ? String(row.integer(index)) : Self.printed(row.real(index))
        )
    }

    private mutating func put(_ text: String) throws(Refusal) {
        var text = text
        try makeRoom(text.utf8.count)
        text.withUTF8 { bytes in
            guard let source = bytes.baseAddress else { return }
            (values + used).copyMemory(from: source, byteCount: bytes.count)
        }
        endValue(text.utf8.count)
    }

    /// The shortest digits that read back as the same double; infinities as SQLite prints them.
    private static func printed(_ value: Double) -> String {
        value.isInfinite ? (value < 0 ? "-Inf" : "Inf") : value.description
    }

    private mutating func put(hex bytes: UnsafeRawBufferPointer) throws(Refusal) {
        try makeRoom(bytes.count * 2 + 3)
        let target = (values + used).assumingMemoryBound(to: UInt8.self)
        target[0] = UInt8(ascii: "x")
        target[1] = UInt8(ascii: "'")
        var position = 2
        for byte in bytes {
            target[position] = Self.hexDigit(byte >> 4)
            target[position + 1] = Self.hexDigit(byte & 0xF)
            position += 2
        }
        target[position] = UInt8(ascii: "'")
        endValue(position + 1)
    }

    private static func hexDigit(_ value: UInt8) -> UInt8 {
        value < 10 ? value + UInt8(ascii: "0") : value - 10 + UInt8(ascii: "a")
    }

    // MARK: Memory

    @inline(__always)
    private mutating func put(bytes: UnsafeRawBufferPointer) throws(Refusal) {
        if bytes.count > room &- used { try makeRoom(bytes.count) }
        if let source = bytes.baseAddress {
            (values + used).copyMemory(from: source, byteCount: bytes.count)
        }
        endValue(bytes.count)
    }

    @inline(__always)
    private mutating func endValue(_ byteCount: Int) {
        used &+= byteCount
        ends[count] = UInt32(truncatingIfNeeded: used)
        validity[count] = 1
        count &+= 1
    }

    /// Makes room for one more value of a variable column.
    private mutating func makeRoom(_ byteCount: Int) throws(Refusal) {
        let needed = used + byteCount
        guard needed > room else { return }
        guard needed <= SQLiteLimits.columnByteCount else { throw .tooLong }
        room = min(max(needed, room * 2), SQLiteLimits.columnByteCount)
        // Growing keeps what was written behind the end of the column.
        let slots = buffer.reserveVariable(rows: rowCapacity, byteCount: room)
        values = UnsafeMutableRawPointer(slots.bytes)
        validity = slots.validity
        ends = slots.ends
    }

    @inline(__always)
    private mutating func put<Value: BitwiseCopyable>(_ value: Value) {
        values.storeBytes(of: value, toByteOffset: count &* width, as: Value.self)
        validity[count] = 1
        count &+= 1
    }

    private mutating func put(_ high: UInt64, _ low: UInt64) {
        let target = values + count * 16
        target.storeBytes(of: high, as: UInt64.self)
        target.storeBytes(of: low, toByteOffset: 8, as: UInt64.self)
        validity[count] = 1
        count += 1
    }

    private mutating func putNull() {
        if width > 0 {
            (values + count * width).initializeMemory(as: UInt8.self, repeating: 0, count: width)
        } else {
            ends[count] = UInt32(truncatingIfNeeded: used)
        }
        validity[count] = 0
        count += 1
        nulls += 1
    }
}
