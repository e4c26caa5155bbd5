import Basics
import Scheduling
import TestSupport
import Testing

/// The scheduler's decisions, one by one.
///
/// Times are milliseconds; the first is a whole hour.
@Suite struct MachineTests {
    /// 2026-01-01T00:00:00Z.
    static let start: Instant = 1_767_225_600_000
    static let minute: Duration = 60_000

    static func spec(
        _ id: String = "a",
        _ trigger: String = "@every 1m",
        target: TableName? = nil
    ) throws -> ScheduleSpec {
        var spec = ScheduleSpec(
            id: id,
            trigger: try Trigger(parsing: trigger),
            target: target ?? "shop.\(id)",
            pool: "db",
            createdAt: start
        )
        spec.isDueWhenCreated = false
        return spec
    }

    static func machine(limit: Int = 10, poolLimit: Int = 10) -> SchedulerMachine {
        SchedulerMachine(limit: limit, poolLimit: poolLimit, seed: 1)
    }

    /// The nominal times of what a step begins.
    static func started(_ step: SchedulerStep) -> [Instant] {
        step.starts.map(\.occurrence.scheduledFor)
    }

    static func passed(
        _ step: SchedulerStep
    ) -> [(state: OccurrenceState, reason: OccurrenceReason, count: Int, through: Instant)] {
        step.changes.compactMap { change in
            guard case .passed(_, let state, let reason, let count, let through) = change else {
                return nil
            }
            return (state, reason, count, through)
        }
    }

    static func ends(_ step: SchedulerStep) -> [String: OccurrenceState] {
        var ends: [String: OccurrenceState] = [:]
        for change in step.changes {
            if case .ended(let id, let state, _, _) = change { ends[id] = state }
        }
        return ends
    }

    /// Lets everything that was begun succeed.
    static func succeed(_ step: SchedulerStep, in machine: inout SchedulerMachine, at now: Instant)
    {
        for start in step.starts {
            machine.ended(
                start.occurrence.id,
                attempt: start.attempt,
                AttemptReport(.succeeded),
                at: now
            )
        }
    }

    @Test func `nothing fires before its time, and everything at it`() throws {
        var machine = Self.machine()
        machine.put(try Self.spec(), Self.start)
        machine.tick(Self.start + Self.minute - 1)
        #expect(machine.takeStep().starts.isEmpty)
        #expect(machine.wait(at: Self.start + Self.minute - 1) == 1)
        machine.tick(Self.start + Self.minute)
        let step = machine.takeStep()
        #expect(Self.started(step) == [Self.start + Self.minute])
        #expect(step.statuses["a"]?.cursor == Self.start + Self.minute)
        // The record comes before the start, in the same step.
        #expect(step.changes.count == 2)
        if case .added? = step.changes.first {} else { Issue.record("\(step.changes)") }
    }

    @Test func `three days of downtime are one gap and one run`() throws {
        var machine = Self.machine()
        machine.put(try Self.spec(), Self.start)
        let now = Self.start + 3 * 86_400_000 + 5
        machine.tick(now)
        let step = machine.takeStep()
        #expect(Self.started(step) == [Self.start + 3 * 86_400_000])
        let gaps = Self.passed(step)
        #expect(gaps.count == 1)
        #expect(gaps.first?.count == 4_319)
        #expect(gaps.first?.reason == .late)
        #expect(gaps.first?.through == Self.start + 3 * 86_400_000 - Self.minute)
        #expect(machine.nextDue(of: "a") == Self.start + 3 * 86_400_000 + Self.minute)
    }

    @Test func `a gap of a cron schedule is counted too`() throws {
        var machine = Self.machine()
        machine.put(try Self.spec("a", "30 2 * * *"), Self.start)
        machine.tick(Self.start + 10 * 86_400_000)
        let step = machine.takeStep()
        #expect(Self.started(step) == [Self.start + 9 * 86_400_000 + 9_000_000])
        #expect(Self.passed(step).first?.count == 9)
    }

