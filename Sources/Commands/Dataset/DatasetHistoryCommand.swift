import ArgumentParser
import Basics
import Daemon
import Iceberg
import ObjectStorage

/// `tributary dataset history`.
struct DatasetHistoryCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "history",
        abstract: "Show the snapshots of one table, newest first."
    )

    @Argument(help: "The table: namespace.table.") var table: TableName
    @OptionGroup var lake: LakeOptions
    @Flag(help: "Print one JSON object.") var json = false

    private struct Report: Encodable {
        struct Snapshot: Encodable {
            var snapshotId: Int64
            var parentId: Int64?
            var committedAt: String
            var operation: String
            var schemaId: Int?
            var rows: Int64?
            var addedRows: Int64
            var deletedRows: Int64
            var files: Int64?
            var bytes: Int64?
            var summary: [String: String]
        }
        var table: String
        var snapshots: [Snapshot]
    }

    func run() async throws {
        try await Interruptible.run {
            let opened = try await lake.open(.reading)
            let history = try await opened.catalog.load(table).wholeHistory()
            if json {
                try Terminal.json(
                    Report(
                        table: table.description,
                        snapshots: history.map { entry in
                            Report.Snapshot(
                                snapshotId: entry.snapshotID,
                                parentId: entry.parentID,
                                committedAt: DatasetSummary.words(entry.timestamp),
                                operation: entry.operation,
                                schemaId: entry.schemaID,
                                rows: entry.rowCount,
                                addedRows: entry.addedRowCount,
                                deletedRows: entry.deletedRowCount,
                                files: entry.fileCount,
                                bytes: entry.byteCount,
                                summary: entry.summary
                            )
                        }
                    )
                )
                return
            }
            var lines = TextTable(
                ["SNAPSHOT", "COMMITTED", "OPERATION", "ROWS", "ADDED", "DELETED", "FILES", "RUN"],
                rightAligned: [3, 4, 5, 6]
            )
            for entry in history {
                lines.add([
                    String(entry.snapshotID), DatasetSummary.words(entry.timestamp),
                    entry.operation, entry.rowCount.map(Words.count) ?? "?",
                    Words.count(entry.addedRowCount), Words.count(entry.deletedRowCount),
                    entry.fileCount.map(String.init) ?? "?",
                    entry.summary["tributary.run-id"] ?? "",
                ])
            }
            lines.print()
        }
    }
}
