import ArgumentParser
import Definitions
import JSON
import Server

/// `tributary schedule list`.
struct ScheduleListCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "list",
        abstract: "List schedules, with when they are next due and how they last ended."
    )

    @OptionGroup var control: ControlOptions

    func run() async throws {
        try await control.withClient { client in
            var items: [JSONValue] = []
            var after: String?
            repeat {
                let page = try await client.send(
                    .get,
                    "/schedules",
                    query: [(name: "limit", value: "1000")]
                        + (after.map { [(name: "after", value: $0)] } ?? [])
                )
                items += Answers.items(page)
                after = page["next"]?.string
            } while after != nil
            try control.show(.object(["items": .array(items)])) { _ in
                Answers.showSchedules(items)
            }
        }
    }
}
