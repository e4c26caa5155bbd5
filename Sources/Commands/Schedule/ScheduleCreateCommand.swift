import ArgumentParser
import Definitions
import FoundationEssentials
import JSON
import Server

/// `tributary schedule create`.
struct ScheduleCreateCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "create",
        abstract: "Create a schedule.",
        discussion: """
            It is due at once, unless --start next is given. What has no flag of its own is set with \
            --set, as in --set retry.attempts=3; docs/schedules.md has all fields.
            """
    )

    @Option(
        help: ArgumentHelp(
            "The source's name, or an address without a password, or secret:NAME.",
            valueName: "source"
        )
    )
    var source: String

    @Option(help: ArgumentHelp("The stream to read: table, or schema.table.", valueName: "stream"))
    var stream: String

    @Option(
        help: ArgumentHelp(
            "The table to land in: namespace.table (default: as the stream, where that names a namespace).",
            valueName: "name"
        )
    )
    var into: String?

    @Option(
        help: ArgumentHelp(
            "When: \"0 3 * * *\", @daily, @every 20s, @completion 1h, @after shop.orders, @manual.",
            valueName: "trigger"
        )
    )
    var trigger: String

    @Option(help: "The schedule's id (default: from the table's name).") var id: String?
    @Option(help: "The trigger's time zone, as in Europe/Berlin.") var timeZone: String?
    @Option(help: "What is read: full-refresh or incremental.") var mode: String?
    @Option(help: "For incremental: the column that grows with every change.") var cursor: String?
    @Option(help: "For incremental: the key's columns, separated by commas.") var primaryKey:
        String?
    @Option(help: "For incremental: merge or append.") var onConflict: String?
    @Option(help: "When it is due for the first time: now or next.") var start: String?
    @Option(help: "While its last run goes on: skip, buffer-one or cancel-other.")
    var overlap: String?
    @Option(help: "What it is for.") var description: String?
    @Option(
        help: ArgumentHelp("Any other field, as in retry.attempts=3.", valueName: "field=value")
    )
    var set: [String] = []
    @OptionGroup var control: ControlOptions

    func run() async throws {
        let document = try document()
        try await control.withClient(makesLake: true) { client in
            let answer = try await client.send(.post, "/schedules", document)
            try control.show(answer) { view in
                Terminal.result("created \(Answers.text(view["definition"]?["id"]))")
                Answers.showSchedule(view)
            }
        }
    }

    private func document() throws -> JSONValue {
        var fields: JSONObject = [
            "source": Self.source(source), "stream": .string(stream),
            "dataset": .string(into ?? stream), "trigger": .string(trigger),
        ]
        for (name, value) in [
            ("id", id), ("time_zone", timeZone), ("start", start), ("overlap", overlap),
            ("description", description),
        ] { fields[name] = value.map(JSONValue.string) }
        var sync: JSONObject = [:]
        sync["mode"] = mode.map(JSONValue.string)
        sync["cursor"] = cursor.map(JSONValue.string)
        sync["on_conflict"] = onConflict.map(JSONValue.string)
        sync["primary_key"] = try primaryKey.map {
            .array(try ReadOptions.names(in: $0, of: "--primary-key").map(JSONValue.string))
        }
        if !sync.isEmpty { fields["sync"] = .object(sync) }
        for text in set { try FieldEdit(text).apply(to: &fields) }
        return .object(fields)
    }

    /// A source's name, or an address of its own.
    private static func source(_ text: String) -> JSONValue {
        text.contains(":") ? .object(["dsn": .string(text)]) : .string(text)
    }
}

/// A field and its value as an argument: `retry.attempts=3`.
struct FieldEdit {
    private let path: [String]
    private let value: JSONValue

    init(_ text: String) throws {
        let parts = text.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
        path = parts[0].split(separator: ".").map(String.init)
        guard parts.count == 2, !path.isEmpty else {
            throw ValidationError("--set \(text): it is field=value, as in retry.attempts=3")
        }
        let word = String(parts[1])
        switch word {
        case "true": value = .boolean(true)
        case "false": value = .boolean(false)
        // Nothing behind the sign takes the default. The word does so too, but where it is a value itself.
        case "": value = .null
        case "null": value = Self.takesNull(path) ? .string(word) : .null
        case let list where list.hasPrefix("["): value = try Self.list(list, of: text)
        default: value = JSONValue.wholeNumber(word).map(JSONValue.integer) ?? .string(word)
        }
    }

    /// A list as JSON, or its items between commas: `[id,name]`.
    private static func list(_ word: String, of argument: String) throws -> JSONValue {
        if let texts = try? JSONDecoder().decode([String].self, from: Data(word.utf8)) {
            return .array(texts.map(JSONValue.string))
        }
        guard word.hasSuffix("]"), !word.contains("\"") else {
            throw ValidationError(
                "--set \(argument): a list is [a,b], or JSON such as [\"a\",\"b\"]"
            )
        }
        let items = word.dropFirst().dropLast().split(separator: ",")
        return .array(items.map { .string($0.split(separator: " ").joined(separator: " ")) })
    }

    /// Whether a field has a value that is called null: the policies have.
    private static func takesNull(_ path: [String]) -> Bool {
        path == ["sync", "policy"] || path.starts(with: ["sync", "column_policies"])
    }

    /// Puts the value where it belongs.
    func apply(to fields: inout JSONObject) throws {
        fields = Self.put(value, at: path[...], in: fields)
    }

    private static func put(
        _ value: JSONValue,
        at path: ArraySlice<String>,
        in fields: JSONObject
    ) -> JSONObject {
        guard let first = path.first else { return fields }
        var fields = fields
        guard path.count > 1 else {
            fields[first] = value
            return fields
        }
        var inner: JSONObject = [:]
        if case .object(let present)? = fields[first] { inner = present }
        fields[first] = .object(put(value, at: path.dropFirst(), in: inner))
        return fields
    }
}
