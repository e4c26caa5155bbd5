import Definitions
import JSON
import Server

/// What answers of the API look like on a terminal.
enum Answers {
    /// A field of an answer, as text; a dash where it is missing.
    static func text(_ value: JSONValue?) -> String {
        switch value {
        case .string(let text)?: text
        case .integer(let number)?: Words.count(Int64(number))
        case .number(let number)?: String(number)
        case .boolean(let truth)?: truth ? "yes" : "no"
        case .array(let items)?: items.map { text($0) }.joined(separator: ", ")
        case .null?, .object?, nil: "-"
        }
    }

    /// The items of a page.
    static func items(_ page: JSONValue) -> [JSONValue] {
        if case .array(let items)? = page["items"] { items } else { [] }
    }

    /// Prints runs as a table.
    static func showRuns(_ runs: [JSONValue]) {
        var table = TextTable(
            ["RUN", "STATE", "DATASET", "ATTEMPTS", "ROWS", "ENDED", "WHY"],
            rightAligned: [3, 4]
        )
        for run in runs {
            let reason = run["message"] ?? run["reason"]
            table.add([
                text(run["id"]), text(run["state"]), text(run["dataset"]), text(run["attempts"]),
                text(run["rows"]), text(run["ended_at"]), reason.map { text($0) } ?? "",
            ])
        }
        table.print()
    }

    /// Prints a run.
    static func showRun(_ run: JSONValue) {
        for field in [
            "id", "state", "reason", "dataset", "origin", "scheduled_for", "started_at", "ended_at",
            "retry_at", "rows_rule", "attempts", "rows", "replaced_rows", "comparison",
            "bytes_read", "bytes_written", "failure_class", "message",
        ] where run[field] != nil {
            let name = field.map { $0 == "_" ? " " : String($0) }.joined()
            Terminal.result(
                name + String(repeating: " ", count: max(1, 16 - name.count)) + text(run[field])
            )
        }
        if case .array(let warnings)? = run["warnings"] {
            for warning in warnings { Terminal.note("warning: \(text(warning))") }
        }
    }

    /// Prints a schedule.
    static func showSchedule(_ view: JSONValue) {
        let definition = view["definition"] ?? .null
        let status = view["status"] ?? .null
        for (name, value) in [
            ("schedule", definition["id"]), ("state", status["state"]),
            ("because", status["pause_reason"]), ("problem", view["problem"]),
            ("trigger", definition["trigger"]), ("time zone", definition["time_zone"]),
            ("next due", status["next_due"]), ("stream", definition["stream"]),
            ("dataset", definition["dataset"]), ("mode", definition["sync"]?["mode"]),
            ("overlap", definition["overlap"]), ("failures", status["failures_in_a_row"]),
            ("last run", status["last_run"]?["id"]), ("its state", status["last_run"]?["state"]),
        ] where value != nil {
            Terminal.result(
                name + String(repeating: " ", count: max(1, 12 - name.count)) + text(value)
            )
        }
    }

    /// Prints schedules as a table.
    static func showSchedules(_ views: [JSONValue]) {
        var table = TextTable(["SCHEDULE", "STATE", "TRIGGER", "DATASET", "NEXT DUE", "LAST RUN"])
        for view in views {
            let definition = view["definition"]
            table.add([
                text(definition?["id"] ?? view["id"]), text(view["status"]?["state"]),
                text(definition?["trigger"] ?? view["problem"]), text(definition?["dataset"]),
                text(view["status"]?["next_due"]), text(view["status"]?["last_run"]?["state"]),
            ])
        }
        table.print()
    }
}

extension ControlOptions {
    /// Shows an answer as JSON where that was asked for, else in words.
    func show(_ answer: JSONValue, _ words: (JSONValue) -> Void) throws {
        if json { Terminal.json(answer) } else { words(answer) }
    }
}
