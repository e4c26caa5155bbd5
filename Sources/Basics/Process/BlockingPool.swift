import Dispatch
import Synchronization

#if canImport(Glibc)
    import Glibc
#else
    import Musl
#endif

/// Threads of its own for calls that wait, for a disk above all: Swift's shared threads never do.
///
/// - Jobs begin in the order in which they came, as many at a time as there are threads. A thread is begun
///   when a job needs it, and stays until the pool is gone.
/// - Jobs that find no thread wait, a bounded number of them; the next one is refused at once. So callers of
///   a disk that hangs are told, and do not pile up.
/// - Cancelling a caller takes its job out of those that wait: it never runs, and the caller gets
///   `CancellationError`. A job that has begun runs to its end, and its caller waits for it. So an error of
///   cancelling says that nothing was done.
/// - A caller that is cancelled before it asks is served like any other: it asks in order to tidy up.
///
/// A job must not wait for another job of the same pool.
package final class BlockingPool: Sendable {
    private struct Job: Sendable {
        let id: UInt64
        /// Does the work and gives what tells the caller.
        let perform: @Sendable () -> @Sendable () -> Void
        let refuse: @Sendable (any Error) -> Void
    }

    private struct State {
        /// The first one came first.
        var waiting: [Job] = []
        var lastID: UInt64 = 0
        var threadCount = 0
        var busyCount = 0
        var isClosed = false
    }

    /// What the threads share: it lives for as long as the last of them.
    private final class Core: Sendable {
        let state = Mutex(State())
        /// Raised once for each job, and once for each thread at the end.
        let bell = DispatchSemaphore(value: 0)

        /// The life of a thread.
        func work() {
            while true {
                bell.wait()
                let (job, isOver) = state.withLock { state -> (Job?, Bool) in
                    // The job that the bell was raised for may have been taken out.
                    guard !state.waiting.isEmpty else { return (nil, state.isClosed) }
                    state.busyCount += 1
                    return (state.waiting.removeFirst(), false)
                }
                if isOver { return }
                guard let job else { continue }
                let tell = job.perform()
                // The thread is free before the caller asks for the next one.
                state.withLock { $0.busyCount -= 1 }
                tell()
            }
        }
    }

    private let core = Core()
    private let threadLimit: Int
    private let waitingLimit: Int

    /// Makes a pool without threads.
    ///
    /// - Parameters:
    ///   - threadLimit: Jobs that run at a time, at most.
    ///   - waitingLimit: Jobs that wait for a thread, at most.
    package init(threadLimit: Int, waitingLimit: Int) {
        self.threadLimit = threadLimit
        self.waitingLimit = waitingLimit
    }

    deinit {
        let threadCount = core.state.withLock { state in
            state.isClosed = true
            return state.threadCount
        }
        for _ in 0..<threadCount { core.bell.signal() }
    }

    /// Jobs that wait for a thread at the moment.
    package var waitingCount: Int { core.state.withLock { $0.waiting.count } }

    /// Runs a job on one of the threads, and waits for it without keeping a thread of Swift's.
    ///
    /// - Returns: What `body` returns.
    /// - Throws: what `body` throws; `CancellationError` where the task was cancelled while the job waited, and
    ///   `BlockingPoolError` where too many wait, each with nothing done.
    package func run<Value: Sendable>(
        _ body: @escaping @Sendable () throws -> Value
    ) async throws -> Value {
        let id = newID()
        let isTidying = Task.isCancelled
        return try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { continuation in
                let job = Job(id: id) {
                    let result = Result { try body() }
                    return { continuation.resume(with: result) }
                } refuse: {
                    continuation.resume(throwing: $0)
                }
                add(job, limit: waitingLimit)
                // A cancellation that came before it was queued has found nothing to take out.
                if !isTidying, Task.isCancelled { takeOut(id) }
            }
        } onCancel: {
            if !isTidying { takeOut(id) }
        }
    }

    /// Runs a job that puts things in order: however many wait, and whether the task is cancelled or not.
    package func tidy(_ body: @escaping @Sendable () -> Void) async {
        await withCheckedContinuation { continuation in
            let job = Job(id: newID()) {
                body()
                return { continuation.resume() }
            } refuse: { _ in
                // Not even one thread can be begun.
                body()
                continuation.resume()
            }
            add(job, limit: .max)
        }
    }

    private func newID() -> UInt64 {
        core.state.withLock { state in
            state.lastID += 1
            return state.lastID
        }
    }

    private func takeOut(_ id: UInt64) {
        let job = core.state.withLock { state in
            state.waiting.firstIndex { $0.id == id }.map { state.waiting.remove(at: $0) }
        }
        job?.refuse(CancellationError())
    }

    private func add(_ job: Job, limit: Int) {
        let (isTaken, needsThread) = core.state.withLock { state -> (Bool, Bool) in
            let isFree = state.busyCount + state.waiting.count < threadLimit
            guard isFree || state.waiting.count < limit else { return (false, false) }
            state.waiting.append(job)
            guard state.busyCount + state.waiting.count > state.threadCount,
                state.threadCount < threadLimit
            else { return (true, false) }
            state.threadCount += 1
            return (true, true)
        }
        guard isTaken else {
            return job.refuse(
                BlockingPoolError(
                    .full,
                    "the disk does not keep up: \(waitingLimit) calls wait for it already; try again"
                )
            )
        }
        if needsThread { beginThread() }
        core.bell.signal()
    }

    private func beginThread() {
        let shared = Unmanaged.passRetained(core)
        var thread = pthread_t()
        let reason = pthread_create(
            &thread,
            nil,
            { context in
                guard let context else { return nil }
                Unmanaged<Core>.fromOpaque(context).takeRetainedValue().work()
                return nil
            },
            shared.toOpaque()
        )
        guard reason != 0 else {
            pthread_detach(thread)
            return
        }
        shared.release()
        // With other threads there it takes longer; without one nothing would ever be done.
        let stranded = core.state.withLock { state in
            state.threadCount -= 1
            guard state.threadCount == 0 else { return [Job]() }
            defer { state.waiting = [] }
            return state.waiting
        }
        let error = BlockingPoolError(
            .noThread,
            "the system begins no thread: \(String(cString: strerror(reason))); see how many threads and how "
                + "much memory this process may have, and try again"
        )
        for job in stranded { job.refuse(error) }
    }
}

extension BlockingPool {
    /// For single files that are part of no store: keys, secrets, tokens.
    package static let files = BlockingPool(
        threadLimit: Limits.fileThreadCount,
        waitingLimit: Limits.fileWaitingCount
    )
}

/// Why a job was not run.
package struct BlockingPoolError: Failure {
    /// The class of a failure.
    package enum Code: String, FailureCode {
        /// As many jobs wait as may.
        case full
        /// The system begins no thread.
        case noThread = "no-thread"

        package var failureClass: FailureClass { .transient }
    }

    package let code: Code
    /// One sentence.
    package let message: String

    init(_ code: Code, _ message: String) {
        self.code = code
        self.message = message
    }

    package var domain: FailureDomain { .service }
}
