import ArgumentParser
import Basics
import Definitions
import Foundation
import JSON
import Server

/// `tributary secret`: what is sealed in the lake.
struct SecretCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "secret",
        abstract: "Keep secrets, sealed in the lake; they are never read back.",
        subcommands: [SecretPutCommand.self, SecretListCommand.self, SecretDeleteCommand.self]
    )
}

/// `tributary secret put`.
struct SecretPutCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "put",
        abstract: "Seal a secret, which is read from standard input.",
        discussion:
            "An end of line behind it is no part of it: printf %s \"$PASSWORD\" | tributary secret put db"
    )

    @Argument(help: "The secret's id.") var id: String
    @Option(
        help: ArgumentHelp(
            "Read it from elsewhere: env:NAME, file:/path or exec:command.",
            valueName: "reference"
        )
    )
    var from: String?
    @Option(
        help: ArgumentHelp(
            "Hosts it may be sent to as a password, separated by commas (default: all, and only an "
                + "administrator says which).",
            valueName: "hosts"
        )
    )
    var hosts: String?
    @OptionGroup var control: ControlOptions

    func run() async throws {
        let hosts = (hosts ?? "").split(separator: ",").map { JSONValue.string(String($0)) }
        let secret = try await secret()
        try await control.withClient(makesLake: true) { client in
            let value = secret.reveal { JSONValue.string($0) }
            try await client.send(
                .put,
                "/secrets/\(APIClient.escaped(id))",
                .object(["value": value, "hosts": .array(hosts)])
            )
            Terminal.note("sealed \(id)")
        }
    }

    private func secret() async throws -> Secret {
        guard let from else {
            if isatty(STDIN_FILENO) == 1 { Terminal.note("the secret, then Ctrl-D:") }
            var text = String(
                decoding: FileHandle.standardInput.readDataToEndOfFile(),
                as: UTF8.self
            )
            if text.last?.isNewline == true { text.removeLast() }
            return Secret(text)
        }
        switch SecretReference(parsing: from) {
        case .environment(let name)?:
            guard let value = ProcessInfo.processInfo.environment[name] else {
                throw ValidationError("--from: the variable \(name) is not set")
            }
            return Secret(value)
        case .file(let path)?: return try SecretResolver.contents(ofFile: path)
        case .command(let line)?: return try await SecretResolver.output(ofCommand: line)
        case .sealed?, nil:
            throw ValidationError("--from is env:NAME, file:/path or exec:command")
        }
    }
}

/// `tributary secret list`.
struct SecretListCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "list",
        abstract: "List the names of secrets."
    )

    @OptionGroup var control: ControlOptions

    func run() async throws {
        try await control.withClient { client in
            let page = try await client.send(.get, "/secrets")
            try control.show(page) { page in
                var table = TextTable(["SECRET", "PUT", "BY"])
                for item in Answers.items(page) {
                    table.add(["id", "created_at", "created_by"].map { Answers.text(item[$0]) })
                }
                table.print()
            }
        }
    }
}

/// `tributary secret delete`.
struct SecretDeleteCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "delete",
        abstract: "Forget a secret."
    )

    @Argument(help: "The secret's id.") var id: String
    @OptionGroup var control: ControlOptions

    func run() async throws {
        try await control.withClient { client in
            try await client.send(.delete, "/secrets/\(APIClient.escaped(id))")
            Terminal.note("deleted \(id)")
        }
    }
}
