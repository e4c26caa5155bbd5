import ArgumentParser

/// `tributary schedule`: what is done when.
struct ScheduleCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "schedule",
        abstract: "Define schedules, look at them, and run, pause and resume them.",
        subcommands: [
            ScheduleCreateCommand.self, ScheduleListCommand.self, ScheduleShowCommand.self,
            ScheduleEditCommand.self, ScheduleDeleteCommand.self, ScheduleRunCommand.self,
            SchedulePauseCommand.self, ScheduleResumeCommand.self, ScheduleNextCommand.self,
            ScheduleBackfillCommand.self,
        ]
    )
}
