import Basics
import Scheduling
import TestSupport
import Testing

/// The grammar of expressions, and what becomes of times that clocks skip or show twice.
@Suite struct CronTests {
    /// The next times as the zone's clock shows them.
    private static func next(
        _ text: String,
        _ zone: String? = nil,
        after instant: Int64,
        count: Int = 3,
        rule: CronSchedule.DaylightRule = .vixie
    ) throws -> [String] {
        let trigger = try Trigger(parsing: text, zone: zone, daylightRule: rule)
        return TriggerPreview(trigger, after: Instant(seconds: instant), count: count).times.map(
            \.wall
        )
    }

    /// 2026-01-01 00:00 in UTC, a Thursday.
    private static let newYear: Int64 = 1_767_225_600

    @Test(arguments: [
        ("*/20 * * * *", ["01 00:20", "01 00:40", "01 01:00"]),
        ("5/20 3 * * *", ["01 03:05", "01 03:25", "01 03:45"]),
        ("0 22-4/3 * * *", ["01 01:00", "01 04:00", "01 22:00"]),
        ("0 0 * * FRI-SUN", ["02 00:00", "03 00:00", "04 00:00"]),
        ("0 0 * * 7", ["04 00:00", "11 00:00", "18 00:00"]),
        ("0 0 1-1 * *", ["02-01 00:00", "03-01 00:00", "04-01 00:00"]),
        ("0 0 L * *", ["31 00:00", "02-28 00:00", "03-31 00:00"]),
        ("0 0 L-3 * *", ["28 00:00", "02-25 00:00", "03-28 00:00"]),
        // Saturday 31 January, 28 February, Tuesday 31 March.
        ("0 0 LW * *", ["30 00:00", "02-27 00:00", "03-31 00:00"]),
        // Sunday 1 February and 1 March: the Monday behind.
        ("0 0 1W * *", ["02-02 00:00", "03-02 00:00", "04-01 00:00"]),
        // Only months that have it; Sunday 31 May.
        ("0 0 31W 2,4,5 *", ["05-29 00:00", "2027-05-31 00:00", "2028-05-31 00:00"]),
        ("0 0 * * MON#2", ["12 00:00", "02-09 00:00", "03-09 00:00"]),
        ("0 0 * * 5L", ["30 00:00", "02-27 00:00", "03-27 00:00"]),
        // Either day counts where both are restricted, both where one begins with a star.
        ("0 0 3 * MON", ["03 00:00", "05 00:00", "12 00:00"]),
        ("0 0 */2 * MON", ["05 00:00", "19 00:00", "02-09 00:00"]),
        ("0 0 ? * MON", ["05 00:00", "12 00:00", "19 00:00"]),
        ("30 0 0 * * *", ["01 00:00:30", "02 00:00:30", "03 00:00:30"]),
        ("0 0 29 2 *", ["2028-02-29 00:00", "2032-02-29 00:00", "2036-02-29 00:00"]),
        ("@monthly", ["02-01 00:00", "03-01 00:00", "04-01 00:00"]),
        ("@every 1d12h", ["02 12:00", "04 00:00", "05 12:00"]),
        ("@every 1d/6h", ["01 06:00", "02 06:00", "03 06:00"]),
    ]) func `times of an expression`(text: String, times: [String]) throws {
        let found = try Self.next(text, after: Self.newYear)
        let wanted = times.map { time in
            let missing = ["2026-01-01 00:00:00", "2026-"]
            let day = time.count <= 8 + 3 && !time.contains("-") ? "2026-01-" + time : time
            let date = day.count < 14 ? missing[1] + day : day
            return (date.count == 16 ? date + ":00" : date) + " +00:00"
        }
        #expect(found == wanted, "\(text)")
    }

    @Test(arguments: [
        ("* * * *", "4 fields"), ("0 0 0 1 1 * 2026", "seven fields"), ("60 * * * *", "minute"),
        ("* 24 * * *", "hour"), ("* * 0 * *", "day of month"), ("* * * 13 *", "month"),
        ("* * * * 8", "day of week"), ("*/0 * * * *", "step"), ("*/61 * * * *", "step"),
        ("1,,2 * * * *", "missing"), ("1-2-3 * * * *", "two ends"), ("1/2/3 * * * *", "one step"),
        ("* * * january *", "jan"), ("* * * * L", "before L"), ("* * * * mon#6", "behind #"),
        ("* * L-31 * *", "behind L-"), ("* * 32W * *", "before W"), ("@reboot", "no time"),
        ("@fortnightly", "there are"), ("0 0 30 2 *", "never fires"),
        ("0 0 31 4,6,9,11 *", "never"),
        ("٣ * * * *", "letters"), ("@every 0s", "one second"), ("@every 11000d", "ten years"),
        ("@every soon", "such as"), ("TZ=Asia/Tokyo @every 1h", "every time zone"),
        ("@every 9223372036854775807s", "such as"),
        ("TZ=Mars/Phobos 0 0 * * *", "no time zone"), ("TZ=../../etc/passwd 0 0 * * *", "no name"),
        ("", "0 fields"),
    ]) func `what cannot be is refused, saying why`(text: String, words: String) {
        let error = #expect(throws: TriggerError.self) { try Trigger(parsing: text) }
        #expect(error?.message.contains(words) == true, "\(error?.message ?? "")")
    }

