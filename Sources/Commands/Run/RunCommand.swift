import ArgumentParser

/// `tributary run`: the runs of a lake's tables, as their ledgers tell them.
struct RunCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "run",
        abstract: "Look at runs, end unfinished ones and remove what they left.",
        subcommands: [
            RunListCommand.self, RunShowCommand.self, RunCancelCommand.self, RunCleanCommand.self,
        ]
    )
}
