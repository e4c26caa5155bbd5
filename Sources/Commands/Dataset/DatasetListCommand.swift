import ArgumentParser
import Daemon
import Iceberg
import ObjectStorage

/// `tributary dataset list`.
struct DatasetListCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "list",
        abstract: "List the tables of a lake."
    )

    @OptionGroup var lake: LakeOptions
    @Flag(help: "Print one JSON object.") var json = false

    private struct Report: Encodable {
        var lake: String
        var datasets: [DatasetSummary]
    }

    func run() async throws {
        try await Interruptible.run {
            let opened = try await lake.open(.reading)
            var summaries: [DatasetSummary] = []
            for identifier in try await opened.catalog.tables() {
                let table = try await opened.catalog.load(identifier)
                summaries.append(await DatasetSummary(table))
            }
            if json {
                try Terminal.json(Report(lake: try lake.folder(), datasets: summaries))
                return
            }
            var table = TextTable(
                ["TABLE", "ROWS", "BYTES", "FILES", "UPDATED"],
                rightAligned: [1, 2, 3]
            )
            for summary in summaries {
                table.add([
                    summary.name, summary.rows.map(Words.count) ?? "?",
                    summary.bytes.map(Words.bytes) ?? "?", summary.files.map(String.init) ?? "?",
                    summary.updatedAt,
                ])
            }
            table.print()
        }
    }
}
