import Basics

/// What is lent, and closed after.
protocol Lendable: Sendable {
    /// Ends it, once.
    func close() async
}

extension Lendable {
    /// Lends it to `body` and closes it after, whatever happens.
    func lent<Result: Sendable>(
        to body: (Self) async throws -> Result
    ) async throws -> Result {
        do {
            let result = try await body(self)
            await close()
            return result
        } catch {
            await close()
            throw error
        }
    }
}

/// A session with a database: one connection on a thread of its own.
protocol DatabaseSession: Actor, Lendable {
    /// Stops what runs, and everything that comes after; from any thread, at any time.
    nonisolated func cancel()
}

extension DatabaseSession {
    /// Runs `body`, and stops what it waits for when the task is cancelled.
    nonisolated func cancelling<Result: Sendable>(
        _ body: () async throws -> Result
    ) async throws -> Result {
        try Task.checkCancellation()
        do {
            return try await withTaskCancellationHandler {
                try await body()
            } onCancel: {
                cancel()
            }
        } catch {
            try Task.checkCancellation()
            throw error
        }
    }
}

/// The sessions of one read: the coordinator, which belongs to whoever opened it, and those beside it.
protocol DatabaseLanes: Lendable {
    associatedtype Session: DatabaseSession

    /// All sessions, the coordinator first.
    var sessions: [Session] { get }
}

extension DatabaseLanes {
    /// Closes the sessions beside the coordinator.
    func close() async {
        for session in sessions.dropFirst() { await session.close() }
    }
}

extension BlockingExecutor {
    /// Runs work that blocks where the session that will do such work is not there yet.
    func run<Value: Sendable>(_ work: @Sendable () throws -> Value) async throws -> Value {
        try await Worker(executor: self).run(work)
    }

    /// A task of its own executor's actor would need the actor first: this one shares the executor.
    private actor Worker {
        private let executor: BlockingExecutor
        nonisolated var unownedExecutor: UnownedSerialExecutor {
            executor.asUnownedSerialExecutor()
        }

        init(executor: BlockingExecutor) { self.executor = executor }

        func run<Value: Sendable>(_ work: @Sendable () throws -> Value) throws -> Value {
            try work()
        }
    }
}
