import ArgumentParser
import Basics
import Daemon
import Iceberg
import Ingest
import ObjectStorage
import Streams

/// `tributary dataset cursor`.
struct DatasetCursorCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "cursor",
        abstract: "Show where the next incremental sync of a table goes on.",
        discussion: """
            With --airbyte it is printed as a STATE message, for another tool to take over; \
            `sync --state` takes such a message.
            """
    )

    @Argument(help: "The table: namespace.table.") var table: TableName
    @OptionGroup var lake: LakeOptions
    @Flag(help: "Print Airbyte's STATE message.") var airbyte = false

    func run() async throws {
        try await Interruptible.run {
            let loaded = try await lake.open(.reading).catalog.load(table)
            guard let cursor = try await TableCursor.newest(of: loaded) else {
                throw IcebergError(
                    .notFound,
                    "\(table) has no cursor: its rows were not read incrementally"
                )
            }
            guard airbyte else { return Terminal.raw(try TableCursor.text(of: cursor)) }
            let name =
                loaded.metadata.currentSnapshot?.summary["tributary.stream"]
                .flatMap { StreamName(parsing: $0) }
            guard let name, let state = AirbyteStreamState(stream: name, cursor: cursor) else {
                throw IcebergError(
                    .notFound,
                    "\(table) keeps no value of \(cursor.column): its rows are told by "
                        + "their transactions; sync it with --lookback and --restart to keep one"
                )
            }
            let messages = try AirbyteState([state]).messages(as: .stream)
            Terminal.raw(String(decoding: AirbyteState.lines(messages), as: UTF8.self))
        }
    }
}
