import ArgumentParser
import Basics
import Daemon
import Definitions
import FoundationEssentials
import Logging
import Metastore
import Server

/// Whom a command asks: the server that is named, the lake's own where one runs, else the lake itself.
struct ControlOptions: ParsableArguments {
    @OptionGroup var node: NodeOptions

    @Option(
        help: ArgumentHelp(
            "A server to ask, as in http://127.0.0.1:8475 (default: the lake's own).",
            valueName: "url"
        )
    )
    var server: String?

    @Option(
        help: ArgumentHelp(
            "The token to ask with: env:NAME, file:/path or exec:command.",
            valueName: "reference"
        )
    )
    var token: String?

    @Flag(help: "Print the answer as JSON.") var json = false

    /// Lends a client; without a server, of a lake that is there, unless the command makes one.
    func withClient(
        makesLake: Bool = false,
        _ body: @Sendable @escaping (APIClient) async throws -> Void
    ) async throws {
        try await Interruptible.run {
            var flags: [String: String] = [:]
            flags[Setting.server.name] = server
            flags[Setting.token.name] = token
            let settings = try node.settings(flags)
            let nodeSettings = try node.node(settings)
            if let url = settings.text(.server) {
                return try await remote(url, settings, nil, body)
            }
            if let present = ServerRecord(nodeSettings).read() {
                let file = StateFolder(present.state, lake: nodeSettings.lake).adminToken
                return try await remote(present.url, settings, file, body)
            }
            guard makesLake || FileManager.default.fileExists(atPath: nodeSettings.lake) else {
                throw SettingsError(
                    "there is no lake at \(nodeSettings.lake); name it with --lake, or a server with --server"
                )
            }
            var log = Logger(
                label: "tributary",
                factory: { StreamLogHandler(label: $0, stream: Terminal.LogStream()) }
            )
            log.logLevel = .error
            let opened = try await Daemon.Node(nodeSettings, log: log)
            try await body(APIClient(local: API(opened) { $0.option }))
            try opened.metastore.close()
        }
    }

    private func remote(
        _ url: String,
        _ settings: Settings,
        _ file: String?,
        _ body: (APIClient) async throws -> Void
    ) async throws {
        let text = settings.text(.token)
        guard let reference = text ?? file.map({ "file:" + Self.absolute($0) }) else {
            throw SettingsError(
                "a token is needed to ask \(url): name it with --token or TRIBUTARY_TOKEN, as in "
                    + "file:/path"
            )
        }
        let environment = ProcessInfo.processInfo.environment
        let token: Secret
        switch SecretReference(parsing: reference) {
        case .environment(let name)?:
            guard let value = environment[name] else {
                throw SettingsError("\(settings.origin(of: .token)): \(name) is not set")
            }
            token = Secret(value)
        case .file(let path)?: token = try SecretResolver.contents(ofFile: path)
        case .command(let line)?: token = try await SecretResolver.output(ofCommand: line)
        case .sealed?, nil:
            throw SettingsError(
                "\(settings.origin(of: .token)): it is env:NAME, file:/path or exec:command"
            )
        }
        try await APIClient.withRemote(url, token, body)
    }

    private static func absolute(_ path: String) -> String {
        path.hasPrefix("/") ? path : FileManager.default.currentDirectoryPath + "/" + path
    }
}
