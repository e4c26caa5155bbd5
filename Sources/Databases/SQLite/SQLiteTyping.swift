import Basics
import Columnar
import Streams

/// How a column's values become values of its lake type.
enum SQLiteForm: Hashable {
    case boolean
    case long
    case double
    case decimal(precision: Int, scale: Int)
    case date(SQLiteTimeCode)
    /// `timestamp` and `timestamptz`.
    case timestamp(SQLiteTimeCode)
    case uuid
    /// Text as it is; numbers printed, blobs as `x'…'`.
    case string
    case binary
    /// No value was seen; any one is a surprise.
    case nothing
}

/// What a date or time is written as.
enum SQLiteTimeCode: Hashable {
    case text
    case unixSeconds
    case unixMilliseconds
    case julianDays
}

/// The choice made for one column.
struct SQLiteChoice {
    var type: DataType
    var form: SQLiteForm
    var note: String?
    var risk: String?
    var isObserved = true

    /// A type and the way to it.
    init(_ type: DataType, _ form: SQLiteForm, note: String? = nil, risk: String? = nil) {
        self.type = type
        self.form = form
        self.note = note
        self.risk = risk
    }
}

/// The choice of a lake type: from what was seen, or from the declaration where it binds.
enum SQLiteTyping {
    /// The type of a column of a STRICT table or of a row id; nil where values decide.
    static func trusted(_ column: SQLiteColumn, in table: SQLiteTable) -> SQLiteChoice? {
        var choice: SQLiteChoice
        if column.isRowID {
            choice = SQLiteChoice(.long, .long)
        } else if table.isStrict {
            switch column.declaration.uppercased() {
            case "INT", "INTEGER": choice = SQLiteChoice(.long, .long)
            case "REAL": choice = SQLiteChoice(.double, .double)
            case "TEXT": choice = SQLiteChoice(.string, .string)
            case "BLOB": choice = SQLiteChoice(.binary, .binary)
            default: return nil
            }
            choice.note = "the table is STRICT"
        } else {
            return nil
        }
        choice.isObserved = false
        return choice
    }

    /// A column made text on request.
    static func text() -> SQLiteChoice {
        var choice = SQLiteChoice(
            .string,
            .string,
            note: "text by policy: numbers as printed, blobs as x'…'"
        )
        choice.isObserved = false
        return choice
    }

    /// The type that holds every value seen, `preferred` if it does.
    static func choice(
        _ column: SQLiteColumn,
        _ seen: SQLiteStatistics,
        preferred: DataType?,
        isCoreData: Bool = false
    ) -> SQLiteChoice {
        let declared = SQLiteDeclaredType(column.declaration)
        if seen.valueCount == 0 {
            return empty(declared, seen: seen, preferred: preferred)
        }
        var choice =
            meant(declared.meaning, seen, column, isCoreData: isCoreData)
            ?? observed(column, seen)
        if declared.meaning != .none, declared.meaning != .any, choice.note == nil {
            choice.note =
                "declared \(column.sourceType), but not every value is one (\(seen.summary)); "
                + "the type is as observed"
        }
        if let preferred, preferred != choice.type,
            let kept = kept(preferred, instead: choice, seen)
        {
            return kept
        }
        return choice
    }

    // MARK: By declaration

    /// The declared type, if every value is of it.
    private static func meant(
        _ meaning: SQLiteDeclaredType.Meaning,
        _ seen: SQLiteStatistics,
        _ column: SQLiteColumn,
        isCoreData: Bool
    ) -> SQLiteChoice? {
        switch meaning {
        case .boolean:
            guard seen.integerCount == seen.valueCount, seen.integerMin >= 0, seen.integerMax <= 1
            else { return nil }
            return SQLiteChoice(.boolean, .boolean, note: "every value is 0 or 1")
        case .timestamp where isCoreData && seen.textCount + seen.blobCount == 0:
            var choice = observed(column, seen)
            choice.note = "a number, as Core Data keeps times"
            choice.risk =
                "\(column.name) counts seconds from 2001-01-01 UTC, as Core Data does, and stays a number: "
                + "add 978307200 for Unix time"
            return choice
        case .date, .timestamp:
            guard var choice = moment(meaning, seen) else { return nil }
            if choice.form == .date(.unixSeconds) || choice.form == .timestamp(.unixSeconds),
                seen.integerMax < SQLiteLimits.appleEpoch
            {
                choice.risk =
                    "\(column.name) is read as Unix seconds, all of them before 2001: if it counts from "
                    + "2001-01-01, as Apple's programs do, all dates are 31 years too early; read it with "
                    + "\(Remedy.policy(of: column.name, "string")) then"
            }
            return choice
        case .decimal(let precision, let scale):
            guard seen.areDecimals, seen.blobCount == 0 else { return nil }
            return SQLiteChoice(
                .decimal(precision: precision, scale: scale),
                .decimal(precision: precision, scale: scale),
                note: "every value is a decimal of the declared digits"
            )
        case .uuid:
            guard seen.textCount == seen.valueCount, seen.areUUIDs else { return nil }
            return SQLiteChoice(.uuid, .uuid, note: "every text is a lower-case uuid")
        case .json:
            guard seen.blobCount == 0 else { return nil }
            return SQLiteChoice(.string, .string, note: "JSON as text")
        case .any, .none: return nil
        }
    }

