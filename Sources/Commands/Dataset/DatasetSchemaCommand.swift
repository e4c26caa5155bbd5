import ArgumentParser
import Basics
import Columnar
import Daemon
import Iceberg
import ObjectStorage

/// `tributary dataset schema`.
struct DatasetSchemaCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "schema",
        abstract: "Show the columns of one table with their field ids."
    )

    @Argument(help: "The table: namespace.table.") var table: TableName
    @OptionGroup var lake: LakeOptions
    @Flag(help: "Print one JSON object.") var json = false

    private struct Report: Encodable {
        struct Column: Encodable {
            var id: Int
            var name: String
            var type: String
            var required: Bool
            var doc: String?
        }
        var table: String
        var schemaId: Int
        var columns: [Column]
        var key: [String]
    }

    func run() async throws {
        try await Interruptible.run {
            let opened = try await lake.open(.reading)
            let loaded = try await opened.catalog.load(table)
            guard let current = loaded.metadata.currentSchema else {
                throw IcebergError(.corrupt, "\(table) has no current schema")
            }
            let key = current.schema.fields
                .filter { current.identifierFieldIDs.contains($0.id) }.map(\.name)
            if json {
                try Terminal.json(
                    Report(
                        table: table.description,
                        schemaId: current.id,
                        columns: current.schema.fields.map {
                            Report.Column(
                                id: $0.id,
                                name: $0.name,
                                type: $0.type.description,
                                required: $0.isRequired,
                                doc: $0.documentation
                            )
                        },
                        key: key
                    )
                )
                return
            }
            var lines = TextTable(
                ["ID", "COLUMN", "TYPE", "NULLS", "KEY", "NOTE"],
                rightAligned: [0]
            )
            for field in current.schema.fields {
                lines.add([
                    String(field.id), field.name, field.type.description,
                    field.isRequired ? "no" : "yes", key.contains(field.name) ? "key" : "",
                    field.documentation ?? "",
                ])
            }
            lines.print()
        }
    }
}
