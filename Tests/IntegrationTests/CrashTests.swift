import TestSupport
import Testing

/// The program under faults at every step that can be named (Tests/Python/crash.py).
///
/// `TRIBUTARY_CRASH_SEED` chooses other cases; `crash.py --replay` repeats one, `--list` names the
/// steps.
@Suite(.serialized)
struct CrashTests {
    private static let caseCount = 160

    @Test func `whatever is killed, stopped, cut or refused: the table is right in the end`()
        async throws
    {
        let seed = TestEnvironment.optionalValue(of: "TRIBUTARY_CRASH_SEED") ?? "20261121"
        try await withScratchDirectory { folder in
            let result = try await ChildProcess.run(
                TestEnvironment.python,
                [
                    "-B", "\(TestEnvironment.packageRoot)/Tests/Python/crash.py", "--seed", seed,
                    "--cases", "\(Self.caseCount)", "--folder", folder,
                ],
                deadline: .hang * 2
            )
            #expect(result.succeeded, "\(result.transcript)")
        }
    }
}