    /// Dates and times, if all values are written in one way.
    private static func moment(
        _ meaning: SQLiteDeclaredType.Meaning,
        _ seen: SQLiteStatistics
    ) -> SQLiteChoice? {
        if seen.textCount == seen.valueCount {
            switch SQLiteMoment.Shape(rawValue: seen.shapes) {
            case .date:
                return SQLiteChoice(.date, .date(.text), note: "every value is an ISO 8601 date")
            case .local:
                return SQLiteChoice(
                    .timestamp,
                    .timestamp(.text),
                    note: "every value is an ISO 8601 time without a zone"
                )
            case .zoned:
                return SQLiteChoice(
                    .timestamptz,
                    .timestamp(.text),
                    note: "every value is an ISO 8601 time with a zone; kept as UTC"
                )
            case nil: return nil
            }
        }
        guard seen.textCount == 0, seen.blobCount == 0 else { return nil }
        if seen.realCount == 0, SQLiteLimits.unixSeconds.contains(seen.integerMin),
            SQLiteLimits.unixSeconds.contains(seen.integerMax)
        {
            return number(
                .unixSeconds,
                isDate: meaning == .date && seen.areSecondsMidnight,
                note: "every value is an integer that reads as Unix seconds of 1973 to 2286"
            )
        }
        if seen.realCount == 0, SQLiteLimits.unixMilliseconds.contains(seen.integerMin),
            SQLiteLimits.unixMilliseconds.contains(seen.integerMax)
        {
            return number(
                .unixMilliseconds,
                isDate: meaning == .date && seen.areMillisecondsMidnight,
                note: "every value is an integer that reads as Unix milliseconds of 1973 to 2286"
            )
        }
        guard seen.realCount > 0, seen.areJulianDays else { return nil }
        return number(
            .julianDays,
            isDate: meaning == .date && seen.areJulianMidnight,
            note: "every value is a Julian day to the millisecond"
        )
    }

    private static func number(
        _ code: SQLiteTimeCode,
        isDate: Bool,
        note: String
    ) -> SQLiteChoice {
        isDate
            ? SQLiteChoice(.date, .date(code), note: note + ", at midnight")
            : SQLiteChoice(.timestamp, .timestamp(code), note: note)
    }

    // MARK: By values

    private static func observed(_ column: SQLiteColumn, _ seen: SQLiteStatistics) -> SQLiteChoice {
        let count = seen.valueCount
        if seen.integerCount == count { return SQLiteChoice(.long, .long) }
        if seen.textCount == count { return SQLiteChoice(.string, .string) }
        if seen.blobCount == count { return SQLiteChoice(.binary, .binary) }
        guard seen.realCount + seen.integerCount == count else {
            return SQLiteChoice(
                .string,
                .string,
                note: "mixed values (\(seen.summary)): numbers as printed, blobs as x'…'",
                risk: "\(column.name) holds values of several kinds (\(seen.summary)) and "
                    + "becomes text."
            )
        }
        guard seen.integersAreExactAsDouble else {
            return SQLiteChoice(
                .string,
                .string,
                note: "reals and integers past 2^53 (\(seen.summary)), which no double holds: "
                    + "numbers as printed",
                risk: "\(column.name) mixes reals with integers past 2^53 and becomes text."
            )
        }
        return SQLiteChoice(
            .double,
            .double,
            note: seen.integerCount == 0
                ? nil : "reals and integers within 2^53 (\(seen.summary))"
        )
    }

    /// The type of a column without values: what the table has, else what was declared.
    private static func empty(
        _ declared: SQLiteDeclaredType,
        seen: SQLiteStatistics,
        preferred: DataType?
    ) -> SQLiteChoice {
        let note = seen.nullCount == 0 ? "no rows" : "only nulls"
        if let preferred, !preferred.isNested {
            return SQLiteChoice(preferred, .nothing, note: note + "; the type the table has")
        }
        let type: DataType
        switch declared.meaning {
        case .boolean: type = .boolean
        case .date: type = .date
        case .timestamp: type = .timestamp
        case .decimal(let precision, let scale):
            type = .decimal(precision: precision, scale: scale)
        case .uuid: type = .uuid
        case .json, .any: type = .string
        case .none:
            switch declared.affinity {
            case .integer: type = .long
            case .text, .none: type = .string
            case .blob: type = .binary
            case .real, .numeric: type = .double
            }
        }
        return SQLiteChoice(type, .nothing, note: note + "; the type as declared")
    }

    // MARK: The table's present type

    /// The table's present type, if it holds every value without loss.
    private static func kept(
        _ preferred: DataType,
        instead choice: SQLiteChoice,
        _ seen: SQLiteStatistics
    ) -> SQLiteChoice? {
        let note = "values are \(choice.type); \(preferred) is what the table has"
        switch (preferred, choice.form) {
        case (.string, _):
            return SQLiteChoice(.string, .string, note: note)
        case (.timestamp, .date(let code)):
            return SQLiteChoice(.timestamp, .timestamp(code), note: note)
        case (.decimal(let precision, let scale), .decimal(let seenPrecision, let seenScale))
        where scale >= seenScale && precision - scale >= seenPrecision - seenScale:
            return SQLiteChoice(
                preferred,
                .decimal(precision: precision, scale: scale),
                note: note
            )
        case (.double, .long) where seen.integersAreExactAsDouble:
            return SQLiteChoice(.double, .double, note: note)
        default:
            return nil
        }
    }
}
