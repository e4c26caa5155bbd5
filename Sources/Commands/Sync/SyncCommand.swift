import ArgumentParser
import Basics
import Columnar
import Daemon
import Iceberg
import Ingest
import ObjectStorage
import Streams

/// `tributary sync`: read streams and publish each as one snapshot.
struct SyncCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "sync",
        abstract: "Read streams and publish each as one snapshot of an Iceberg table.",
        discussion: """
            Readers see the old rows until the new ones are complete and counted. Nothing is \
            published when the source counts other rows than arrived. A run that was cut off is \
            resumed where it stood by the same command.
            """
    )

    @OptionGroup var source: SourceOptions
    @OptionGroup var lake: LakeOptions

    @Option(help: "A stream to read: table, or schema.table; may be repeated.")
    var stream: [StreamName] = []

    @Flag(help: "Read all streams of the source.")
    var all = false

    @Option(
        help: ArgumentHelp(
            "Where to land: namespace, or namespace.table for one stream.",
            discussion: "The default is the stream's own schema and name; SQLite's schema is main.",
            valueName: "name"
        )
    )
    var into: StreamName?

    @OptionGroup var mode: ModeOptions
    @OptionGroup var read: ReadOptions
    @OptionGroup var limit: RunLimitOptions

    @Flag(
        help: """
            Let a column whose type changed incompatibly begin again under a new field id. Without \
            it such a change stops the run.
            """
    )
    var allowTypeChange = false

    @Option(
        help: ArgumentHelp(
            "Which encodings the table's files use from now on: compatible, balanced or compact.",
            discussion: """
                Every engine reads compatible, which is what a new table gets; the others take less \
                room. A table keeps its choice until another one is named; files that are there stay \
                as they are.
                """,
            valueName: "choice"
        )
    )
    var encoding: EncodingChoice?

    @Flag(help: "Print one JSON object with the result.") var json = false
    @Flag(help: "Print no progress.") var quiet = false

    func validate() throws {
        guard !all || stream.isEmpty else {
            throw ValidationError("name either --stream or --all, not both")
        }
        guard all || !stream.isEmpty else {
            throw ValidationError("name what to read with --stream, or read --all")
        }
        guard !all || (read.columns == nil && read.condition == nil) else {
            throw ValidationError("--columns and --where belong to one stream, not to --all")
        }
        guard !all || read.policy.allSatisfy({ !$0.contains("=") }) else {
            throw ValidationError("a policy of one column belongs to one stream, not to --all")
        }
        guard into?.namespace == nil || (stream.count == 1 && !all) else {
            throw ValidationError("--into namespace.table takes one --stream")
        }
    }

    func run() async throws {
        try await Interruptible.run {
            let status = try await synchronize()
            guard status == .success else { throw status.code }
        }
    }

    private func synchronize() async throws -> ExitStatus {
        let source = try source.makeSource()
        let names = all ? try await source.discover().map(\.name) : stream
        guard !names.isEmpty else {
            throw SourceError(
                .notFound,
                "\(source.location): it is empty: there are no tables or views to read; see that the address "
                    + "is the right one"
            )
        }
        let (selections, refused) = try select(names, in: source.location)
        let opened = try await lake.open(.writing, makesLake: true)
        var options = RunOptions()
        options.limits = limit.limits
        options.contract = mode.contract
        options.allowsTypeChange = allowTypeChange
        options.encodings = encoding
        options.restarts = mode.restart
        options.takesOver = mode.takeOver
        options.adopts = mode.adopt
        options.requiresEqual = mode.requireEqual
        let run = SyncRun(
            source: source,
            store: opened.store,
            catalog: opened.catalog,
            clocks: .machine,
            options: options,
            writer: Release.version
        )
        let progress = RunProgress()
        var result = try await ProgressReporter.reporting(
            progress,
            streamCount: selections.count,
            isQuiet: quiet
        ) {
            try await run.perform(selections, progress: progress)
        }
        result.streams += refused
        if json {
            try Terminal.json(SyncReport(result, source: source.location))
        } else {
            SyncReport.show(result, isQuiet: quiet)
        }
        Self.explainFailures(of: result)
        let statuses = Set(result.streams.compactMap(\.failure).map(ExitStatus.init))
        if statuses.contains(.interrupted) { return .interrupted }
        guard let status = statuses.first else { return .success }
        return statuses.count == 1 ? status : .failure
    }

    /// Says of each stream that failed why.
    private static func explainFailures(of result: RunResult) {
        for stream in result.streams {
            switch stream.failure {
            case nil: break
            case is CancellationError:
                Terminal.note(
                    "stopped: \(stream.table) is as it was before; the same command resumes it, or "
                        + "begins again where the plan says so"
                )
            case let failure?:
                // Some name the stream themselves.
                let (name, text) = ("\(stream.stream): ", "\(failure)")
                Terminal.note("error: " + (text.hasPrefix(name) ? text : name + text))
            }
        }
    }

    /// The streams to read, and those that cannot be landed: one of them is in nobody's way.
    private func select(
        _ names: [StreamName],
        in location: SourceLocation
    ) throws -> (selections: [StreamSelection], refused: [StreamResult]) {
        var selections: [StreamSelection] = []
        var refused: [StreamResult] = []
        for name in names {
            var request = try read.request(for: name)
            request.incremental = try mode.incremental(name)
            request.acceptsUnseenChanges = mode.acceptUnseenChanges
            do {
                let table = try target(of: name, in: location)
                selections.append(StreamSelection(request: request, table: table))
            } catch {
                refused.append(.refused(name, table: "", error))
            }
        }
        return (selections, refused)
    }

    /// The table a stream lands in.
    private func target(
        of name: StreamName,
        in location: SourceLocation
    ) throws -> TableName {
        guard let into else {
            guard let namespace = name.namespace ?? location.defaultNamespace else {
                throw SourceError(
                    .configuration,
                    "\(location): the address names no database; name it with the stream, as in "
                        + "--stream database.\(name)"
                )
            }
            return try TableName(namespace: namespace, name: name.tableName)
        }
        guard let namespace = into.namespace else {
            return try TableName(namespace: into.name, name: name.tableName)
        }
        return try TableName(namespace: namespace, name: into.name)
    }
}

extension EncodingChoice: ExpressibleByArgument {}