    @Test func `catching up on none records all as missed, on all runs the newest`() throws {
        var none = try Self.spec("none", "@every 10m")
        none.catchUp = .none
        var all = try Self.spec("all", "@every 10m")
        all.catchUp = .all(max: 3, window: 36_000_000)
        var machine = Self.machine()
        machine.put(none, Self.start)
        machine.put(all, Self.start)
        let now = Self.start + Self.minute * 110 + 61_000
        machine.tick(now)
        var step = machine.takeStep()
        #expect(step.starts.map(\.occurrence.scheduleID) == ["all"])
        #expect(Self.passed(step).map(\.count).sorted() == [8, 11])
        var run: [Instant] = []
        while !step.starts.isEmpty {
            run += Self.started(step)
            Self.succeed(step, in: &machine, at: now)
            step = machine.takeStep()
        }
        #expect(run == [90, 100, 110].map { Self.start + Self.minute * $0 })
    }

    @Test func `a run that goes on makes the next one skip, wait, or takes its place`() throws {
        for overlap in OverlapPolicy.allCases {
            var spec = try Self.spec()
            spec.overlap = overlap
            var machine = Self.machine()
            machine.put(spec, Self.start)
            machine.tick(Self.start + Self.minute)
            let first = machine.takeStep()
            machine.tick(Self.start + Self.minute * 2)
            let second = machine.takeStep()
            machine.tick(Self.start + Self.minute * 3)
            let third = machine.takeStep()
            #expect(second.starts.isEmpty && third.starts.isEmpty, "\(overlap)")
            switch overlap {
            case .skip:
                #expect(Self.passed(second).map(\.reason) == [.overlap])
                #expect(machine.unfinishedCount == 1)
            case .bufferOne:
                #expect(Self.passed(second).isEmpty)
                #expect(Self.passed(third).map(\.reason) == [.bufferFull])
                #expect(machine.unfinishedCount == 2)
            case .cancelOther:
                #expect(second.cancels == first.starts.map(\.occurrence.id))
                // The second one waited, and made way for the third.
                #expect(Self.ends(third).values.contains(.cancelled))
                #expect(machine.unfinishedCount == 2)
            }
        }
    }

    @Test func `two schedules of one table never run at once`() throws {
        var machine = Self.machine()
        machine.put(try Self.spec("a", target: "shop.orders"), Self.start)
        machine.put(try Self.spec("b", target: "shop.orders"), Self.start)
        machine.tick(Self.start + Self.minute)
        let first = machine.takeStep()
        #expect(first.starts.count == 1)
        Self.succeed(first, in: &machine, at: Self.start + Self.minute + 1)
        #expect(machine.takeStep().starts.count == 1)
    }

    @Test func `pools bound what runs at a time`() throws {
        var machine = Self.machine(limit: 3, poolLimit: 2)
        for number in 0..<6 {
            var spec = try Self.spec("s\(number)")
            spec.pool = number < 4 ? "one" : "two"
            machine.put(spec, Self.start)
        }
        machine.tick(Self.start + Self.minute)
        let step = machine.takeStep()
        #expect(step.starts.count == 3)
        #expect(step.starts.filter { $0.occurrence.pool == "one" }.count <= 2)
        Self.succeed(step, in: &machine, at: Self.start + Self.minute)
        #expect(machine.takeStep().starts.count == 3)
    }

    @Test func `a failure that may pass is tried again within its occurrence`() throws {
        var spec = try Self.spec("a", "@every 1h")
        spec.retry = RetryPolicy(attempts: 3, base: 1_000, cap: 4_000)
        var machine = Self.machine()
        machine.put(spec, Self.start)
        var now = Self.start + 3_600_000
        machine.tick(now)
        var step = machine.takeStep()
        let id = try #require(step.starts.first?.occurrence.id)
        for attempt in 1...3 {
            #expect(step.starts.map(\.attempt) == [attempt])
            machine.ended(
                id,
                attempt: attempt,
                AttemptReport(.failed(.transient), message: "gone"),
                at: now
            )
            step = machine.takeStep()
            if attempt == 3 { break }
            let wait = try #require(machine.wait(at: now))
            #expect(wait > 0 && wait <= 4_001)
            now += wait
            machine.uptime += wait - 1
            machine.tick(now - 1)
            #expect(machine.takeStep().starts.isEmpty)
            machine.uptime += 1
            machine.tick(now)
            step = machine.takeStep()
        }
        #expect(Self.ends(step) == [id: .failed])
        #expect(machine.status(of: "a")?.failures == 1)
        // The next nominal time is where it was.
        #expect(machine.nextDue(of: "a") == Self.start + 7_200_000)
    }

