import ArgumentParser
import Basics
import FoundationEssentials
import Iceberg
import Ingest
import Streams

/// What a sync does with what is there: the mode, the cursor, the schema's contract.
struct ModeOptions: ParsableArguments {
    /// How much of a stream is read.
    enum Mode: String, CaseIterable, ExpressibleByArgument {
        case fullRefresh = "full-refresh"
        case incremental
    }

    @Option(
        help: ArgumentHelp(
            "What is read: full-refresh or incremental.",
            discussion: """
                full-refresh reads all rows and replaces the table. incremental reads what is new \
                since the last run; the first run reads all.
                """,
            valueName: "mode"
        )
    )
    var mode = Mode.fullRefresh

    @Option(help: "For incremental: the column that grows with every change of a row.")
    var cursor: String?

    @Option(
        help: ArgumentHelp(
            "For incremental: the columns that identify a row, separated by commas.",
            discussion: "The default is the stream's own primary key.",
            valueName: "columns"
        )
    )
    var primaryKey: String?

    @Option(
        help: ArgumentHelp(
            "For incremental: what becomes of rows the table has already: merge or append.",
            discussion: "merge (the default) keeps one row per key, append every version.",
            valueName: "rule"
        )
    )
    var onConflict: ConflictRule?

    @Option(
        help: ArgumentHelp(
            """
            For incremental: look again this far behind the cursor's highest value: 90s, 1h, 2d for \
            times, 1000 for numbers.
            """,
            discussion: """
                Without it Postgres tables are scanned by the server for rows of transactions since \
                the last run, which misses nothing.
                """,
            valueName: "span"
        )
    )
    var lookback: Lookback?

    @Option(
        help: ArgumentHelp(
            "For incremental: begin where this file of Airbyte's state messages ends.",
            discussion: "It counts while the table has no cursor of its own.",
            valueName: "file"
        )
    )
    var state: String?

    @Option(
        name: .customLong("schema"),
        help: ArgumentHelp(
            "How the table follows a changed source: evolve, freeze or discard.",
            discussion: "freeze stops before anything is read, discard leaves new columns out.",
            valueName: "contract"
        )
    )
    var contract = SchemaContract.evolve

    @Flag(
        help: """
            Start over: neither an unfinished run nor the cursor counts, and all rows of the table are \
            replaced, whoever wrote them.
            """
    )
    var restart = false

    @Flag(
        help: """
            Keep the rows of a table that others filled, or that was loaded in another way: read \
            everything and merge it into them, or append it.
            """
    )
    var adopt = false

    @Flag(
        help: """
            For incremental: read a view, or under a condition, whose rows come and go without a write \
            to them, and miss those changes.
            """
    )
    var acceptUnseenChanges = false

    @Flag(help: "Publish nothing when the table would hold another number of rows than the stream.")
    var requireEqual = false

    @Flag(help: "Take an unfinished run from a process that still lives.")
    var takeOver = false

    func validate() throws {
        guard mode == .fullRefresh || cursor != nil else {
            throw ValidationError(
                "--mode incremental takes a --cursor: the column that grows with every change"
            )
        }
        let isPlain = cursor == nil && primaryKey == nil && lookback == nil && state == nil
        guard mode == .incremental || isPlain else {
            throw ValidationError(
                "--cursor, --primary-key, --lookback and --state belong to --mode incremental"
            )
        }
        guard mode == .incremental || onConflict == nil else {
            throw ValidationError("--on-conflict belongs to --mode incremental")
        }
        guard !adopt || !restart else {
            throw ValidationError(
                "--adopt keeps the rows of the table, --restart replaces them: leave one out"
            )
        }
        guard !adopt || mode == .incremental else {
            throw ValidationError(
                "--adopt belongs to --mode incremental: a full refresh replaces all rows"
            )
        }
        guard state == nil || !restart else {
            throw ValidationError(
                "--state says where to begin, --restart to load everything again: leave one out"
            )
        }
        _ = try primaryKey.map { try ReadOptions.names(in: $0, of: "--primary-key") }
    }

    /// The incremental part of the request for a stream; nil for a full refresh.
    func incremental(_ stream: StreamName) throws -> IncrementalRequest? {
        guard mode == .incremental, let cursor else { return nil }
        return IncrementalRequest(
            cursor: cursor,
            key: try primaryKey.map { try ReadOptions.names(in: $0, of: "--primary-key") } ?? [],
            conflict: onConflict ?? .merge,
            lookback: lookback,
            since: try state.map { try start(of: stream, in: $0, cursor: cursor) }
        )
    }

    private func start(
        of stream: StreamName,
        in file: String,
        cursor: String
    ) throws -> CursorState {
        let bytes: Data
        do {
            bytes = try Data(contentsOf: URL(filePath: file))
        } catch {
            throw ValidationError("--state \(file): the file cannot be read")
        }
        let state: AirbyteState
        do {
            state = try AirbyteState(parsing: [UInt8](bytes))
        } catch {
            throw ValidationError("--state \(file): \(Remedy.withOptions("\(error)"))")
        }
        let found = state[stream] ?? state.streams.first { $0.stream.name == stream.name }
        guard let start = found?.cursor(column: cursor) else {
            throw ValidationError(
                "--state \(file): it says nothing of \(stream) by the cursor \(cursor)"
            )
        }
        return start
    }
}

extension Lookback: ExpressibleByArgument {
    /// Reads a number, or a time with its unit.
    package init?(argument: String) {
        if let count = Int64(argument), count > 0 {
            self = .units(count)
        } else if let time = TimeSpan(argument: argument) {
            self = .time(time.span)
        } else {
            return nil
        }
    }
}

extension ConflictRule: ExpressibleByArgument {}
extension SchemaContract: ExpressibleByArgument {}
