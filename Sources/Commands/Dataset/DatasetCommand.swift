import ArgumentParser

/// `tributary dataset`: what a lake holds.
struct DatasetCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "dataset",
        abstract: "Look at the tables of a lake.",
        subcommands: [
            DatasetListCommand.self, DatasetShowCommand.self, DatasetSchemaCommand.self,
            DatasetHistoryCommand.self,
        ]
    )
}
