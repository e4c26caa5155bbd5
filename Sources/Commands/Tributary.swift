package import ArgumentParser
import Columnar

/// The command line: `<noun> <verb>`, with short ways for what is done most.
package struct Tributary: AsyncParsableCommand {
    package static let configuration = CommandConfiguration(
        commandName: "tributary",
        abstract: "Land tables as Apache Iceberg tables, exactly.",
        version: Release.version,
        groupedSubcommands: [
            CommandGroup(
                name: "Reading a source",
                subcommands: [
                    SyncCommand.self, CheckCommand.self, DiscoverCommand.self,
                    PlanCommand.self,
                ]
            ),
            CommandGroup(name: "The lake", subcommands: [DatasetCommand.self, LedgerCommand.self]),
            CommandGroup(
                name: "By itself",
                subcommands: [
                    ServeCommand.self, ScheduleCommand.self, RunCommand.self, SourceCommand.self,
                    SecretCommand.self, TokenCommand.self, ApplyCommand.self,
                ]
            ),
            CommandGroup(name: "Trying it", subcommands: [DemoCommand.self]),
        ]
    )

    package init() {}

    /// Parses the arguments, runs the command and exits with its status (docs/cli.md).
    package static func start() async {
        await main()
    }
}
