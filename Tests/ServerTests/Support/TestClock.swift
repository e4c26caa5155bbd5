import Basics
import Metastore
import Scheduling
import Synchronization
import TestSupport

/// A clock that stands still until a test moves it, and whose waits take a twentieth of their time.
///
final class TestClock: Sendable {
    private struct State {
        /// 2025-11-20T12:00:00Z.
        var now: Instant = 1_763_640_000_000
        var uptime: Duration = 1_000_000
        var isHeld = false
        var waits: [Duration: Int] = [:]
    }

    private let state = Mutex(State())

    /// The clock as a node takes it.
    var clocks: Clocks {
        Clocks(
            now: { self.state.withLock { $0.now } },
            uptime: { Uptime(boot: "test", sinceBoot: self.state.withLock { $0.uptime }) },
            sleep: { try await self.wait($0) }
        )
    }

    /// Moves the clock on.
    func pass(_ span: Duration) {
        state.withLock { state in
            state.now += span
            state.uptime += span
        }
    }

    /// Has all waits last until they are let go.
    func hold(_ isHeld: Bool) { state.withLock { $0.isHeld = isHeld } }

    /// How often somebody waited for exactly so long.
    func waitCount(_ span: Duration) -> Int { state.withLock { $0.waits[span] ?? 0 } }

    private func wait(_ span: Duration) async throws {
        state.withLock { $0.waits[span, default: 0] += 1 }
        try await Task.sleep(for: max(1, min(span, 1_000) / 20))
        try await pollUntil("a clock that is let go") { !state.withLock { $0.isHeld } }
    }

    // MARK: Moments as the API writes them

    /// The time as the API writes it, moved by so many minutes.
    func text(minutes: Int = 0) -> String {
        (state.withLock { $0.now } + .minutes(minutes)).description
    }

    /// Whether a text is a moment.
    static func isMoment(_ text: String) -> Bool { Instant(parsing: text) != nil }

    // MARK: The store

    /// Has another process hold the scheduler's lease.
    func takeLease(of metastore: Metastore, for holder: String) async throws -> Lease? {
        try await metastore.lease(
            "scheduler",
            for: holder,
            at: clocks.uptime(),
            span: 15_000,
            isAlive: { _ in true }
        )
    }

    /// Writes runs of a schedule down that were passed over, one for each minute before now.
    func writeHistory(
        of schedule: String,
        _ target: TableName,
        count: Int,
        to metastore: Metastore
    ) async throws {
        guard let lease = try await takeLease(of: metastore, for: "history") else { return }
        let now = state.withLock { $0.now }
        var step = SchedulerStep()
        step.changes = (1...count).reversed().map { number in
            let time = now - .minutes(number)
            let occurrence = Occurrence(
                scheduleID: schedule,
                origin: .schedule,
                scheduledFor: time,
                dueAt: time,
                claimedAt: time,
                era: 0,
                target: target,
                pool: "files"
            )
            return .passed(occurrence, .skipped, .overlap, count: 1, through: time)
        }
        _ = try await metastore.write(step, under: lease)
        try await metastore.release(lease)
    }
}
