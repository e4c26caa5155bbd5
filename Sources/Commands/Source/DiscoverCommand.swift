import ArgumentParser
import Streams

/// `tributary discover`: what a source holds.
struct DiscoverCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "discover",
        abstract: "List the streams of a source: columns, keys, sizes, how each can be read."
    )

    @OptionGroup var source: SourceOptions
    @Flag(help: "Print one JSON object.") var json = false

    private struct Report: Encodable {
        struct Stream: Encodable {
            var name: String
            var kind: String
            var columns: [Column]
            var primaryKey: [String]
            var estimatedRows: Int64?
            var estimatedBytes: Int64?
            var access: String
        }
        struct Column: Encodable {
            var name: String
            var type: String
            var nullable: Bool
        }
        var source: String
        var streams: [Stream]
    }

    func run() async throws {
        try await Interruptible.run {
            let source = try source.makeSource()
            let streams = try await source.discover()
            if json {
                try Terminal.json(
                    Report(
                        source: source.location.place,
                        streams: streams.map { stream in
                            Report.Stream(
                                name: stream.name.description,
                                kind: stream.kind,
                                columns: stream.columns.map {
                                    Report.Column(
                                        name: $0.name,
                                        type: $0.sourceType,
                                        nullable: $0.isNullable
                                    )
                                },
                                primaryKey: stream.primaryKey,
                                estimatedRows: stream.estimatedRowCount,
                                estimatedBytes: stream.estimatedByteCount,
                                access: stream.access
                            )
                        }
                    )
                )
                return
            }
            var table = TextTable(
                ["STREAM", "KIND", "COLUMNS", "KEY", "ROWS", "BYTES", "READ BY"],
                rightAligned: [2, 4, 5]
            )
            for stream in streams {
                table.add([
                    stream.name.description, stream.kind, String(stream.columns.count),
                    stream.primaryKey.isEmpty ? "-" : stream.primaryKey.joined(separator: ", "),
                    stream.estimatedRowCount.map { "~" + Words.count($0) } ?? "?",
                    stream.estimatedByteCount.map(Words.bytes) ?? "?", stream.access,
                ])
            }
            table.print()
            if streams.isEmpty {
                Terminal.note(
                    "\(source.location): it is empty: there are no tables or views to read"
                )
            }
        }
    }
}