    @Test func `a wrong password is not tried again, and pauses after so many`() throws {
        var spec = try Self.spec()
        spec.pauseAfter = 2
        var machine = Self.machine()
        machine.put(spec, Self.start)
        for count in 1...2 {
            machine.tick(Self.start + Self.minute * count)
            let start = try #require(machine.takeStep().starts.first)
            machine.ended(
                start.occurrence.id,
                attempt: 1,
                AttemptReport(.failed(.configuration)),
                at: Self.start + Self.minute * count + 1
            )
            _ = machine.takeStep()
        }
        #expect(machine.status(of: "a")?.pauseReason == "2 runs in a row failed")
        machine.tick(Self.start + Self.minute * 10)
        #expect(machine.takeStep().isEmpty)
        machine.resume("a", Self.start + Self.minute * 10 + 1)
        // What went by while it rested is over.
        #expect(machine.nextDue(of: "a") == Self.start + Self.minute * 11)
    }

    @Test func `a run that takes too long fails, and its late end counts for nothing more`() throws
    {
        var spec = try Self.spec()
        spec.timeout = 5_000
        var machine = Self.machine()
        machine.put(spec, Self.start)
        machine.tick(Self.start + Self.minute)
        let id = try #require(machine.takeStep().starts.first?.occurrence.id)
        // A clock that is put forward makes no run take longer.
        machine.uptime += 4_999
        machine.tick(Self.start + Self.minute + 50_000)
        #expect(machine.takeStep().cancels.isEmpty)
        machine.uptime += 1
        machine.tick(Self.start + Self.minute + 50_000)
        #expect(machine.takeStep().cancels == [id])
        machine.ended(
            id,
            attempt: 1,
            AttemptReport(.cancelled),
            at: Self.start + Self.minute + 5_100
        )
        let step = machine.takeStep()
        #expect(Self.ends(step) == [id: .failed])
        let reports = step.changes.compactMap { change in
            if case .attempted(_, _, let report, _) = change { report.end } else { nil }
        }
        #expect(reports == [.failed(.timeout)])
        machine.ended(
            id,
            attempt: 1,
            AttemptReport(.succeeded),
            at: Self.start + Self.minute + 5_200
        )
        #expect(machine.takeStep().isEmpty)
    }

    @Test func `a clock set back by a day silences nothing, and names its times again`() throws {
        var machine = Self.machine()
        machine.put(try Self.spec("a", "@daily"), Self.start)
        machine.tick(Self.start + 86_400_000)
        Self.succeed(machine.takeStep(), in: &machine, at: Self.start + 86_400_000)
        _ = machine.takeStep()
        let back = Self.start + 3_600_000
        machine.tick(back)
        #expect(machine.takeStep().era == 1)
        machine.tick(Self.start + 86_400_000)
        let again = try #require(machine.takeStep().starts.first?.occurrence)
        #expect(again.scheduledFor == Self.start + 86_400_000)
        #expect(again.id == "a.20260102T000000Z.era1")
    }

    @Test func `a clock set back a little fires nothing twice`() throws {
        var machine = Self.machine()
        machine.put(try Self.spec(), Self.start)
        machine.tick(Self.start + Self.minute)
        Self.succeed(machine.takeStep(), in: &machine, at: Self.start + Self.minute)
        _ = machine.takeStep()
        machine.tick(Self.start + Self.minute - 5_000)
        machine.tick(Self.start + Self.minute + 1)
        #expect(machine.takeStep().starts.isEmpty)
    }

