import Basics
import Synchronization

/// Wakes one waiter; a signal that comes while nobody waits is not lost.
final class Signal: Sendable {
    private struct State {
        var isRaised = false
        var waiter: CheckedContinuation<Void, Never>?
    }

    private let state = Mutex(State())

    /// Wakes the waiter, or the next one.
    func raise() {
        state.withLock { state in
            let waiter = state.waiter
            state.waiter = nil
            state.isRaised = waiter == nil
            return waiter
        }?.resume()
    }

    /// Waits for a signal; returns at once when the task is cancelled.
    func wait() async {
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let isRaised = state.withLock { state in
                    if state.isRaised || Task.isCancelled {
                        state.isRaised = false
                        return true
                    }
                    state.waiter = continuation
                    return false
                }
                if isRaised { continuation.resume() }
            }
        } onCancel: {
            // Not raised: a waiter that gives up leaves no signal behind.
            state.withLock { state in
                let waiter = state.waiter
                state.waiter = nil
                return waiter
            }?.resume()
        }
    }

    /// Waits for a signal, or for so long.
    func wait(for span: Duration, _ clocks: Clocks) async {
        await withTaskGroup(of: Void.self) { group in
            group.addTask { await self.wait() }
            // A wait that is cut short is over.
            group.addTask { try? await clocks.sleep(span) }
            await group.next()
            group.cancelAll()
        }
    }
}
