import ArgumentParser
import Definitions
import JSON
import Server

/// `tributary source`: where schedules read.
struct SourceCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "source",
        abstract: "Define sources that schedules read, and look at them.",
        subcommands: [
            SourceCreateCommand.self, SourceListCommand.self, SourceShowCommand.self,
            SourceCheckCommand.self, SourceStreamsCommand.self, SourceDeleteCommand.self,
        ]
    )
}

/// `tributary source create`.
struct SourceCreateCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "create",
        abstract: "Create a source. Its address names secrets and holds none."
    )

    @Argument(help: "The source's id.") var id: String
    @Option(
        help: ArgumentHelp(
            "The address: postgres://user:secret:NAME@host/database, or secret:NAME for all of it.",
            discussion: """
                Without it a source is told by its kind and the fields of that, as in --set \
                kind=postgres --set host=db.example --set password=secret:NAME.
                """,
            valueName: "address"
        )
    )
    var dsn: String?
    @Option(help: "What it is.") var description: String?
    @Option(help: ArgumentHelp("Any other field, as in parallel=4.", valueName: "field=value"))
    var set: [String] = []
    @OptionGroup var control: ControlOptions

    func run() async throws {
        var fields: JSONObject = ["id": .string(id)]
        fields["dsn"] = dsn.map(JSONValue.string)
        fields["description"] = description.map(JSONValue.string)
        for text in set { try FieldEdit(text).apply(to: &fields) }
        let document = JSONValue.object(fields)
        try await control.withClient(makesLake: true) { client in
            let answer = try await client.send(.post, "/sources", document)
            try control.show(answer) { Terminal.result("created \(Answers.text($0["id"]))") }
        }
    }
}

/// `tributary source list`.
struct SourceListCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "list",
        abstract: "List sources."
    )

    @OptionGroup var control: ControlOptions

    func run() async throws {
        try await control.withClient { client in
            let page = try await client.send(.get, "/sources")
            try control.show(page) { page in
                var table = TextTable(["SOURCE", "ADDRESS", "WHAT IT IS"])
                for item in Answers.items(page) {
                    table.add([
                        Answers.text(item["id"]), Self.address(of: item),
                        Answers.text(item["description"]),
                    ])
                }
                table.print()
            }
        }
    }
}

extension SourceListCommand {
    /// Fields that say nothing of where a source is.
    private static let others: Set<String> = [
        "id", "description", "format_version", "created_at", "created_by", "problem", "parallel",
        "max_connections", "lock_timeout", "max_bytes_per_second",
    ]

    /// The address, or the fields of the source's kind.
    private static func address(of item: JSONValue) -> String {
        guard item["dsn"] == nil, let fields = item.object, item["kind"] != nil else {
            return Answers.text(item["dsn"])
        }
        return fields.filter { !others.contains($0.name) }.flatMap { member in
            guard let inner = member.value.object else { return [(member.name, member.value)] }
            return inner.map { ("\(member.name).\($0.name)", $0.value) }
        }.map { name, value in
            "\(name)=\(value.integer.map(String.init) ?? Answers.text(value))"
        }.joined(separator: " ")
    }
}

/// `tributary source show`.
struct SourceShowCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "show",
        abstract: "Show a source's definition."
    )

    @Argument(help: "The source's id.") var id: String
    @OptionGroup var control: ControlOptions

    func run() async throws {
        try await control.withClient { client in
            Terminal.json(try await client.send(.get, "/sources/\(APIClient.escaped(id))"))
        }
    }
}

/// `tributary source check`.
struct SourceCheckCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "check",
        abstract: "Connect to a source and report version and rights."
    )

    @Argument(help: "The source's id.") var id: String
    @OptionGroup var control: ControlOptions

    func run() async throws {
        try await control.withClient { client in
            let answer = try await client.send(.post, "/sources/\(APIClient.escaped(id))/check")
            try control.show(answer) { check in
                Terminal.result("\(id): reachable, \(Answers.text(check["version"]))")
                Terminal.result("  \(Answers.text(check["streams"])) streams")
                if case .array(let facts)? = check["facts"] {
                    for fact in facts { Terminal.result("  \(Answers.text(fact))") }
                }
            }
        }
    }
}

/// `tributary source streams`.
struct SourceStreamsCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "streams",
        abstract: "List the streams of a source."
    )

    @Argument(help: "The source's id.") var id: String
    @OptionGroup var control: ControlOptions

    func run() async throws {
        try await control.withClient { client in
            let page = try await client.send(.get, "/sources/\(APIClient.escaped(id))/streams")
            try control.show(page) { page in
                var table = TextTable(["STREAM", "KIND", "KEY", "ROWS"], rightAligned: [3])
                for item in Answers.items(page) {
                    table.add(
                        ["name", "kind", "primary_key", "estimated_rows"].map {
                            Answers.text(item[$0])
                        }
                    )
                }
                table.print()
            }
        }
    }
}

/// `tributary source delete`.
struct SourceDeleteCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "delete",
        abstract: "Delete a source that no schedule reads."
    )

    @Argument(help: "The source's id.") var id: String
    @OptionGroup var control: ControlOptions

    func run() async throws {
        try await control.withClient { client in
            try await client.send(.delete, "/sources/\(APIClient.escaped(id))")
            Terminal.note("deleted \(id)")
        }
    }
}
