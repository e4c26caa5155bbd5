import ArgumentParser
import Basics
import Columnar
import Daemon
import Iceberg
import ObjectStorage

/// `tributary dataset show`.
struct DatasetShowCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "show",
        abstract: "Show one table: rows, bytes, files, snapshot."
    )

    @Argument(help: "The table: namespace.table.") var table: TableName
    @OptionGroup var lake: LakeOptions
    @Flag(help: "Print one JSON object.") var json = false

    private struct Report: Encodable {
        struct File: Encodable {
            var path: String
            var rows: Int64
            var bytes: Int64
        }
        var summary: DatasetSummary
        var metadata: String
        var formatVersion: Int
        var columns: Int
        var snapshots: Int
        var files: [File]
        var properties: [String: String]

        enum CodingKeys: String, CodingKey {
            case metadata, formatVersion, columns, snapshots, dataFiles, properties
        }

        func encode(to encoder: any Encoder) throws {
            try summary.encode(to: encoder)
            var container = encoder.container(keyedBy: CodingKeys.self)
            try container.encode(metadata, forKey: .metadata)
            try container.encode(formatVersion, forKey: .formatVersion)
            try container.encode(columns, forKey: .columns)
            try container.encode(snapshots, forKey: .snapshots)
            try container.encode(files, forKey: .dataFiles)
            try container.encode(properties, forKey: .properties)
        }
    }

    func run() async throws {
        try await Interruptible.run {
            let opened = try await lake.open(.reading)
            let loaded = try await opened.catalog.load(table)
            let files = try await loaded.files()
            let summary = await DatasetSummary(loaded)
            if json {
                try Terminal.json(
                    Report(
                        summary: summary,
                        metadata: loaded.metadataLocation,
                        formatVersion: loaded.metadata.formatVersion,
                        columns: loaded.metadata.currentSchema?.schema.fields.count ?? 0,
                        snapshots: loaded.metadata.snapshots.count,
                        files: files.map {
                            Report.File(path: $0.path, rows: $0.rowCount, bytes: $0.byteCount)
                        },
                        properties: loaded.metadata.properties
                    )
                )
                return
            }
            let newest = loaded.history.first
            Terminal.result("table     \(summary.name)")
            Terminal.result("location  \(summary.location)")
            Terminal.result("rows      \(summary.rows.map(Words.count) ?? "?")")
            Terminal.result(
                "size      \(summary.bytes.map(Words.bytes) ?? "?") in "
                    + Words.count(Int64(files.count), "file")
            )
            Terminal.result(
                "columns   \(loaded.metadata.currentSchema?.schema.fields.count ?? 0)"
            )
            Terminal.result("snapshot  \(summary.snapshotId.map(String.init) ?? "none")")
            Terminal.result("updated   \(summary.updatedAt)")
            if let stream = newest?.summary["tributary.stream"] {
                Terminal.result(
                    "from      \(stream) of \(newest?.summary["tributary.source"] ?? "?")"
                )
            }
        }
    }
}
