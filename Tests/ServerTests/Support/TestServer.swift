import Basics
import Daemon
import Definitions
import HTTPTypes
import Hummingbird
import HummingbirdTesting
import InMemoryLogging
import JSON
import Logging
import Metastore
import NIOCore
import Server
import Synchronization
import TestSupport
import Testing

/// A lake with its API, which is asked in process: over the responder of HTTP requests, without a socket.
struct TestServer: Sendable {
    /// How it is made.
    struct Setup: Sendable {
        /// Whether the scheduler is at work.
        var isScheduling = true
        /// Whether the things of `Shop` are there.
        var hasShop = false
        /// Whether runs read their sources; else they are `Work`.
        var reads = false
        var sourceHosts: [String]?
        /// Done before anything is scheduled.
        var prepare: @Sendable (Node, TestClock) async throws -> Void = { _, _ in }
    }

    /// Text that no answer may hold.
    static let secret = "Zq9-hidden-word"

    let folder: String
    let node: Node
    let clock: TestClock
    let work: Work
    let log: InMemoryLogHandler
    let document: JSONValue
    let operations: [Operation]
    private let client: any TestClientProtocol
    private let tokens: [Role: String]
    private let observed: Observed

    var lake: String { folder + "/lake" }

    /// What was seen of all answers.
    private final class Observed: Sendable {
        let checker: Mutex<SchemaChecker>
        /// Names of operations that succeeded.
        let succeeded = Mutex<Set<String>>([])
        let hidden: Mutex<[String]>

        init(_ document: JSONValue, hidden: [String]) {
            checker = Mutex(SchemaChecker(document))
            self.hidden = Mutex(hidden)
        }
    }

    /// The checker of schemas, with the members that were seen.
    var checker: SchemaChecker { observed.checker.withLock { $0 } }

    /// The operations that succeeded.
    var succeeded: Set<String> { observed.succeeded.withLock { $0 } }

    /// Has no answer hold a text.
    func hide(_ text: String) { observed.hidden.withLock { $0.append(text) } }

    /// The token of a role.
    func token(_ role: Role) -> String { tokens[role] ?? "" }

    /// What was logged: one line each.
    var logLines: [String] { log.entries.map { "\($0.level) \($0.message) \($0.metadata)" } }

    /// Whether the scheduler of this process is at work.
    var leads: Bool { node.service.current.leads }

    /// Schedules until the task is cancelled.
    func schedule() async throws { try await node.service.run() }

    /// Has another process hold the scheduler's lease.
    func giveLease(to holder: String) async throws -> Bool {
        try await clock.takeLease(of: node.metastore, for: holder) != nil
    }

    // MARK: Making

    /// Makes a server in a folder of its own, and lends it.
    static func with<Result: Sendable>(
        _ setup: Setup = Setup(),
        _ body: @Sendable (TestServer) async throws -> Result
    ) async throws -> Result {
        try await withScratchDirectory { folder in
            let (clock, work, log) = (TestClock(), Work(), InMemoryLogHandler())
            var logger = Logger(label: "test") { _ in log }
            logger.logLevel = .trace
            var settings = NodeSettings(
                lake: folder + "/lake",
                environment: ["XDG_CONFIG_HOME": folder + "/config"],
                release: "tributary test"
            )
            settings.metastore = folder + "/metastore/metastore.sqlite"
            settings.sourceHosts = setup.sourceHosts
            if setup.hasShop { try await Shop.make(in: folder, settings, clock, logger) }
            let node = try await Node(
                settings,
                clocks: clock.clocks,
                log: logger,
                executor: setup.reads ? nil : work.executor
            )
            try await setup.prepare(node, clock)
            let tokens = try await makeTokens(node)
            let application = HTTPService.application(API(node), log: logger)
            let result = try await application.test(.router) { client in
                let document = try await describe(client, tokens[.reader] ?? "")
                let server = TestServer(
                    folder: folder,
                    node: node,
                    clock: clock,
                    work: work,
                    log: log,
                    document: document,
                    operations: Operation.all(in: document),
                    client: client,
                    tokens: tokens,
                    observed: Observed(document, hidden: Array(tokens.values) + [secret])
                )
                return try await server.run(isScheduling: setup.isScheduling, body)
            }
            try node.metastore.close()
            return result
        }
    }

    private func run<Result: Sendable>(
        isScheduling: Bool,
        _ body: @Sendable (TestServer) async throws -> Result
    ) async throws -> Result {
        try await withThrowingTaskGroup(of: Void.self) { group in
            if isScheduling {
                group.addTask { try await schedule() }
                try await pollUntil("the scheduler") { leads }
            }
            let result = try await body(self)
            group.cancelAll()
            return result
        }
    }

    private static func makeTokens(_ node: Node) async throws -> [Role: String] {
        var tokens: [Role: String] = [:]
        for role in Role.allCases {
            let token = try await node.createToken(
                DefinitionID("test-\(role.rawValue)"),
                role,
                expiresAt: nil,
                by: Caller(name: "test", role: .admin)
            )
            tokens[role] = token.reveal { $0 }
        }
        return tokens
    }

