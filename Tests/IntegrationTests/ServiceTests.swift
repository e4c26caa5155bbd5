import TestSupport
import Testing

/// What `tributary serve` promises (Tests/Python/service.py), with real servers and real deaths.
///
/// `TRIBUTARY_SERVICE_SEED` chooses other cases.
@Suite(.serialized)
struct ServiceTests {
    @Test func `a row added and one changed are there with the second firing`() async throws {
        try await attack("day")
    }

    @Test func `killed between and during firings, nothing is lost and nothing run twice`()
        async throws
    {
        try await attack("kills")
    }

    @Test func `a process that was held up finds its lease gone, and what it did refused`()
        async throws
    {
        try await attack("takeover")
    }

    @Test func `a scheduler that cannot go on says so, and goes on when it can`() async throws {
        try await attack("outage")
    }

    @Test func `a run that was stopped in the middle resumes, and a lost metastore is built again`()
        async throws
    {
        try await attack("stop")
    }

    @Test func `the API lets in who may and takes what it can`() async throws {
        try await attack("api")
    }

    @Test func `a secret is in no answer, log, error or file`() async throws {
        try await attack("secrets")
    }

    @Test func `no request is a failure of the server`() async throws {
        try await attack("fuzz")
    }

    private func attack(_ name: String) async throws {
        let seed = TestEnvironment.optionalValue(of: "TRIBUTARY_SERVICE_SEED") ?? "20261121"
        let result = try await ChildProcess.run(
            TestEnvironment.python,
            ["-B", "\(TestEnvironment.packageRoot)/Tests/Python/service.py", name, "--seed", seed]
        )
        #expect(result.succeeded, "\(result.transcript)")
    }
}
