import ArgumentParser
import Basics
import Daemon
import Iceberg
import Ingest
import ObjectStorage

/// `tributary ledger list`.
struct LedgerListCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "list",
        abstract: "List the runs whose ledgers are kept, newest last."
    )

    @Argument(help: "Only of this table: namespace.table.") var table: TableName?
    @OptionGroup var lake: LakeOptions
    @Flag(help: "Only runs that have not ended.") var unfinished = false
    @Flag(help: "Print one JSON object.") var json = false

    private struct Report: Encodable {
        var lake: String
        var runs: [LedgerSummary]
    }

    func run() async throws {
        try await Interruptible.run {
            let registry = try await lake.open(.reading).registry
            var runs: [LedgerSummary] = []
            let tables =
                if let table { [table] } else { try await registry.tables() }
            for table in tables {
                for number in try await registry.numbers(of: table) {
                    guard let state = try await registry.state(of: table, run: number),
                        state.end == nil || !unfinished
                    else { continue }
                    runs.append(LedgerSummary(state, table: table))
                }
            }
            if json {
                try Terminal.json(Report(lake: try lake.folder(), runs: runs))
            } else {
                LedgerSummary.show(runs)
            }
        }
    }
}
