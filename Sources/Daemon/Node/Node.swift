package import Basics
package import Definitions
import FoundationEssentials
import Ingest
package import Logging
package import Metastore
import ObjectStorage
import Scheduling
package import Streams

/// Somebody who asks for something.
package struct Caller: Hashable, Sendable {
    /// What the audit log calls them.
    package let name: String
    package let role: Role

    /// Makes a caller.
    package init(name: String, role: Role) {
        self.name = name
        self.role = role
    }
}

/// One process at work on a lake, and everything that can be asked of it.
package struct Node: Sendable {
    package let settings: NodeSettings
    package let lake: Lake
    package let metastore: Metastore
    package let service: SchedulerService
    package let keys: KeyRing
    package let access: SourceAccess
    package let clocks: Clocks
    package let log: Logger
    let catalog: ScheduleCatalog
    private let executor: SchedulerService.Executor

    package var schedules: DocumentStore<ScheduleDefinition> { catalog.documents }
    package var sources: DocumentStore<SourceDefinition> { DocumentStore(lake.store) }
    package var secrets: DocumentStore<SecretDocument> { DocumentStore(lake.store) }
    package var tokens: DocumentStore<TokenDocument> { DocumentStore(lake.store) }

    /// Opens lake and metastore; nothing is scheduled before the service is run.
    ///
    /// - Parameters:
    ///   - settings: How it works.
    ///   - kinds: The kinds of sources there are.
    ///   - clocks: The times it lives by.
    ///   - log: Where it says what it does.
    ///   - executor: Does the work of a run; nil for reading sources into the lake.
    /// - Throws: `StorageError`, `MetastoreError` and `DefinitionError`, saying what cannot be used.
    package init(
        _ settings: NodeSettings,
        kinds: SourceKinds = .all,
        clocks: Clocks = .machine,
        log: Logger,
        executor: SchedulerService.Executor? = nil
    ) async throws {
        self.settings = settings
        self.clocks = clocks
        self.log = log
        lake = try await Lake(folder: settings.lake, .writing)
        metastore = try await BlockingPool.files.run {
            try settings.stateFolder.make()
            return try Self.openMetastore(settings.metastorePath)
        }
        keys = KeyRing(settings)
        try await keys.load()
        let catalog = ScheduleCatalog(lake, kinds)
        self.catalog = catalog
        access = SourceAccess(
            sources: DocumentStore(lake.store),
            resolver: SecretResolver(lake.store, environment: settings.environment) {
                [keys] in try await keys.key()
            },
            settings: settings,
            kinds: kinds
        )
        let worker = RunExecutor(
            lake: lake,
            catalog: catalog,
            access: access,
            metastore: metastore,
            release: settings.release
        )
        let work = executor ?? { await worker.perform($0, $1, $2) }
        self.executor = work
        var options = SchedulerService.Options(
            holder: try Self.name(of: .current),
            isAlive: { Self.identity(named: $0)?.isAlive ?? false }
        )
        options.runs = settings.runs
        options.runsPerSource = settings.runsPerSource
        options.historyDays = settings.historyDays
        service = SchedulerService(
            metastore: metastore,
            schedules: SchedulerService.Schedules(
                list: { try await catalog.list($0, only: $1) },
                read: { try await catalog.read($0) },
                recover: { try await catalog.recover($0) },
                lastCommit: { try await catalog.lastCommit($0) },
                tables: { try await catalog.tables() },
                requireLake: { [lake] in try await lake.requireAnswer() },
                parse: { try catalog.parse($0) }
            ),
            options: options,
            clocks: clocks,
            log: log,
            executor: work
        )
    }

    /// Opens the metastore in a folder that only the owner of the process may enter.
    private static func openMetastore(_ path: String) throws -> Metastore {
        let folder = path.split(separator: "/", omittingEmptySubsequences: false).dropLast()
            .joined(separator: "/")
        if !folder.isEmpty {
            try FileManager.default.createDirectory(
                atPath: folder,
                withIntermediateDirectories: true,
                attributes: [.posixPermissions: 0o700]
            )
        }
        return try Metastore(path: path)
    }

    // MARK: The scheduler

    /// Has the scheduler do something about a schedule: the one of this process, or, where no process
    /// schedules, one that is there for this alone and fires nothing by itself.
    ///
    /// - Throws: what `body` throws; `DaemonError` `notReady` where another process schedules, or this one
    ///   does not yet.
    func ask<Answer: Sendable>(
        about id: DefinitionID,
        _ body: @escaping @Sendable (inout SchedulerMachine, Instant) throws -> Answer
    ) async throws -> Answer {
        if service.isRunning { return try await service.ask(body) }
        return try await SingleStep(node: self, executor: executor).perform(id, body)
    }

    /// Adds to the audit log.
    ///
    /// What was done is done, so a log that cannot be written is said in the program's own.
    func audit(_ caller: Caller, _ kind: String, _ subject: String, _ message: String = "") async {
        do {
            try await metastore.log(kind, of: subject, by: caller.name, message, at: clocks.now())
        } catch {
            log.error("the audit log cannot be written", metadata: ["error": "\(error)"])
        }
    }

    // MARK: Processes

    /// A process's identity as a lease holds it.
    static func name(of process: ProcessIdentity) throws -> String {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        return String(decoding: try encoder.encode(process), as: UTF8.self)
    }

    /// A lease's holder in words.
    package static func words(ofHolder text: String) -> String {
        identity(named: text).map { "process \($0.processID)" } ?? "another process"
    }

    /// The process of a lease's holder; nil for a text that is none.
    static func identity(named text: String) -> ProcessIdentity? {
        // What is no process holds nothing.
        try? JSONDecoder().decode(ProcessIdentity.self, from: Data(text.utf8))
    }
}
