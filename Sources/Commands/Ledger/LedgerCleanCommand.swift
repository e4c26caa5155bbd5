import ArgumentParser
import Basics
import Daemon
import Iceberg
import Ingest
import ObjectStorage

/// `tributary ledger clean`.
struct LedgerCleanCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "clean",
        abstract: "Remove the files of ended runs that no snapshot names, and old ledgers.",
        discussion: "Runs that have not ended keep what they have: end them with `ledger cancel`."
    )

    @Argument(help: "Only of this table: namespace.table.") var table: TableName?
    @OptionGroup var lake: LakeOptions

    func run() async throws {
        try await Interruptible.run {
            let opened = try await lake.open(.writing)
            let tables =
                if let table {
                    [table]
                } else {
                    try await opened.registry.tables()
                }
            for table in tables {
                for number in try await opened.registry.numbers(of: table) {
                    guard let state = try await opened.registry.state(of: table, run: number),
                        state.end != nil
                    else { continue }
                    let outcome = try await opened.cleaner.clean(table, run: number)
                    guard outcome.fileCount > 0 || outcome.obstacle != nil else { continue }
                    Terminal.result("run \(number) of \(table): \(outcome.words)")
                }
                try await opened.cleaner.prune(table)
            }
        }
    }
}
