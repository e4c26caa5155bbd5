import ArgumentParser
import Basics
import Daemon
import Iceberg
import ObjectStorage

/// `tributary dataset rollback`.
struct DatasetRollbackCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "rollback",
        abstract: "Make an earlier snapshot of a table its current one.",
        discussion: """
            Readers see that snapshot's rows from then on. Nothing is deleted: the snapshot that was \
            current can be made so again. The cursor goes back with the table: the next incremental \
            sync loads what came after.
            """
    )

    @Argument(help: "The table: namespace.table.") var table: TableName
    @Option(help: "The snapshot, as `dataset history` shows it.") var to: Int64
    @OptionGroup var lake: LakeOptions

    func run() async throws {
        try await Interruptible.run {
            let opened = try await lake.open(.writing)
            var transaction = try await opened.catalog.beginTransaction(table)
            let before = transaction.base?.metadata.currentSnapshotID
            try transaction.rollBack(to: to)
            guard before != to else {
                Terminal.result("\(table) is at snapshot \(to) already")
                return
            }
            let result = try await transaction.commit()
            Terminal.result(
                "\(table) is at snapshot \(to) again, with "
                    + Words.count(result.totals.rowCount, "row")
                    + (before.map { "; it was at \($0)" } ?? "")
            )
        }
    }
}