    @Test func `run now goes the same way, also for a schedule that rests`() throws {
        var spec = try Self.spec()
        spec.isEnabled = false
        var machine = Self.machine()
        machine.put(spec, Self.start)
        let first = try machine.runNow("a", Self.start + 5)
        #expect(first.origin == .manual)
        #expect(machine.takeStep().starts.map(\.occurrence.id) == [first.id])
        #expect(throws: SchedulerMachine.Refusal.busy(with: first.id)) {
            _ = try machine.runNow("a", Self.start + 6)
        }
        #expect(throws: SchedulerMachine.Refusal.unknownSchedule) {
            _ = try machine.runNow("b", Self.start + 6)
        }
    }

    @Test func `a changed trigger counts from its change on`() throws {
        var machine = Self.machine()
        machine.put(try Self.spec("a", "@daily"), Self.start)
        machine.put(try Self.spec("a", "@every 1m"), Self.start + 3_600_000)
        machine.tick(Self.start + 3_600_000)
        #expect(machine.takeStep().starts.isEmpty)
        #expect(machine.nextDue(of: "a") == Self.start + 3_660_000)
    }

    @Test func `a disabled schedule drops what waits, and is not due at once when it is back`()
        throws
    {
        var machine = Self.machine(limit: 0)
        machine.put(try Self.spec(), Self.start)
        machine.tick(Self.start + Self.minute)
        let id = try #require(
            machine.takeStep().changes.compactMap { change -> String? in
                if case .added(let occurrence) = change { occurrence.id } else { nil }
            }.first
        )
        var disabled = try Self.spec()
        disabled.isEnabled = false
        machine.put(disabled, Self.start + Self.minute + 1)
        #expect(Self.ends(machine.takeStep()) == [id: .cancelled])
        machine.put(try Self.spec(), Self.start + Self.minute * 60)
        machine.tick(Self.start + Self.minute * 60)
        #expect(
            !machine.takeStep().changes.contains { if case .added = $0 { true } else { false } }
        )
        #expect(machine.nextDue(of: "a") == Self.start + Self.minute * 61)
    }

    @Test func `a deleted schedule stops, and its end brings nothing back`() throws {
        var machine = Self.machine()
        machine.put(try Self.spec(), Self.start)
        machine.tick(Self.start + Self.minute)
        let id = try #require(machine.takeStep().starts.first?.occurrence.id)
        machine.remove("a", Self.start + Self.minute + 1)
        #expect(machine.takeStep().cancels == [id])
        machine.ended(id, attempt: 1, AttemptReport(.cancelled), at: Self.start + Self.minute + 2)
        let step = machine.takeStep()
        #expect(Self.ends(step) == [id: .cancelled])
        #expect(step.statuses.isEmpty)
        #expect(machine.scheduleCount == 0)
        machine.tick(Self.start + Self.minute * 60)
        #expect(machine.takeStep().isEmpty)
    }

    @Test func `an interval from the last end waits for that end`() throws {
        var machine = Self.machine()
        machine.put(try Self.spec("a", "@completion 10m"), Self.start)
        machine.tick(Self.start + 600_000)
        let step = machine.takeStep()
        #expect(Self.started(step) == [Self.start + 600_000])
        #expect(machine.nextDue(of: "a") == nil)
        Self.succeed(step, in: &machine, at: Self.start + 3_600_000)
        _ = machine.takeStep()
        #expect(machine.nextDue(of: "a") == Self.start + 4_200_000)
    }

    @Test func `a schedule that waits for a table is due once for each of its snapshots`() throws {
        var machine = Self.machine()
        machine.put(try Self.spec("a", "@after shop.items"), Self.start)
        #expect(machine.followedTables == ["shop.items"])
        machine.datasetChanged("shop.items", at: Self.start + 5, Self.start + 10)
        let step = machine.takeStep()
        #expect(Self.started(step) == [Self.start + 5])
        Self.succeed(step, in: &machine, at: Self.start + 11)
        _ = machine.takeStep()
        machine.datasetChanged("shop.items", at: Self.start + 5, Self.start + 12)
        machine.datasetChanged("shop.others", at: Self.start + 6, Self.start + 12)
        #expect(machine.takeStep().isEmpty)
    }

    @Test func `a backfill comes behind everything else, one by one`() throws {
        var machine = Self.machine(limit: 1)
        machine.put(try Self.spec("a", "@hourly"), Self.start + 86_400_000)
        machine.put(try Self.spec("b"), Self.start)
        let now = Self.start + 86_400_000
        let filled = try machine.backfill("a", from: Self.start, until: Self.start + 7_200_000, now)
        #expect(filled.map(\.scheduledFor) == [Self.start, Self.start + 3_600_000])
        _ = try machine.runNow("b", now)
        var order: [OccurrenceOrigin] = []
        var step = machine.takeStep()
        while !step.starts.isEmpty {
            order += step.starts.map(\.occurrence.origin)
            Self.succeed(step, in: &machine, at: now)
            step = machine.takeStep()
        }
        #expect(order == [.backfill, .manual, .backfill])
        #expect(throws: SchedulerMachine.Refusal.tooMany(limit: 1_000)) {
            _ = try machine.backfill("b", from: 0, until: Self.start, now)
        }
    }

    @Test func `jitter is the same each time, and never as far as the next time`() throws {
        var spec = try Self.spec()
        spec.jitter = 600_000
        var delays: Set<Duration> = []
        for count in 1...50 {
            let nominal = Self.start + Self.minute * count
            let due = spec.due(nominal)
            #expect(due >= nominal && due < nominal + Self.minute)
            #expect(due == spec.due(nominal))
            delays.insert(due - nominal)
        }
        #expect(delays.count > 1)
    }

    @Test func `what ran when the process died is interrupted and begun again`() throws {
        var machine = Self.machine()
        machine.put(try Self.spec(), Self.start)
        machine.tick(Self.start + Self.minute)
        let start = try #require(machine.takeStep().starts.first)
        var next = Self.machine()
        next.put(
            try Self.spec(),
            status: ScheduleStatus(cursor: Self.start + Self.minute),
            Self.start + Self.minute + 500
        )
        next.restore(start.occurrence, wasRunning: true, Self.start + Self.minute + 500)
        next.tick(Self.start + Self.minute + 500)
        let step = next.takeStep()
        #expect(step.starts.map(\.occurrence.id) == [start.occurrence.id])
        #expect(step.starts.map(\.attempt) == [2])
        #expect(
            step.changes.contains { change in
                if case .attempted(_, 1, let report, _) = change {
                    report.end == .interrupted
                } else {
                    false
                }
            }
        )
    }

    @Test func `a new schedule is due at once, unless it is to wait`() throws {
        var spec = try Self.spec("a", "@daily")
        spec.isDueWhenCreated = true
        spec.createdAt = Self.start + 1_234
        var machine = Self.machine()
        machine.put(spec, Self.start + 1_300)
        machine.tick(Self.start + 1_300)
        let step = machine.takeStep()
        #expect(step.starts.map(\.occurrence.origin) == [.created])
        #expect(Self.started(step) == [Self.start + 1_234])
        #expect(machine.nextDue(of: "a") == Self.start + 86_400_000)
    }

    @Test func `start and end bound when it is due`() throws {
        var spec = try Self.spec()
        spec.startAt = Self.start + Self.minute * 10
        spec.endAt = Self.start + Self.minute * 12
        #expect(spec.nextNominal(after: Self.start) == Self.start + Self.minute * 10)
        #expect(spec.nextNominal(after: Self.start + Self.minute * 11) == nil)
        #expect(
            spec.lastNominal(after: Self.start, dueBy: Self.start + Self.minute * 60)
                == Self.start + Self.minute * 11
        )
    }

    @Test func `nothing begins before what was unfinished is there`() throws {
        var machine = Self.machine()
        machine.beginLoading()
        var spec = try Self.spec()
        spec.isDueWhenCreated = true
        machine.put(spec, Self.start)
        machine.put(try Self.spec("b"), status: ScheduleStatus(cursor: Self.start), Self.start)
        machine.remove("b", Self.start)
        #expect(machine.takeStep().starts.isEmpty)
        machine.endLoading()
        machine.tick(Self.start)
        #expect(machine.takeStep().starts.count == 1)
    }
}
