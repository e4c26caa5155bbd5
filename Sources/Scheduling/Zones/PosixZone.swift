import Basics

/// The rule of a zone for all time to come, as the last line of its file has it (RFC 9636, section 3.3.1;
/// POSIX, "Environment Variables", TZ): `CET-1CEST,M3.5.0,M10.5.0/3`.
struct PosixZone {
    private struct Rule {
        enum Day {
            /// 1 to 365; 29 February is not counted.
            case ofCommonYear(Int64)
            /// 0 to 365.
            case ofYear(Int64)
            /// Week 5 is the last, weekday 0 Sunday.
            case ofMonth(Int, week: Int, weekday: Int)
        }

        var day: Day
        /// Seconds since midnight by the clock that is in use before.
        var time: Int64

        /// Seconds since 1970 by the clock that is in use before.
        func wall(in year: Int64) -> Int64 {
            let first = CivilTime.days(year: year, month: 1, day: 1)
            let found: Int64
            switch day {
            case .ofCommonYear(let number):
                found = first + number - 1 + (CivilTime.isLeap(year) && number >= 60 ? 1 : 0)
            case .ofYear(let number): found = first + number
            case .ofMonth(let month, let week, let weekday):
                let begin = CivilTime.days(year: year, month: month, day: 1)
                let ahead = (weekday - CivilTime.weekday(ofDay: begin) + 7) % 7
                var number = ahead + (week - 1) * 7
                while number >= CivilTime.dayCount(year: year, month: month) { number -= 7 }
                found = begin + Int64(number)
            }
            return found * 86_400 + time
        }
    }

    private var standard: Int64
    private var daylight: (offset: Int64, start: Rule, end: Rule)?

    /// Reads a rule; nil for text that is none.
    init?(_ text: some StringProtocol) {
        var reader = Reader(rest: Array(text.utf8)[...])
        guard reader.skipName(), let west = reader.time(hoursMax: 24) else { return nil }
        standard = -west
        if reader.rest.isEmpty { return }
        guard reader.skipName() else { return nil }
        var offset = standard + 3_600
        if reader.rest.first != UInt8(ascii: ",") {
            guard let west = reader.time(hoursMax: 24) else { return nil }
            offset = -west
        }
        guard let start = reader.rule(), let end = reader.rule(), reader.rest.isEmpty else {
            return nil
        }
        daylight = (offset, start, end)
    }

    /// Changes of the years from one to another, rising.
    func changes(from first: Int64, to last: Int64) -> [(instant: Int64, offset: Int64)] {
        guard let daylight, first <= last else { return [] }
        var changes: [(instant: Int64, offset: Int64)] = []
        for year in first...last {
            let start = daylight.start.wall(in: year) - standard
            let end = daylight.end.wall(in: year) - daylight.offset
            let inYear = [(start, daylight.offset), (end, standard)]
            changes += inYear.sorted { $0.0 < $1.0 }
        }
        // A year that ends as the next begins has no change there.
        return changes.enumerated().filter { place, change in
            place + 1 == changes.count || changes[place + 1].instant > change.instant
        }.map(\.element)
    }

    private struct Reader {
        var rest: ArraySlice<UInt8>

        /// Letters, or anything between angle brackets.
        mutating func skipName() -> Bool {
            if rest.first == UInt8(ascii: "<") {
                guard let end = rest.firstIndex(of: UInt8(ascii: ">")) else { return false }
                rest = rest[(end + 1)...]
                return true
            }
            let name = rest.prefix {
                ($0 | 0x20) >= UInt8(ascii: "a") && ($0 | 0x20) <= UInt8(ascii: "z")
            }
            rest = rest.dropFirst(name.count)
            return name.count >= 3
        }

        mutating func number(max: Int64) -> Int64? {
            let digits = rest.prefix { $0 >= UInt8(ascii: "0") && $0 <= UInt8(ascii: "9") }
            rest = rest.dropFirst(digits.count)
            guard let value = Int64(String(decoding: digits, as: UTF8.self)), value <= max else {
                return nil
            }
            return value
        }

        mutating func skip(_ character: Unicode.Scalar) -> Bool {
            guard rest.first == UInt8(ascii: character) else { return false }
            rest = rest.dropFirst()
            return true
        }

        /// `[+-]hh[:mm[:ss]]` in seconds.
        mutating func time(hoursMax: Int64) -> Int64? {
            let isNegative = skip("-")
            if !isNegative { _ = skip("+") }
            guard var seconds = number(max: hoursMax).map({ $0 * 3_600 }) else { return nil }
            for unit in [60, 1] as [Int64] where skip(":") {
                guard let value = number(max: 59) else { return nil }
                seconds += value * unit
            }
            return isNegative ? -seconds : seconds
        }

        /// `,M3.5.0/2` and the like.
        mutating func rule() -> Rule? {
            guard skip(",") else { return nil }
            let day: Rule.Day
            if skip("J") {
                guard let value = number(max: 365), value > 0 else { return nil }
                day = .ofCommonYear(value)
            } else if skip("M") {
                guard let month = number(max: 12), month > 0, skip("."), let week = number(max: 5),
                    week > 0, skip("."), let weekday = number(max: 6)
                else { return nil }
                day = .ofMonth(Int(month), week: Int(week), weekday: Int(weekday))
            } else {
                guard let value = number(max: 365) else { return nil }
                day = .ofYear(value)
            }
            var seconds: Int64 = 2 * 3_600
            if skip("/") {
                guard let value = time(hoursMax: 167) else { return nil }
                seconds = value
            }
            return Rule(day: day, time: seconds)
        }
    }
}
