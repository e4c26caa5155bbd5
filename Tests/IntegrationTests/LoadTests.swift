import TestSupport
import Testing

/// What a sync promises of a table that is written while it is read and between (Tests/Python/load.py).
///
/// `TRIBUTARY_LOAD_SEED` chooses other cases; `load.py resume --replay` repeats one.
@Suite(.serialized)
struct LoadTests {
    @Test func `an attempt that goes on beside writers ends with one snapshot`() async throws {
        try await attack("resume", "--seed", Self.seed, "--cases", "100")
    }

    @Test func `incremental runs beside writers end with the rows of the source`() async throws {
        try await attack("incremental", "--seed", Self.seed, "--cases", "40")
    }

    @Test func `what is kept of an attempt is what did not change`() async throws {
        try await attack("targeted")
    }

    @Test func `whatever happens to a table between two incremental runs is seen`() async throws {
        try await attack("later")
    }

    @Test func `whatever happens to a SQLite file between two runs is seen`() async throws {
        try await attack("sqlite")
    }

    @Test func `whatever happens to a MariaDB table between two runs is seen`() async throws {
        try await attack("mariadb")
    }

    @Test func `ids that go round, a crash and a promotion are seen`() async throws {
        try await attack("server")
    }

    private static var seed: String {
        TestEnvironment.optionalValue(of: "TRIBUTARY_LOAD_SEED") ?? "20261121"
    }

    private func attack(_ arguments: String...) async throws {
        let result = try await ChildProcess.run(
            TestEnvironment.python,
            ["-B", "\(TestEnvironment.packageRoot)/Tests/Python/load.py"] + arguments,
            deadline: .hang * 2
        )
        #expect(result.succeeded, "\(result.transcript)")
    }
}
