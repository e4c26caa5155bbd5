import Daemon
import Definitions
import Metastore
import Scheduling
import Synchronization

/// A clock that stands still until a test moves it, and whose waits take a twentieth of their time.
///
/// All that these tests know of clocks and of how moments are written is in this file.
final class TestClock: Sendable {
    private struct State {
        /// 2025-11-20T12:00:00Z.
        var now: Int64 = 1_763_640_000_000
        var uptime: Int64 = 1_000_000
        var isHeld = false
        var waits: [Int64: Int] = [:]
    }

    private let state = Mutex(State())

    /// The clock as a node takes it.
    var scheduler: SchedulerClock {
        SchedulerClock(
            now: { self.state.withLock { $0.now } },
            uptime: { Uptime(boot: "test", milliseconds: self.state.withLock { $0.uptime }) },
            sleep: { try await self.wait($0) }
        )
    }

    /// Moves the clock on.
    func pass(milliseconds: Int64) {
        state.withLock { state in
            state.now += milliseconds
            state.uptime += milliseconds
        }
    }

    /// Has all waits last until they are let go.
    func hold(_ isHeld: Bool) { state.withLock { $0.isHeld = isHeld } }

    /// How often somebody waited for exactly so long.
    func waitCount(milliseconds: Int64) -> Int { state.withLock { $0.waits[milliseconds] ?? 0 } }

    private func wait(_ milliseconds: Int64) async throws {
        state.withLock { $0.waits[milliseconds, default: 0] += 1 }
        repeat {
            try await Task.sleep(for: .milliseconds(max(1, min(milliseconds, 1_000) / 20)))
        } while state.withLock({ $0.isHeld })
    }

    // MARK: Moments as the API writes them

    /// The time as the API writes it, moved by so many minutes.
    func text(minutes: Int64 = 0) -> String {
        Instant(state.withLock { $0.now } + minutes * 60_000).description
    }

    /// Whether a text is a moment.
    static func isMoment(_ text: String) -> Bool { Instant(parsing: text) != nil }

    // MARK: The store

    /// Has another process hold the scheduler's lease.
    func takeLease(of metastore: Metastore, for holder: String) async throws -> Lease? {
        try await metastore.lease(
            "scheduler",
            for: holder,
            at: scheduler.uptime(),
            span: 15_000,
            isAlive: { _ in true }
        )
    }

    /// Writes runs of a schedule down that were passed over, one for each minute before now.
    func writeHistory(
        of schedule: String,
        _ target: String,
        count: Int,
        to metastore: Metastore
    ) async throws {
        guard let lease = try await takeLease(of: metastore, for: "history") else { return }
        let now = state.withLock { $0.now }
        var step = SchedulerStep()
        step.changes = (1...count).reversed().map { number in
            let time = now - Int64(number) * 60_000
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
        try metastore.release(lease)
    }
}
