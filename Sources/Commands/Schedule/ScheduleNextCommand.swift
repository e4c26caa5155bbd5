import ArgumentParser
import Basics
import Definitions
import FoundationEssentials
import JSON
import Scheduling
import Server

/// `tributary schedule next`: a dry run of a trigger.
struct ScheduleNextCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "next",
        abstract: "Show when a trigger fires next, in its time zone and in UTC."
    )

    @Argument(
        help: ArgumentHelp(
            "A schedule's id, or a trigger: five fields of cron (minute hour day-of-month month day-of-week), six with seconds first, "
                + "@daily and the like, or @every 90m.",
            valueName: "trigger"
        )
    )
    var trigger: String

    @Option(
        help: ArgumentHelp("The time zone, as in Europe/Berlin (default: UTC).", valueName: "zone")
    )
    var timeZone: String?

    @Option(
        help: ArgumentHelp(
            "What becomes of times that clocks skip or show twice: vixie runs once in either case, skip "
                + "leaves out skipped ones, both runs at both.",
            valueName: "rule"
        )
    )
    var dst = CronSchedule.DaylightRule.vixie

    @Option(help: ArgumentHelp("How many times.", valueName: "n")) var count = 10

    @Option(
        help: ArgumentHelp(
            "Times behind this one, as in 2026-03-29T00:00:00Z (default: now).",
            valueName: "time"
        )
    )
    var after: String?

    @OptionGroup var control: ControlOptions

    /// Whether the argument is a schedule's id: a trigger has blanks, or begins with `@`.
    private var isID: Bool { !trigger.contains(" ") && !trigger.hasPrefix("@") }

    private struct Report: Encodable {
        struct Time: Encodable {
            var utc: String
            var local: String
            var note: String?
        }
        var trigger: String
        var times: [Time]
        var warnings: [String]
    }

    func validate() throws {
        guard (1...1_000).contains(count) else {
            throw ValidationError("--count is a number from 1 to 1000")
        }
        if let after, Instant(parsing: after) == nil {
            throw ValidationError("--after is a time like 2026-03-29T00:00:00Z, not \(after)")
        }
    }

    func run() async throws {
        if isID { return try await showSchedule() }
        try await Interruptible.run {
            let parsed = try Trigger(parsing: trigger, zone: timeZone, daylightRule: dst)
            let start = after.flatMap(Instant.init(parsing:)) ?? Clocks.machine.now()
            let preview = TriggerPreview(parsed, after: start, count: count)
            let times = preview.times.map {
                Report.Time(utc: $0.instant.description, local: $0.wall, note: $0.note)
            }
            if control.json {
                try Terminal.json(
                    Report(trigger: trigger, times: times, warnings: preview.warnings)
                )
                return
            }
            var table = TextTable(["LOCAL", "UTC", "NOTE"])
            for time in times { table.add([time.local, time.utc, time.note ?? ""]) }
            table.print()
            if times.isEmpty { Terminal.note(Self.timelessness) }
            for warning in preview.warnings { Terminal.note("note: \(warning)") }
        }
    }

    private func showSchedule() async throws {
        try await control.withClient { client in
            let answer = try await client.send(
                .get,
                "/schedules/\(APIClient.escaped(trigger))/next",
                query: [(name: "count", value: String(count))]
            )
            try control.show(answer) { answer in
                var table = TextTable(["LOCAL", "UTC", "NOTE"])
                if case .array(let times)? = answer["times"] {
                    for time in times {
                        table.add([
                            Answers.text(time["local"]), Answers.text(time["utc"]),
                            time["note"]?.string ?? "",
                        ])
                    }
                }
                table.print()
                if case .array(let times)? = answer["times"], times.isEmpty {
                    Terminal.note(Self.timelessness)
                }
                if case .array(let warnings)? = answer["warnings"] {
                    for warning in warnings { Terminal.note("note: \(Answers.text(warning))") }
                }
            }
        }
    }

    /// Why there is nothing to show.
    private static let timelessness =
        "note: there are no times to come: the trigger waits for something else than the time, or has none "
        + "left"
}

extension CronSchedule.DaylightRule: ExpressibleByArgument {}
