import ArgumentParser

/// `tributary ledger`: the runs of a lake's tables, as their ledgers tell them.
struct LedgerCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "ledger",
        abstract: "Look at runs, end unfinished ones and remove what they left.",
        subcommands: [
            LedgerListCommand.self, LedgerShowCommand.self, LedgerCancelCommand.self,
            LedgerCleanCommand.self,
        ]
    )
}
