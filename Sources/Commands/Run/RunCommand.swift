import ArgumentParser
import Definitions
import JSON
import Server

/// `tributary run`: what became of schedules' occurrences.
struct RunCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "run",
        abstract: "Look at the runs of schedules, watch them and cancel them.",
        subcommands: [
            RunListCommand.self, RunShowCommand.self, RunWatchCommand.self, RunCancelCommand.self,
        ]
    )
}

/// `tributary run list`.
struct RunListCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "list",
        abstract:
            "List runs, the newest first; occurrences that did not run are there, with the reason."
    )

    @Option(help: "Only runs of this schedule.") var schedule: String?
    @Option(help: "Only runs in this state: pending, running, succeeded, failed and others.")
    var state: String?
    @Option(help: "How many.") var limit = 50
    @OptionGroup var control: ControlOptions

    func run() async throws {
        try await control.withClient { client in
            var query = [(name: "limit", value: String(limit))]
            if let schedule { query.append((name: "schedule", value: schedule)) }
            if let state { query.append((name: "state", value: state)) }
            let page = try await client.send(.get, "/runs", query: query)
            try control.show(page) { Answers.showRuns(Answers.items($0)) }
        }
    }
}

/// `tributary run show`.
struct RunShowCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "show",
        abstract: "Show a run and its attempts."
    )

    @Argument(help: "The run's id.") var id: String
    @OptionGroup var control: ControlOptions

    func run() async throws {
        try await control.withClient { client in
            let run = try await client.send(.get, "/runs/\(APIClient.escaped(id))")
            if control.json { return Terminal.json(run) }
            Answers.showRun(run)
            guard case .array(let attempts)? = run["attempt_list"] else { return }
            Terminal.result("")
            var table = TextTable(
                ["ATTEMPT", "STARTED", "ENDED", "END", "ROWS", "WHY"],
                rightAligned: [0, 4]
            )
            for attempt in attempts {
                table.add(
                    ["attempt", "started_at", "ended_at", "end", "rows"].map {
                        Answers.text(attempt[$0])
                    } + [attempt["message"].map { Answers.text($0) } ?? ""]
                )
            }
            table.print()
        }
    }
}

/// `tributary run watch`.
struct RunWatchCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "watch",
        abstract: "Show a run's progress until it ends, and fail where it does."
    )

    @Argument(help: "The run's id.") var id: String
    @OptionGroup var control: ControlOptions

    func run() async throws {
        try await control.withClient { client in
            let run = try await RunWatch(client: client, isQuiet: control.json).follow(id)
            try control.show(run, Answers.showRun)
            try RunWatch.requireSuccess(run)
        }
    }
}

/// `tributary run cancel`.
struct RunCancelCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "cancel",
        abstract: "Stop a run; the table stays as it was before."
    )

    @Argument(help: "The run's id.") var id: String
    @OptionGroup var control: ControlOptions

    func run() async throws {
        try await control.withClient { client in
            let run = try await client.send(.post, "/runs/\(APIClient.escaped(id))/cancel")
            try control.show(run, Answers.showRun)
        }
    }
}
