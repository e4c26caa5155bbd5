import Ingest
import Synchronization

/// A run under way: its progress, and the switch that stops it.
final class RunControl: Sendable {
    let progress = RunProgress()
    private let signal = Signal()
    /// Whether the program ends: what was cut off then resumes with the next one.
    let isInterrupted = Mutex(false)

    /// Asks the run to stop.
    func stop(isInterrupted: Bool) {
        if isInterrupted { self.isInterrupted.withLock { $0 = true } }
        signal.raise()
    }

    /// Runs `body` in a task that is cancelled when the run is to stop.
    func perform<Result: Sendable>(
        _ body: @escaping @Sendable () async -> Result
    ) async -> Result {
        await withTaskGroup(of: Result?.self) { group in
            group.addTask { await body() }
            group.addTask {
                await self.signal.wait()
                return nil
            }
            while let ended = await group.next() {
                group.cancelAll()
                if let result = ended { return result }
            }
            // The body's task always gives a result, and the loop ends with it.
            return await body()
        }
    }
}
