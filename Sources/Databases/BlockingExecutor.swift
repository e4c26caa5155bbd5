import Dispatch

/// The thread of one blocking session: C calls that wait run here, never on Swift's own pool.
///
/// An actor that owns a C handle keeps one of these and answers it as its `unownedExecutor`:
///
///     private let executor = BlockingExecutor(label: "tributary.sqlite")
///     nonisolated var unownedExecutor: UnownedSerialExecutor { executor.asUnownedSerialExecutor() }
///
/// Jobs run one after the other in the order in which they came.
package final class BlockingExecutor: SerialExecutor {
    private let queue: DispatchQueue

    /// Makes an executor whose threads carry `label`.
    package init(label: String) {
        // Its own root, not a shared one: a session that waits for its server must not keep
        // the work of another one waiting.
        queue = DispatchQueue(label: label, qos: .userInitiated)
    }

    package func enqueue(_ job: consuming ExecutorJob) {
        let job = UnownedJob(job)
        queue.async { [self] in
            job.runSynchronously(on: asUnownedSerialExecutor())
        }
    }

    package func asUnownedSerialExecutor() -> UnownedSerialExecutor {
        UnownedSerialExecutor(ordinary: self)
    }

    package func checkIsolated() {
        dispatchPrecondition(condition: .onQueue(queue))
    }
}
