import ArgumentParser

/// `tributary dataset`: what a lake holds.
struct DatasetCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "dataset",
        abstract: "Look at the tables of a lake, and take one back to an earlier snapshot.",
        subcommands: [
            DatasetListCommand.self, DatasetShowCommand.self, DatasetSchemaCommand.self,
            DatasetHistoryCommand.self, DatasetRollbackCommand.self, DatasetCursorCommand.self,
        ]
    )
}
