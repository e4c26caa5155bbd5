package import Basics

/// When a trigger will fire, and what about that may surprise.
package struct TriggerPreview: Hashable, Sendable {
    /// One of the next times.
    package struct Time: Hashable, Sendable {
        /// When it is.
        package let instant: Instant
        /// What the zone's clock shows then, with its distance from UTC.
        package let wall: String
        /// Why it is not at the time the expression names; nil where it is.
        package let note: String?
    }

    package let times: [Time]
    /// One sentence each.
    package let warnings: [String]

    /// Looks at the next `count` times behind an instant.
    package init(_ trigger: Trigger, after instant: Instant, count: Int) {
        var times: [Time] = []
        var last = instant
        while times.count < count, let next = trigger.next(after: last) {
            times.append(Self.time(trigger, next))
            last = next
        }
        self.times = times
        var warnings: [String] = []
        if case .cron(let schedule) = trigger {
            if schedule.expression.hasTwoDayFields {
                warnings.append(
                    "a day is right when its number or its weekday is: write one of them as * to go by "
                        + "the other alone"
                )
            }
            if schedule.expression.text.split(separator: " ").count == 6 {
                warnings.append("the first of six fields is the second")
            }
        }
        self.warnings = warnings
    }

    private static func time(_ trigger: Trigger, _ instant: Instant) -> Time {
        guard case .cron(let schedule) = trigger else {
            return Time(instant: instant, wall: wall(instant.seconds, .utc), note: nil)
        }
        let zone = schedule.zone
        let second = instant.seconds
        let wall = second + zone.offset(at: second)
        var note: String?
        if schedule.expression.firstTime(from: wall) != wall {
            note = "as soon as clocks are ahead of a time they skip"
        } else if zone.moment(ofWall: wall) != .at(second) {
            note = "the second time that clocks show it"
        }
        return Time(instant: instant, wall: Self.wall(second, zone), note: note)
    }

    private static func wall(_ instant: Int64, _ zone: ZoneRules) -> String {
        let offset = zone.offset(at: instant)
        let minutes = abs(offset) / 60
        let digits = [minutes / 60, minutes % 60].map { $0 < 10 ? "0\($0)" : "\($0)" }
        return
            "\(CivilTime(seconds: instant + offset)) \(offset < 0 ? "-" : "+")\(digits[0]):\(digits[1])"
    }
}
