import ArgumentParser
import Definitions
import JSON
import Server

/// `tributary token`: who may ask the API.
struct TokenCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "token",
        abstract: "Make tokens for the API, and take them back.",
        subcommands: [TokenCreateCommand.self, TokenListCommand.self, TokenDeleteCommand.self]
    )
}

/// `tributary token create`.
struct TokenCreateCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "create",
        abstract: "Make a token and print it; it is never told again."
    )

    @Argument(help: "The token's id, by which it is taken back.") var id: String
    @Option(help: "What it may do: reader, operator or admin.") var role = "reader"
    @Option(help: ArgumentHelp("When it ends, as in 2027-01-01T00:00:00Z.", valueName: "time"))
    var expiresAt: String?
    @OptionGroup var control: ControlOptions

    func run() async throws {
        try await control.withClient { client in
            var fields: JSONObject = ["id": .string(id), "role": .string(role)]
            fields["expires_at"] = expiresAt.map(JSONValue.string)
            let answer = try await client.send(.post, "/tokens", .object(fields))
            try control.show(answer) { Terminal.result(Answers.text($0["token"])) }
        }
    }
}

/// `tributary token list`.
struct TokenListCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "list",
        abstract: "List tokens, without what they are."
    )

    @OptionGroup var control: ControlOptions

    func run() async throws {
        try await control.withClient { client in
            let page = try await client.send(.get, "/tokens")
            try control.show(page) { page in
                var table = TextTable(["TOKEN", "ROLE", "MADE", "BY", "ENDS"])
                for item in Answers.items(page) {
                    table.add(
                        ["id", "role", "created_at", "created_by", "expires_at"].map {
                            Answers.text(item[$0])
                        }
                    )
                }
                table.print()
            }
        }
    }
}

/// `tributary token delete`.
struct TokenDeleteCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "delete",
        abstract: "Take a token back."
    )

    @Argument(help: "The token's id.") var id: String
    @OptionGroup var control: ControlOptions

    func run() async throws {
        try await control.withClient { client in
            try await client.send(.delete, "/tokens/\(APIClient.escaped(id))")
            Terminal.note("deleted \(id)")
        }
    }
}
