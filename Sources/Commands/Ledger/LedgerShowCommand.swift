import ArgumentParser
import Basics
import Daemon
import Iceberg
import Ingest
import ObjectStorage

/// `tributary ledger show`.
struct LedgerShowCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "show",
        abstract: "Show one run: its attempts, its checkpoints and what it left."
    )

    @OptionGroup var choice: LedgerChoice
    @OptionGroup var lake: LakeOptions
    @Flag(help: "Print one JSON object.") var json = false

    func run() async throws {
        try await Interruptible.run {
            let state = try await choice.state(in: lake.open(.reading).registry)
            let summary = LedgerSummary(
                state,
                table: choice.table,
                showsCheckpoints: true
            )
            if json { return try Terminal.json(summary) }
            Terminal.result("run       \(summary.run) of \(summary.table), \(summary.runId)")
            Terminal.result("reads     \(summary.stream) of \(summary.source)")
            Terminal.result(
                "status    \(summary.status)" + (summary.reason.map { ": \($0)" } ?? "")
            )
            Terminal.result("started   \(summary.startedAt), last heard of \(summary.lastAt)")
            Terminal.result("attempts  \(summary.attempts), the last by \(summary.owner)")
            Terminal.result("rows are  of one snapshot: \(state.isProven ? "yes" : "no")")
            Terminal.result("ledger    \(summary.entries) entries")
            Terminal.result("")
            var table = TextTable(
                ["ENTRY", "ROWS", "BYTES", "FILES", "SLICES"],
                rightAligned: [0, 1, 2, 3]
            )
            for checkpoint in summary.checkpoints ?? [] {
                table.add([
                    String(checkpoint.entry), Words.count(checkpoint.rows),
                    Words.bytes(checkpoint.bytes), String(checkpoint.files.count),
                    checkpoint.slices.joined(separator: " "),
                ])
            }
            table.print()
        }
    }
}

/// A table and one of its runs.
struct LedgerChoice: ParsableArguments {
    @Argument(help: "The table: namespace.table.") var table: TableName
    @Option(
        name: .customLong("run"),
        help: ArgumentHelp("The run's number; the newest by default.", valueName: "number")
    )
    var number: Int?

    /// What the ledger of the run says.
    func state(in registry: RunRegistry) async throws -> RunState {
        let found: RunState?
        if let number {
            found = try await registry.state(of: table, run: number)
        } else {
            found = try await registry.newest(of: table)
        }
        guard let found else {
            throw IcebergError(
                .notFound,
                number.map { "\(table) has no run \($0); see `tributary ledger list`" }
                    ?? "\(table) has no runs"
            )
        }
        return found
    }
}
