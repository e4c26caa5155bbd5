import ArgumentParser
import Daemon
import Iceberg
import Ingest
import ObjectStorage

/// `tributary ledger cancel`.
struct LedgerCancelCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "cancel",
        abstract: "End an unfinished run: nobody resumes it, and its files are removed.",
        discussion: """
            A process that still works at the run stops at its next checkpoint and publishes \
            nothing. The table stays as it is.
            """
    )

    @OptionGroup var choice: LedgerChoice
    @OptionGroup var lake: LakeOptions

    func run() async throws {
        try await Interruptible.run {
            let opened = try await lake.open(.writing)
            let state = try await choice.state(in: opened.registry)
            let table = choice.table
            guard state.end == nil else {
                Terminal.result("run \(state.number) of \(table) has ended already")
                return
            }
            let present = try await opened.catalog.loadIfPresent(table)
            if let snapshot = present?.metadata.snapshot(ofRun: state.record.runID) {
                // It came as far as its commit; only the last entry is missing.
                try await opened.registry.close(table, state, snapshotID: snapshot.id)
                Terminal.result(
                    "run \(state.number) of \(table) has ended already: it is snapshot \(snapshot.id)"
                )
                return
            }
            try await opened.registry.abandon(table, state, reason: "cancelled by hand")
            let outcome = try await opened.cleaner.clean(table, run: state.number)
            Terminal.result("run \(state.number) of \(table) is cancelled; " + outcome.words)
        }
    }
}

extension RunCleaner.Outcome {
    /// What was done, in words.
    var words: String {
        if let obstacle { return "its files stay: \(obstacle)" }
        return "\(Words.count(Int64(fileCount), "file")) removed, \(Words.bytes(byteCount))"
    }
}
