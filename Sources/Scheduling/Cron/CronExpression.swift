import Basics

/// When a job runs, as five or six fields of cron say it (docs/schedules.md has the grammar).
///
/// It is a set of wall clock times: which instants those are is the zone's matter (`CronSchedule`).
package struct CronExpression: Hashable, Sendable {
    /// As it was written, blanks made one.
    package let text: String
    /// A bit per second of a minute.
    var seconds: UInt64
    /// A bit per minute of an hour.
    var minutes: UInt64
    /// A bit per hour of a day.
    var hours: UInt64
    /// A bit per month, from bit 1.
    var months: UInt64
    var days: Days
    var weekdays: Weekdays
    /// Whether a day has to be in both day fields, not in either: one of them is written with `*` or `?`
    /// (cron(5) of Debian; `DOM_STAR` and `DOW_STAR` in Vixie's `entry.c`).
    var needsBothDays: Bool
    /// Whether second, minute or hour is written with a `*`: the job then runs at every instant whose wall
    /// clock matches, and else once per wall clock time.
    package let isWild: Bool

    /// Days of a month.
    struct Days: Hashable, Sendable {
        /// A bit per day, from bit 1.
        var numbers: UInt64 = 0
        /// So many days before the last one.
        var beforeLast: Int?
        /// The weekday nearest to a day, in the same month.
        var nearestWeekday: Int?
        /// The last day that is a weekday.
        var isLastWeekday = false
    }

    /// Days of a week; 0 is Sunday.
    struct Weekdays: Hashable, Sendable {
        /// A bit per weekday.
        var numbers: UInt64 = 0
        /// For each weekday a bit per week of the month, from bit 1: the first such day, the second.
        var weeks = [UInt8](repeating: 0, count: 7)
        /// A bit per weekday whose last day in the month counts.
        var last: UInt64 = 0
    }

    /// Whether both day fields leave something out, so that a day in either counts: often not what was
    /// meant.
    package var hasTwoDayFields: Bool { !needsBothDays }

    // MARK: Wall clock times

    /// The first matching wall clock time at or behind another, both in seconds since 1970 of that clock;
    /// nil where there is none in a whole cycle of the calendar.
    func firstTime(from wall: Int64) -> Int64? {
        let start = CivilTime(seconds: wall)
        var (year, month) = (start.year, start.month)
        var (day, second) = (start.day, start.second)
        while year <= start.year + Int64(Limits.calendarCycleYears) {
            guard let found = Self.first(in: months, from: month) else {
                (year, month, day, second) = (year + 1, 1, 1, 0)
                continue
            }
            if found != month { (month, day, second) = (found, 1, 0) }
            let matching = daysMatching(year: year, month: month)
            while let next = Self.first(in: matching, from: day) {
                if next != day { (day, second) = (next, 0) }
                if let time = firstTimeOfDay(from: second) {
                    return CivilTime.days(year: year, month: month, day: day) * 86_400 + Int64(time)
                }
                (day, second) = (day + 1, 0)
            }
            (month, day, second) = (month + 1, 1, 0)
        }
        return nil
    }

    /// The first set bit at or behind a place.
    private static func first(in bits: UInt64, from place: Int) -> Int? {
        guard place < 64 else { return nil }
        let rest = bits >> UInt64(place)
        return rest == 0 ? nil : place + rest.trailingZeroBitCount
    }

    /// The first matching second of a day at or behind another.
    private func firstTimeOfDay(from second: Int) -> Int? {
        var (hour, minute, rest) = (second / 3_600, second / 60 % 60, second % 60)
        while let found = Self.first(in: hours, from: hour) {
            if found != hour { (hour, minute, rest) = (found, 0, 0) }
            while let next = Self.first(in: minutes, from: minute) {
                if next != minute { (minute, rest) = (next, 0) }
                if let last = Self.first(in: seconds, from: rest) {
                    return hour * 3_600 + minute * 60 + last
                }
                (minute, rest) = (minute + 1, 0)
            }
            (hour, minute, rest) = (hour + 1, 0, 0)
        }
        return nil
    }

    /// A bit per day of a month that matches, from bit 1.
    private func daysMatching(year: Int64, month: Int) -> UInt64 {
        let count = CivilTime.dayCount(year: year, month: month)
        let first = CivilTime.weekday(
            ofDay: CivilTime.days(year: year, month: month, day: 1)
        )
        let byDay = days.matching(count: count, firstWeekday: first)
        let byWeekday = weekdays.matching(count: count, firstWeekday: first)
        let all: UInt64 = (1 << UInt64(count + 1)) - 2
        return (needsBothDays ? byDay & byWeekday : byDay | byWeekday) & all
    }
}

extension CronExpression.Days {
    /// A bit per day, from bit 1, of a month of `count` days that begins on a weekday.
    fileprivate func matching(count: Int, firstWeekday: Int) -> UInt64 {
        func weekday(_ day: Int) -> Int { (firstWeekday + day - 1) % 7 }
        var found = numbers
        if let beforeLast, count - beforeLast >= 1 { found |= 1 << UInt64(count - beforeLast) }
        if isLastWeekday {
            let excess = [0: 2, 6: 1][weekday(count)] ?? 0
            found |= 1 << UInt64(count - excess)
        }
        if let day = nearestWeekday, day <= count {
            let nearest =
                switch weekday(day) {
                case 6: day > 1 ? day - 1 : day + 2
                case 0: day < count ? day + 1 : day - 2
                default: day
                }
            found |= 1 << UInt64(nearest)
        }
        return found
    }
}

extension CronExpression.Weekdays {
    /// A bit per day, from bit 1, of a month of `count` days that begins on a weekday.
    fileprivate func matching(count: Int, firstWeekday: Int) -> UInt64 {
        var found: UInt64 = 0
        for weekday in 0..<7 {
            let isMember = numbers >> UInt64(weekday) & 1 == 1
            let isLast = last >> UInt64(weekday) & 1 == 1
            guard isMember || isLast || weeks[weekday] != 0 else { continue }
            let first = 1 + (weekday - firstWeekday + 7) % 7
            // The 1st, 8th, 15th, 22nd, 29th day and so on.
            if isMember { found |= 0x1020_4081 << UInt64(first) }
            for week in 1...5 where weeks[weekday] >> UInt8(week) & 1 == 1 {
                found |= 1 << UInt64(first + (week - 1) * 7)
            }
            if isLast { found |= 1 << UInt64(first + (count - first) / 7 * 7) }
        }
        return found
    }
}
