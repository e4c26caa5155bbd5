import ArgumentParser

/// `tributary schedule`: when things are due.
struct ScheduleCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "schedule",
        abstract: "Look at when a schedule would run.",
        subcommands: [ScheduleNextCommand.self]
    )
}
