import Basics
import Scheduling

/// When a schedule is due next, over and over: each value is one answer.
let triggerCases: [Case] = [
    ("daily", "30 2 * * *", 2_000),
    ("quarters", "*/15 * * * *", 2_000),
    ("weekdays", "0 9-17 * * MON-FRI", 2_000),
    ("leap-day", "0 0 29 2 MON#5", 20),
].map { name, text, count in
    Case("trigger.\(name)", values: count) {
        let trigger = try Trigger(parsing: text, zone: "America/New_York")
        return {
            // 2026-01-01.
            let start = Instant(seconds: 1_767_225_600)
            var instant = start
            for _ in 0..<count { instant = trigger.next(after: instant) ?? start }
        }
    }
}
