/// Dates and times as SQLite databases hold them: ISO 8601 text, Unix time, Julian days.
enum SQLiteMoment {
    /// What an ISO text says.
    enum Shape: UInt8 {
        /// `2024-01-31`.
        case date = 1
        /// `2024-01-31 12:00[:30[.5]]`, with a blank or a `T`.
        case local = 2
        /// The same with `Z`, `+01` or `+01:00` behind it.
        case zoned = 4
    }

    static let microsecondsPerDay: Int64 = 86_400_000_000
    /// 0001-01-01 and the end of 9999-12-31, which every engine can read.
    private static let safeRange: Range<Int64> =
        -62_135_596_800_000_000..<253_402_300_800_000_000

    /// Reads a whole text as date or time; the microseconds count from 1970-01-01, in UTC
    /// where a zone is given.
    ///
    /// Years 1 to 9999. No `24:00`, no leap seconds, no digits behind the microseconds.
    static func parse(_ bytes: UnsafeRawBufferPointer) -> (shape: Shape, microseconds: Int64)? {
        var reader = Reader(bytes: bytes)
        guard let year = reader.digits(4), year > 0, reader.skip(UInt8(ascii: "-")),
            let month = reader.digits(2), 1...12 ~= month, reader.skip(UInt8(ascii: "-")),
            let day = reader.digits(2), day >= 1, day <= CalendarDay.count(inMonth: month, of: year)
        else { return nil }
        let date = CalendarDay.days(year: year, month: month, day: day) * microsecondsPerDay
        if reader.isAtEnd { return (.date, date) }
        guard reader.skip(UInt8(ascii: " ")) || reader.skip(UInt8(ascii: "T")),
            let hour = reader.digits(2), hour < 24, reader.skip(UInt8(ascii: ":")),
            let minute = reader.digits(2), minute < 60
        else { return nil }
        var time = (hour * 60 + minute) * 60_000_000
        if reader.skip(UInt8(ascii: ":")) {
            guard let second = reader.digits(2), second < 60 else { return nil }
            time += second * 1_000_000
            if reader.skip(UInt8(ascii: ".")) {
                guard let fraction = reader.fraction() else { return nil }
                time += fraction
            }
        }
        if reader.isAtEnd { return (.local, date + time) }
        guard let offset = reader.zone(), reader.isAtEnd else { return nil }
        let moment = date + time - offset * 60_000_000
        return safeRange.contains(moment) ? (.zoned, moment) : nil
    }

    /// Microseconds since 1970 of a Julian day, to the millisecond as SQLite itself reads it;
    /// nil if the day is out of range or not the nearest to a whole millisecond.
    static func microseconds(julianDay: Double) -> Int64? {
        guard SQLiteLimits.julianDays.contains(julianDay) else { return nil }
        let milliseconds = (julianDay * 86_400_000 + 0.5).rounded(.down)
        guard milliseconds / 86_400_000 == julianDay else { return nil }
        let moment = (Int64(milliseconds) - 210_866_760_000_000) * 1000
        return safeRange.contains(moment) ? moment : nil
    }

    /// Whether the moment is the beginning of a day.
    static func isMidnight(_ microseconds: Int64) -> Bool {
        microseconds % microsecondsPerDay == 0
    }

    /// The day the moment lies in, counted from 1970-01-01.
    static func day(of microseconds: Int64) -> Int32 {
        let day = microseconds / microsecondsPerDay
        return Int32(truncatingIfNeeded: microseconds % microsecondsPerDay < 0 ? day - 1 : day)
    }

    /// A place in the bytes.
    private struct Reader {
        let bytes: UnsafeRawBufferPointer
        var index = 0

        var isAtEnd: Bool { index == bytes.count }

        mutating func skip(_ byte: UInt8) -> Bool {
            guard index < bytes.count, bytes[index] == byte else { return false }
            index += 1
            return true
        }

        mutating func digit() -> Int64? {
            guard index < bytes.count,
                case UInt8(ascii: "0")...UInt8(ascii: "9") = bytes[index]
            else { return nil }
            index += 1
            return Int64(bytes[index - 1] - UInt8(ascii: "0"))
        }

        mutating func digits(_ count: Int) -> Int64? {
            var value: Int64 = 0
            for _ in 0..<count {
                guard let digit = digit() else { return nil }
                value = value * 10 + digit
            }
            return value
        }

        /// Microseconds of the digits behind the point.
        mutating func fraction() -> Int64? {
            var value: Int64 = 0
            var count = 0
            while let digit = digit() {
                count += 1
                if count > 6 {
                    guard digit == 0 else { return nil }
                } else {
                    value = value * 10 + digit
                }
            }
            guard count > 0 else { return nil }
            for _ in min(count, 6)..<6 { value *= 10 }
            return value
        }

        /// Minutes east of UTC.
        mutating func zone() -> Int64? {
            if skip(UInt8(ascii: "Z")) { return 0 }
            let isWest = skip(UInt8(ascii: "-"))
            guard isWest || skip(UInt8(ascii: "+")), let hours = digits(2), hours < 24 else {
                return nil
            }
            var minutes = hours * 60
            if !isAtEnd {
                guard skip(UInt8(ascii: ":")), let rest = digits(2), rest < 60 else { return nil }
                minutes += rest
            }
            return isWest ? -minutes : minutes
        }
    }
}
