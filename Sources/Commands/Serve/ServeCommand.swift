import ArgumentParser
import Basics
import Basics
import Daemon
import FoundationEssentials
import Ingest
import Logging
import Metastore
import NIOCore
import Server
import ServiceLifecycle
import Streams
import Synchronization
import UnixSignals

#if canImport(Glibc)
    import Glibc
#else
    import Musl
#endif

/// `tributary serve`: the scheduler and the API.
struct ServeCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "serve",
        abstract: "Fire schedules and answer the API, until stopped.",
        discussion: """
            SIGTERM and Ctrl-C stop it in order: nothing more is begun, runs stop at their last \
            checkpoint, and the next start resumes them. So does one after kill -9.
            """
    )

    @OptionGroup var node: NodeOptions

    @Option(help: ArgumentHelp("The address to listen at.", valueName: "address"))
    var host: String?

    @Option(help: ArgumentHelp("The port to listen at (default: 8475).", valueName: "port"))
    var port: String?

    @Option(help: ArgumentHelp("Runs at a time, in all (default: 4).", valueName: "n"))
    var runs: String?

    @Option(help: ArgumentHelp("Runs at a time of one source (default: 2).", valueName: "n"))
    var runsPerSource: String?

    @Option(help: ArgumentHelp("Days of history to keep (default: 90).", valueName: "n"))
    var historyDays: String?

    @Option(
        help: ArgumentHelp(
            "Hosts sources may be on, separated by commas (default: all).",
            valueName: "hosts"
        )
    )
    var sourceHosts: String?

    @Option(help: ArgumentHelp("What is logged (default: info).", valueName: "level"))
    var logLevel: String?

    func run() async throws {
        do {
            try await serve()
        } catch {
            Terminal.note("error: \(error)")
            throw ExitStatus(error).code
        }
    }

    private func serve() async throws {
        var flags: [String: String] = [:]
        flags[Setting.host.name] = host
        flags[Setting.port.name] = port
        flags[Setting.runs.name] = runs
        flags[Setting.runsPerSource.name] = runsPerSource
        flags[Setting.historyDays.name] = historyDays
        flags[Setting.sourceHosts.name] = sourceHosts
        flags[Setting.logLevel.name] = logLevel
        let settings = try node.settings(flags)
        let level = settings.text(.logLevel) ?? "info"
        guard let level = Logger.Level(rawValue: level) else {
            throw SettingsError("\(settings.origin(of: .logLevel)): there is no level \(level)")
        }
        var log = Logger(
            label: "tributary",
            factory: { StreamLogHandler(label: $0, stream: Terminal.LogStream()) }
        )
        log.logLevel = level
        raiseFileLimit()
        let port = try settings.number(.port, 0...65_535) ?? 8475
        let host = settings.text(.host) ?? "127.0.0.1"
        let opened = try await Daemon.Node(node.node(settings), log: log)
        if let file = try await opened.makeFirstToken() {
            Terminal.note("the administrator's token is in \(file)")
        }
        forgetVariables(of: opened.access.kinds)
        let record = ServerRecord(opened.settings)
        let keeper = RecordKeeper(record: record, node: opened)
        let server = HTTPService(API(opened), host: host, port: port, log: log) { port in
            let url = "http://\(host.contains(":") ? "[\(host)]" : host):\(port)"
            keeper.listens(at: url)
            Terminal.note("listening at \(url)")
        }
        defer { record.remove() }
        var configuration = ServiceGroupConfiguration(
            services: [opened.service, server, keeper],
            gracefulShutdownSignals: [.sigterm, .sigint],
            logger: log
        )
        configuration.maximumGracefulShutdownDuration = Limits.shutdown
        do {
            try await ServiceGroup(configuration: configuration).run()
        } catch is CancellationError where opened.service.isStopping {
            // Somebody kept a connection open: what was to be written is written.
        } catch let error as IOError where error.errnoCode == EADDRINUSE {
            throw SettingsError(
                "\(host):\(port) is in use by another program; choose another port with --port"
            )
        }
        try opened.metastore.close()
    }

    /// Has as many files open as the system allows, within reason: connections and runs take some each.
    private func raiseFileLimit() {
        var limit = rlimit()
        let resource = __rlimit_resource_t(RLIMIT_NOFILE.rawValue)
        guard getrlimit(resource, &limit) == 0, limit.rlim_cur < Limits.openFiles else { return }
        limit.rlim_cur = min(limit.rlim_max, Limits.openFiles)
        // With fewer files there are fewer connections: no reason to fail.
        _ = setrlimit(resource, &limit)
    }

    /// Makes the libraries of databases look at addresses alone: what they would take from the environment and
    /// from files of the user would be sent wherever an address leads.
    private func forgetVariables(of kinds: SourceKinds) {
        for variables in kinds.profiles.map(\.variables) {
            for name in ProcessInfo.processInfo.environment.keys
            where variables.prefixes.contains(where: name.hasPrefix) {
                unsetenv(name)
            }
            for (name, value) in variables.replacements { setenv(name, value, 1) }
        }
    }
}

/// Keeps the record of where the lake's server can be asked: by the process that schedules.
private final class RecordKeeper: Service {
    private let record: ServerRecord
    private let node: Daemon.Node
    private let url = Mutex<String?>(nil)

    init(record: ServerRecord, node: Daemon.Node) {
        self.record = record
        self.node = node
    }

    /// Notes the address once the port is open.
    func listens(at url: String) { self.url.withLock { $0 = url } }

    func run() async throws {
        await cancelWhenGracefulShutdown {
            while !Task.isCancelled {
                if self.node.service.current.leads, let url = self.url.withLock({ $0 }) {
                    // Without it commands have to be told the address; it is tried again.
                    try? await BlockingPool.files.run { [record = self.record] in
                        if record.read()?.process != .current { record.write(url) }
                    }
                }
                // A wait that is cut short is over.
                try? await ContinuousClock().sleep(for: Limits.recordInterval)
            }
        }
    }
}

/// Where the server of a lake can be asked, for commands on the same machine.
///
/// It lies in the lake: a command that names another state folder finds the server all the same, and does not
/// become a second one.
struct ServerRecord: Sendable {
    /// What the file holds.
    struct Content: Codable {
        var url: String
        var process: ProcessIdentity
        /// The server's state folder, where its first token is.
        var state: String
    }

    private let path: String
    private let state: String
    /// What every lake that was written to has.
    private let mark: String

    init(_ settings: NodeSettings) {
        mark = "\(settings.lake)/_staging"
        path = "\(settings.lake)/_server.json"
        // The folder this process is in says nothing to others.
        state = URL(filePath: settings.stateFolder.path).path
    }

    /// Writes where this process can be asked.
    func write(_ url: String) {
        // Without it commands have to be told the address: no reason to fail. An empty folder in the place of a
        // lake that is away stays empty.
        guard FileManager.default.fileExists(atPath: mark),
            let bytes = try? JSONEncoder()
                .encode(Content(url: url, process: .current, state: state))
        else { return }
        try? bytes.write(to: URL(filePath: path), options: .atomic)  // As above.
    }

    /// Removes what this process wrote.
    func remove() {
        guard read()?.process == .current else { return }
        // One that stays names a process that is gone, and counts for nothing.
        try? FileManager.default.removeItem(atPath: path)
    }

    /// Where a server that lives can be asked; nil where there is none.
    func read() -> Content? {
        // No file, no server.
        guard let bytes = try? Data(contentsOf: URL(filePath: path)),
            let content = try? JSONDecoder().decode(Content.self, from: bytes),
            content.process.isAlive
        else { return nil }
        return content
    }
}