    @Test func `two zones that differ are refused`() throws {
        #expect(throws: TriggerError.self) {
            try Trigger(parsing: "TZ=Europe/Berlin 0 0 * * *", zone: "Europe/Paris")
        }
        let schedule = try Trigger(parsing: "CRON_TZ=Asia/Kathmandu 0 0 * * *")
        #expect(
            schedule.next(after: Instant(seconds: Self.newYear))
                == Instant(seconds: Self.newYear + 86_400 - 20_700)
        )
    }

    // MARK: Clocks that change

    /// 2026-03-07 00:00 in UTC: in New York clocks go from 2 to 3 the day after.
    private static let spring: Int64 = 1_772_841_600
    /// 2026-10-31 12:00 in UTC: in New York clocks go from 2 back to 1 the day after.
    private static let autumn: Int64 = 1_793_448_000

    @Test func `a time that is skipped runs once when the clocks are ahead of it`() throws {
        let zone = "America/New_York"
        #expect(
            try Self.next("30 2 * * *", zone, after: Self.spring) == [
                "2026-03-07 02:30:00 -05:00", "2026-03-08 03:00:00 -04:00",
                "2026-03-09 02:30:00 -04:00",
            ]
        )
        // Several of them, and a regular time at that instant, are one.
        #expect(
            try Self.next("0,20,40 2,3 8 3 *", zone, after: Self.spring) == [
                "2026-03-08 03:00:00 -04:00", "2026-03-08 03:20:00 -04:00",
                "2026-03-08 03:40:00 -04:00",
            ]
        )
        #expect(
            try Self.next("30 2 * * *", zone, after: Self.spring, rule: .skip) == [
                "2026-03-07 02:30:00 -05:00", "2026-03-09 02:30:00 -04:00",
                "2026-03-10 02:30:00 -04:00",
            ]
        )
        #expect(
            try Self.next("*/30 2 * * *", zone, after: Self.spring + 86_400) == [
                "2026-03-09 02:00:00 -04:00", "2026-03-09 02:30:00 -04:00",
                "2026-03-10 02:00:00 -04:00",
            ]
        )
    }

    @Test func `a time that comes twice runs the first time, every minute in both passes`() throws {
        let zone = "America/New_York"
        #expect(
            try Self.next("30 1 * * *", zone, after: Self.autumn) == [
                "2026-11-01 01:30:00 -04:00", "2026-11-02 01:30:00 -05:00",
                "2026-11-03 01:30:00 -05:00",
            ]
        )
        #expect(
            try Self.next("30 1 * * *", zone, after: Self.autumn, rule: .both) == [
                "2026-11-01 01:30:00 -04:00", "2026-11-01 01:30:00 -05:00",
                "2026-11-02 01:30:00 -05:00",
            ]
        )
        #expect(
            try Self.next("*/40 1 * * *", zone, after: Self.autumn, count: 5) == [
                "2026-11-01 01:00:00 -04:00", "2026-11-01 01:40:00 -04:00",
                "2026-11-01 01:00:00 -05:00", "2026-11-01 01:40:00 -05:00",
                "2026-11-02 01:00:00 -05:00",
            ]
        )
        // From within the second pass on, the first one is over.
        let second = Self.autumn + 18 * 3_600 + 600
        #expect(
            try Self.next("30 1 * * *", zone, after: second, count: 1)
                == ["2026-11-02 01:30:00 -05:00"]
        )
    }

    @Test func `zones of all kinds`() throws {
        // Half an hour, at 2.
        #expect(
            try Self.next("15 2 4 10 *", "Australia/Lord_Howe", after: Self.newYear, count: 1)
                == ["2026-10-04 02:30:00 +11:00"]
        )
        // Two hours, at 1 in UTC.
        #expect(
            try Self.next("30 1 29 3 *", "Antarctica/Troll", after: Self.newYear, count: 1)
                == ["2026-03-29 03:00:00 +02:00"]
        )
        // A day that was not: 30 December 2011.
        #expect(
            try Self.next("0 12 29,30,31 12 *", "Pacific/Apia", after: 1_325_000_000, count: 3)
                == [
                    "2011-12-29 12:00:00 -10:00", "2011-12-31 00:00:00 +14:00",
                    "2011-12-31 12:00:00 +14:00",
                ]
        )
        // The rule of the future holds for centuries.
        #expect(
            try Self.next("0 0 1 7 *", "Europe/Berlin", after: 10_000_000_000, count: 1)
                == ["2287-07-01 00:00:00 +02:00"]
        )
    }

    @Test func `what may surprise is said`() throws {
        let both = TriggerPreview(try Trigger(parsing: "0 0 1 * MON"), after: 0, count: 1)
        #expect(both.warnings.count == 1)
        let six = TriggerPreview(try Trigger(parsing: "0 0 0 1 * *"), after: 0, count: 1)
        #expect(six.warnings == ["the first of six fields is the second"])
        let skipped = TriggerPreview(
            try Trigger(parsing: "30 2 8 3 *", zone: "America/New_York"),
            after: Instant(seconds: Self.spring),
            count: 1
        )
        #expect(skipped.times.first?.note?.contains("skip") == true)
    }

    @Test func `an interval keeps to its anchor on both sides of it`() throws {
        let trigger = try Trigger(parsing: "@every 1h/10m")
        #expect(trigger.next(after: 599_999) == 600_000)
        #expect(trigger.next(after: 600_000) == 4_200_000)
        #expect(trigger.next(after: -3_000_001) == -3_000_000)
        #expect(trigger.next(after: -3_000_000) == 600_000)
    }
}
