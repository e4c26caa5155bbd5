import ObjectStorage
import Streams
import Synchronization

/// The process of one attempt: it can die, lose its connections, or stand still.
final class SimulatedAttempt: Sendable {
    enum Fault: Sendable {
        /// Nothing of the process is done any more, the operation it was about to do neither.
        case crashBefore
        /// The operation is the last thing it did.
        case crashAfter
        /// The operation fails and does nothing.
        case error
        /// The operation fails, but was done.
        case lostAnswer
        /// As `lostAnswer`, and then nothing answers for some operations.
        case outage(Int)
        /// The process stands still here while others work, and then goes on.
        case pause
    }

    /// A fault and where it comes.
    struct Accident: Sendable {
        var fault: Fault
        /// How many operations come before it.
        var place = 0
        /// Whether only operations count that change the lake.
        var countsWrites = false
        /// What stands in the name of the operation; nil for any.
        var operation: String?
    }

    /// The process is gone.
    struct Crash: Error {}

    private struct State {
        var accidents: [Accident]
        var isDead = false
        var isPaused = false
        var operationCount = 0
        var writeCount = 0
        var outage = 0
        var pauseCount = 0
    }

    let number: Int
    private let state: Mutex<State>
    private let whilePaused: @Sendable () async -> Void
    private let log: (@Sendable (String) -> Void)?

    init(
        number: Int,
        accidents: [Accident] = [],
        log: (@Sendable (String) -> Void)? = nil,
        whilePaused: @escaping @Sendable () async -> Void = {}
    ) {
        self.number = number
        state = Mutex(State(accidents: accidents))
        self.log = log
        self.whilePaused = whilePaused
    }

    var isDead: Bool { state.withLock { $0.isDead } }
    var wasPaused: Bool { state.withLock { $0.pauseCount > 0 } }

    /// Does an operation at the store, or what goes wrong with it.
    func storing<Result>(
        _ name: @autoclosure () -> String,
        isWrite: Bool,
        _ body: () throws -> Result
    ) async throws -> Result {
        let fault = try await enter(isWrite: isWrite, name()) {
            StorageError(.device, "the store does not answer")
        }
        let result = try body()
        switch fault {
        case .crashAfter:
            die()
            throw Crash()
        case .lostAnswer:
            throw StorageError(.device, "the answer was lost")
        case .outage(let count):
            state.withLock { $0.outage = count }
            throw StorageError(.device, "the answer was lost")
        case nil, .crashBefore, .error, .pause: return result
        }
    }

    /// Asks the source something, or fails to.
    func asking(_ name: @autoclosure () -> String) async throws {
        let fault = try await enter(isWrite: false, name()) {
            SourceError(.interrupted, "the connection was lost")
        }
        guard fault != nil else { return }
        if case .crashAfter = fault { die() }
        throw SourceError(.interrupted, "the connection was lost")
    }

    /// Waits for nothing, unless the process is gone.
    func resting() async throws {
        try await pass()
    }

    private func die() { state.withLock { $0.isDead = true } }

    /// Stands still with the process, and lets others go first.
    private func pass() async throws {
        repeat { await Task.yield() } while state.withLock { $0.isPaused && !$0.isDead }
        if isDead { throw Crash() }
    }

    /// Comes to an operation, and gives what is to go wrong when it is done.
    private func enter(
        isWrite: Bool,
        _ name: @autoclosure () -> String,
        refusal: () -> any Error
    ) async throws -> Fault? {
        try await pass()
        let named = state.withLock { $0.accidents.contains { $0.operation != nil } } ? name() : ""
        let (fault, isOut) = state.withLock { state in
            defer {
                state.operationCount += 1
                if isWrite { state.writeCount += 1 }
            }
            if state.outage > 0 {
                state.outage -= 1
                return (nil as Fault?, true)
            }
            let place = state.accidents.firstIndex { accident in
                if let operation = accident.operation { return named.contains(operation) }
                return accident.countsWrites
                    ? isWrite && accident.place <= state.writeCount
                    : accident.place <= state.operationCount
            }
            return (place.map { state.accidents.remove(at: $0).fault }, false)
        }
        log?("\(number) \(name())\(fault.map { " ! \($0)" } ?? "")\(isOut ? " ! out" : "")")
        if isOut { throw refusal() }
        switch fault {
        case .crashBefore:
            die()
            throw Crash()
        case .error: throw refusal()
        case .pause:
            // A lane that is being stopped only gives up; the others stand still with it.
            guard !Task.isCancelled else { return nil }
            state.withLock {
                $0.isPaused = true
                $0.pauseCount += 1
            }
            await whilePaused()
            state.withLock { $0.isPaused = false }
            log?("\(number) goes on")
            return nil
        case nil, .crashAfter, .lostAnswer, .outage: return fault
        }
    }
}
