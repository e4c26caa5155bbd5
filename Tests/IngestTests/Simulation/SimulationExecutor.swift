import Dispatch
import Synchronization
import TestSupport

/// Runs all tasks of a simulation on one thread and picks by a seed which goes on next.
///
/// So the lanes of a read meet in many orders, and in the same order for the same seed.
final class SimulationExecutor: TaskExecutor {
    private struct State {
        var jobs: [UnownedJob] = []
        var chance = SplitMix64(seed: 0)
        var isDraining = false
    }

    private let state = Mutex(State())
    private let queue = DispatchQueue(label: "simulation")

    /// Begins the order that belongs to `seed`; to be called while one task runs.
    func begin(seed: UInt64) {
        state.withLock { $0.chance = SplitMix64(seed: seed) }
    }

    func enqueue(_ job: consuming ExecutorJob) {
        let job = UnownedJob(job)
        let starts = state.withLock { state in
            state.jobs.append(job)
            defer { state.isDraining = true }
            return !state.isDraining
        }
        if starts { queue.async { self.drain() } }
    }

    private func drain() {
        while let job = next() { job.runSynchronously(on: asUnownedTaskExecutor()) }
    }

    private func next() -> UnownedJob? {
        state.withLock { state in
            guard !state.jobs.isEmpty else {
                state.isDraining = false
                return nil
            }
            if state.jobs.count == 1 { return state.jobs.removeLast() }
            return state.jobs.remove(at: Int(state.chance.next() % UInt64(state.jobs.count)))
        }
    }
}
