import ArgumentParser
import Definitions
import JSON
import Server

/// `tributary schedule delete`.
struct ScheduleDeleteCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "delete",
        abstract: "Delete a schedule; its run is stopped, its table stays."
    )

    @Argument(help: "The schedule's id.") var id: String
    @OptionGroup var control: ControlOptions

    func run() async throws {
        try await control.withClient { client in
            try await client.send(.delete, "/schedules/\(APIClient.escaped(id))")
            Terminal.note("deleted \(id)")
        }
    }
}

/// `tributary schedule run`.
struct ScheduleRunCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "run",
        abstract: "Run a schedule now, also one that is paused."
    )

    @Argument(help: "The schedule's id.") var id: String
    @Flag(help: "Keep the rows that the table has, whoever wrote them, and merge into them.")
    var adopt = false
    @Flag(help: "Read the stream from its beginning, and replace the rows that the table has.")
    var restart = false
    @Flag(help: "Wait for its end, and fail where it does.") var wait = false
    @OptionGroup var control: ControlOptions

    func validate() throws {
        guard !adopt || !restart else {
            throw ValidationError("--adopt keeps rows, --restart replaces them: leave one out")
        }
    }

    func run() async throws {
        let rule = adopt ? "adopt" : restart ? "restart" : nil
        try await control.withClient { client in
            var run = try await client.send(
                .post,
                "/schedules/\(APIClient.escaped(id))/run",
                rule.map { .object(["rows_rule": .string($0)]) }
            )
            if wait, let id = run["id"]?.string {
                run = try await RunWatch(client: client, isQuiet: control.json).follow(id)
            }
            try control.show(run, Answers.showRun)
            if wait { try RunWatch.requireSuccess(run) }
        }
    }
}

/// `tributary schedule pause`.
struct SchedulePauseCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "pause",
        abstract: "Pause a schedule: nothing of it is due until it is resumed."
    )

    @Argument(help: "The schedule's id.") var id: String
    @OptionGroup var control: ControlOptions

    func run() async throws {
        try await control.withClient { client in
            let view = try await client.send(.post, "/schedules/\(APIClient.escaped(id))/pause")
            try control.show(view, Answers.showSchedule)
        }
    }
}

/// `tributary schedule resume`.
struct ScheduleResumeCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "resume",
        abstract: "Resume a schedule, whoever or whatever paused it."
    )

    @Argument(help: "The schedule's id.") var id: String
    @OptionGroup var control: ControlOptions

    func run() async throws {
        try await control.withClient { client in
            let view = try await client.send(.post, "/schedules/\(APIClient.escaped(id))/resume")
            try control.show(view, Answers.showSchedule)
        }
    }
}

/// `tributary schedule backfill`.
struct ScheduleBackfillCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "backfill",
        abstract: "Run a schedule for the times of a range, behind everything else."
    )

    @Argument(help: "The schedule's id.") var id: String
    @Option(help: ArgumentHelp("The first time, as in 2026-11-01T00:00:00Z.", valueName: "time"))
    var from: String
    @Option(help: ArgumentHelp("The time behind the last one.", valueName: "time")) var to: String
    @OptionGroup var control: ControlOptions

    func run() async throws {
        try await control.withClient { client in
            let answer = try await client.send(
                .post,
                "/schedules/\(APIClient.escaped(id))/backfill",
                .object(["from": .string(from), "to": .string(to)])
            )
            try control.show(answer) { answer in
                if case .array(let runs)? = answer["runs"] {
                    for run in runs { Terminal.result(Answers.text(run)) }
                }
            }
        }
    }
}
