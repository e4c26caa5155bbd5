import Synchronization
import TestSupport
import Testing

#if canImport(Glibc)
    import Glibc
#else
    import Musl
#endif

/// The whole engine against a source, a store and a clock that are made up, and that fail: many
/// histories, each told by its seed.
///
/// `TRIBUTARY_SIMULATION_SEED=<seed>` goes through that history alone and, if it fails, tells
/// what happened in it step by step; `TRIBUTARY_SIMULATION_COUNT=<n>` goes through seeds 1 to n
/// instead of the usual ones.
@Suite struct SimulationTests {
    @Test func `no history loses or doubles a row, or leaves a file behind`() async throws {
        if let seed = Self.variable("TRIBUTARY_SIMULATION_SEED") {
            let history = try await Self.history(seed, keepsLog: true)
            let steps = history.state.withLock { $0.log.joined(separator: "\n") }
            #expect(history.failure == nil, "\(steps)")
            return
        }
        let executor = SimulationExecutor()
        let count = Self.variable("TRIBUTARY_SIMULATION_COUNT") ?? 1_200
        try await withTaskExecutorPreference(executor) {
            var failureCount = 0
            for seed in 1...max(count, 1) where failureCount < 10 {
                executor.begin(seed: seed)
                let history = try SimulatedHistory(seed: seed)
                await history.run()
                guard let failure = history.failure else { continue }
                failureCount += 1
                Issue.record("TRIBUTARY_SIMULATION_SEED=\(seed): \(failure)")
            }
        }
    }

    @Test func `a history is the same each time`() async throws {
        for seed in [3, 11, 42] as [UInt64] {
            let first = try await Self.history(seed, keepsLog: true)
            let second = try await Self.history(seed, keepsLog: true)
            let log = first.state.withLock { $0.log }
            #expect(log.count > 5)
            #expect(log == second.state.withLock { $0.log })
        }
    }

    private static func history(_ seed: UInt64, keepsLog: Bool) async throws -> SimulatedHistory {
        let executor = SimulationExecutor()
        return try await withTaskExecutorPreference(executor) {
            executor.begin(seed: seed)
            let history = try SimulatedHistory(seed: seed, keepsLog: keepsLog)
            await history.run()
            return history
        }
    }

    private static func variable(_ name: String) -> UInt64? {
        getenv(name).flatMap { UInt64(String(cString: $0)) }
    }
}
