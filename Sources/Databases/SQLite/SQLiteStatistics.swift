import GRDBSQLite

/// What one scan saw in one column: enough to choose a type that holds every value.
struct SQLiteStatistics {
    let meaning: SQLiteDeclaredType.Meaning

    private(set) var nullCount: Int64 = 0
    private(set) var integerCount: Int64 = 0
    private(set) var realCount: Int64 = 0
    private(set) var textCount: Int64 = 0
    private(set) var blobCount: Int64 = 0
    private(set) var integerMin = Int64.max
    private(set) var integerMax = Int64.min
    /// Raw values of `SQLiteMoment.Shape` seen in texts, and 8 for a text that is none.
    private(set) var shapes: UInt8 = 0
    /// Every integer is the beginning of a day, as Unix seconds or as milliseconds.
    private(set) var areSecondsMidnight = true
    private(set) var areMillisecondsMidnight = true
    /// Every number is a Julian day to the millisecond; and the beginning of a day.
    private(set) var areJulianDays = true
    private(set) var areJulianMidnight = true
    /// Every value is a decimal of the declared digits.
    private(set) var areDecimals = true
    /// Every text is a uuid.
    private(set) var areUUIDs = true

    init(meaning: SQLiteDeclaredType.Meaning) {
        self.meaning = meaning
    }

    /// Values that are not null.
    var valueCount: Int64 { integerCount + realCount + textCount + blobCount }

    /// No integer would change as a double.
    var integersAreExactAsDouble: Bool {
        let exact = SQLiteLimits.exactDoubleInteger
        return integerCount == 0 || (integerMin >= -exact && integerMax <= exact)
    }

    /// Counts one value of the current row.
    @inline(__always)
    mutating func observe(_ row: SQLiteRow, _ index: Int32) {
        switch row.type(index) {
        case SQLITE_INTEGER:
            integerCount &+= 1
            let value = row.integer(index)
            if value < integerMin { integerMin = value }
            if value > integerMax { integerMax = value }
            if meaning != .none { observe(integer: value) }
        case SQLITE_FLOAT:
            realCount &+= 1
            if meaning != .none { observe(real: row.real(index)) }
        case SQLITE_TEXT:
            textCount &+= 1
            if meaning != .none { observe(text: row, index) }
        case SQLITE_BLOB:
            blobCount &+= 1
        default:
            nullCount &+= 1
        }
    }

    private mutating func observe(integer value: Int64) {
        switch meaning {
        case .date, .timestamp:
            if value % 86_400 != 0 { areSecondsMidnight = false }
            if value % 86_400_000 != 0 { areMillisecondsMidnight = false }
            observe(julianDay: Double(value))
        case .decimal(let precision, let scale):
            if areDecimals {
                areDecimals =
                    SQLiteDecimal.unscaled(value, precision: precision, scale: scale) != nil
            }
        case .boolean, .uuid, .json, .any, .none: break
        }
    }

    private mutating func observe(real value: Double) {
        switch meaning {
        case .date, .timestamp: observe(julianDay: value)
        case .decimal(let precision, let scale):
            if areDecimals {
                areDecimals =
                    SQLiteDecimal.unscaled(value, precision: precision, scale: scale) != nil
            }
        case .boolean, .uuid, .json, .any, .none: break
        }
    }

    private mutating func observe(julianDay: Double) {
        guard areJulianDays else { return }
        guard let moment = SQLiteMoment.microseconds(julianDay: julianDay) else {
            areJulianDays = false
            return
        }
        if !SQLiteMoment.isMidnight(moment) { areJulianMidnight = false }
    }

    private mutating func observe(text row: SQLiteRow, _ index: Int32) {
        switch meaning {
        case .date, .timestamp:
            shapes |= SQLiteMoment.parse(row.text(index))?.shape.rawValue ?? 8
        case .decimal(let precision, let scale):
            if areDecimals {
                areDecimals =
                    DecimalText.unscaled(row.text(index), precision: precision, scale: scale) != nil
            }
        case .uuid:
            if areUUIDs { areUUIDs = SQLiteText.uuid(row.text(index)) != nil }
        case .boolean, .json, .any, .none: break
        }
    }

    /// The classes seen and how often, in words.
    var summary: String {
        let classes: [(Int64, String)] = [
            (integerCount, "integer"), (realCount, "real"), (textCount, "text"),
            (blobCount, "blob"), (nullCount, "null"),
        ]
        return classes.filter { $0.0 > 0 }.map { "\($0.0) \($0.1)" }.joined(separator: ", ")
    }
}