    private static func describe(
        _ client: any TestClientProtocol,
        _ token: String
    ) async throws -> JSONValue {
        let response = try await client.executeRequest(
            uri: "/api/v1/openapi.json",
            method: .get,
            headers: [.authorization: "Bearer \(token)"],
            body: nil
        )
        return try JSONValue(parsing: Array(response.body.readableBytesView))
    }

    // MARK: Asking

    /// Asks with a body of JSON.
    func ask(
        _ method: String,
        _ path: String,
        _ body: JSONValue? = nil,
        as role: Role? = .admin,
        headers: [String: String] = [:],
        isDescribed: Bool = true
    ) async throws -> Answer {
        try await ask(
            method,
            path,
            bytes: body.map { $0.bytes(.canonical) },
            as: role,
            headers: headers,
            isDescribed: isDescribed
        )
    }

    /// Asks, and holds the answer against what is true of all answers.
    ///
    /// - Parameters:
    ///   - method: In capitals.
    ///   - path: With the query.
    ///   - bytes: The body; nil for none.
    ///   - role: Whose token is sent; nil for none.
    ///   - headers: By their names.
    ///   - isDescribed: Whether the OpenAPI document has to know the status.
    ///   - isPaced: Whether the clock passes as it does between requests of somebody who may go on for ever.
    /// - Returns: The answer.
    /// - Throws: errors of the client.
    func ask(
        _ method: String,
        _ path: String,
        bytes: [UInt8]?,
        as role: Role? = .admin,
        headers: [String: String] = [:],
        isDescribed: Bool = true,
        isPaced: Bool = true
    ) async throws -> Answer {
        if isPaced { clock.pass(5) }
        var fields = HTTPFields()
        if let role { fields[.authorization] = "Bearer \(token(role))" }
        if bytes != nil { fields[.contentType] = "application/json" }
        for (name, value) in headers {
            if let field = HTTPField.Name(name) { fields[field] = value }
        }
        let response = try await client.executeRequest(
            uri: path,
            method: HTTPRequest.Method(rawValue: method) ?? .get,
            headers: fields,
            body: bytes.map { ByteBuffer(bytes: $0) }
        )
        let answer = Answer(
            "\(method) \(path.prefix(200)) as \(role?.rawValue ?? "nobody")",
            status: response.status.code,
            headers: response.headers,
            bytes: Array(response.body.readableBytesView)
        )
        let operation = Operation.of(method, path, in: operations)
        inspect(answer, operation, isDescribed: isDescribed)
        return answer
    }

    private func inspect(_ answer: Answer, _ operation: Operation?, isDescribed: Bool) {
        let words = answer.text + answer.headers.map { "\n\($0.name): \($0.value)" }.joined()
        for hidden in observed.hidden.withLock({ $0 }) {
            #expect(!words.contains(hidden), "\(answer.request) tells a secret: \(words)")
        }
        #expect(answer.status != 500, "\(answer.request): \(answer.text), \(logLines.suffix(3))")
        if answer.status >= 400, operation?.name != "getReadiness" { inspectProblem(answer) }
        guard let operation else { return }
        if isDescribed {
            #expect(
                operation.statuses.contains(answer.status),
                "\(answer.request): \(operation.name) is not said to answer \(answer.status)"
            )
        }
        if answer.status < 300 { _ = observed.succeeded.withLock { $0.insert(operation.name) } }
        guard let schema = operation.schema(of: answer.status), let json = answer.json else {
            return
        }
        let faults = observed.checker.withLock { $0.faults(json, schema, operation.name) }
        #expect(faults.isEmpty, "\(answer.request): \(faults) in \(answer.text)")
    }

    private func inspectProblem(_ answer: Answer) {
        let type = answer[header: "content-type"]
        #expect(type == "application/problem+json", "\(answer.request): \(type ?? "")")
        guard let json = answer.json else {
            Issue.record("\(answer.request): no problem document but \(answer.text)")
            return
        }
        let schema: JSONValue = .object(["$ref": "#/components/schemas/Problem"])
        let faults = observed.checker.withLock { $0.faults(json, schema, "Problem") }
        #expect(faults.isEmpty, "\(answer.request): \(faults)")
        #expect(json["status"]?.integer == Int64(answer.status), "\(answer.request): \(json)")
        #expect(answer.problem?.isEmpty == false, "\(answer.request): \(json)")
        #expect(json["detail"]?.string?.isEmpty == false, "\(answer.request): \(json)")
        // On the command line a remedy is an option; here it is a field.
        let hasOption = answer.text.contains("--") && answer.text.contains(/(^|[^-\w])--[a-z]/)
        #expect(!hasOption, "\(answer.request): \(answer.text)")
        let hasSign = answer.text.contains("\u{2039}") || answer.text.contains("\u{203A}")
        #expect(!hasSign, "\(answer.request): \(answer.text)")
    }
}
