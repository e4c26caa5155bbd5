import ArgumentParser
import Server

/// `tributary schedule show`.
struct ScheduleShowCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "show",
        abstract: "Show a schedule and its last runs."
    )

    @Argument(help: "The schedule's id.") var id: String
    @OptionGroup var control: ControlOptions

    func run() async throws {
        try await control.withClient { client in
            let path = "/schedules/\(APIClient.escaped(id))"
            let view = try await client.send(.get, path)
            if control.json { return Terminal.json(view) }
            Answers.showSchedule(view)
            let runs = try await client.send(
                .get,
                path + "/runs",
                query: [(name: "limit", value: "10")]
            )
            Terminal.result("")
            Answers.showRuns(Answers.items(runs))
        }
    }
}
