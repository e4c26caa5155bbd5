import TestSupport
import Testing

/// What `tributary serve` and its commands promise when things around them go wrong
/// (Tests/Python/service_guard.py).
@Suite(.serialized)
struct ServiceGuardTests {
    @Test func `a lake that is away fails no run, pauses nothing and is not made again`()
        async throws
    {
        try await attack("away")
    }

    @Test func `a disk that hangs costs no lease, and what waits for it ends well`() async throws {
        try await attack("slow")
    }

    @Test func `a stranger holds nobody up and costs nothing`() async throws {
        try await attack("strangers")
    }

    @Test func `a document that cannot be read breaks nothing but itself`() async throws {
        try await attack("documents")
    }

    @Test func `the lake is named the same way everywhere, and a folder's settings run nothing`()
        async throws
    {
        try await attack("settings")
    }

    @Test func `what a hostile server says back of a secret is not shown`() async throws {
        try await attack("echo")
    }

    @Test func `a lake has one key, however its folder is found`() async throws {
        try await attack("keys")
    }

    @Test func `a word that is read otherwise is refused or meant`() async throws {
        try await attack("words")
    }

    @Test func `a run that had published is green, whatever decides over it first`() async throws {
        try await attack("published")
    }

    @Test func `a schedule replaces or mixes rows of others only when it is asked to`()
        async throws
    {
        try await attack("rows")
    }

    @Test func `a node that stands by is ready, and the log tells of each run`() async throws {
        try await attack("standby")
    }

    @Test func `a server that reads Postgres logs nothing but its runs`() async throws {
        try await attack("quiet")
    }

    private func attack(_ name: String) async throws {
        let script = "\(TestEnvironment.packageRoot)/Tests/Python/service_guard.py"
        let result = try await ChildProcess.run(TestEnvironment.python, ["-B", script, name])
        #expect(result.succeeded, "\(result.transcript)")
    }
}
