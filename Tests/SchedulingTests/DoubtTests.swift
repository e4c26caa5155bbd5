import Basics
import Scheduling
import TestSupport
import Testing

/// What becomes of occurrences of which nobody knows whether they were published, and of schedules whose
/// documents or lake cannot be read.
@Suite struct DoubtTests {
    private static let start = MachineTests.start
    private static let minute = MachineTests.minute

    /// A machine as after a death: the schedule's first occurrence was running.
    private static func restored(
        _ overlap: OverlapPolicy
    ) throws -> (machine: SchedulerMachine, id: String) {
        var spec = try MachineTests.spec()
        spec.overlap = overlap
        var first = MachineTests.machine()
        first.put(spec, start)
        first.tick(start + minute)
        let begun = try #require(first.takeStep().starts.first).occurrence
        var machine = MachineTests.machine(limit: 1)
        machine.put(spec, status: ScheduleStatus(cursor: start + minute), start + minute)
        machine.restore(begun, wasRunning: true, start + minute * 2)
        return (machine, begun.id)
    }

    @Test func `a newer time cancels an interrupted run only when the table has nothing of it`()
        throws
    {
        for (end, state) in [
            (AttemptEnd.succeeded, OccurrenceState.succeeded), (.cancelled, .cancelled),
        ] {
            var (machine, id) = try Self.restored(.cancelOther)
            machine.tick(Self.start + Self.minute * 2)
            let step = machine.takeStep()
            #expect(MachineTests.ends(step)[id] == nil, "nobody has asked the table")
            let look = try #require(step.starts.first)
            #expect(look.occurrence.id == id)
            #expect(look.onlyLooks)
            machine.ended(
                id,
                attempt: look.attempt,
                AttemptReport(end),
                at: Self.start + Self.minute * 2
            )
            let after = machine.takeStep()
            #expect(MachineTests.ends(after)[id] == state)
            #expect(MachineTests.started(after) == [Self.start + Self.minute * 2])
            #expect(after.starts.first?.onlyLooks == false)
        }
    }

    @Test func `who cancels, deletes or moves an interrupted run has the table asked first`() throws
    {
        let actions: [(inout SchedulerMachine, String, Instant) throws -> Void] = [
            { machine, id, now in machine.stop(id, .asked, now) },
            { machine, _, now in machine.remove("a", now) },
            { machine, _, now in machine.put(try MachineTests.spec(target: "shop.other"), now) },
        ]
        for action in actions {
            var (machine, id) = try Self.restored(.skip)
            let now = Self.start + Self.minute + 1
            try action(&machine, id, now)
            machine.tick(now)
            let step = machine.takeStep()
            #expect(MachineTests.ends(step).isEmpty)
            #expect(step.starts.map(\.onlyLooks) == [true])
        }
        // A schedule that was deleted while nobody was there.
        var orphan = MachineTests.machine()
        let (_, id) = try Self.restored(.skip)
        var known = MachineTests.machine()
        known.put(try MachineTests.spec(), Self.start)
        known.tick(Self.start + Self.minute)
        orphan.restore(
            try #require(known.takeStep().starts.first).occurrence,
            wasRunning: true,
            Self.start
        )
        orphan.tick(Self.start)
        let look = orphan.takeStep()
        #expect(look.starts.map(\.onlyLooks) == [true])
        orphan.ended(id, attempt: 2, AttemptReport(.succeeded), at: Self.start)
        #expect(MachineTests.ends(orphan.takeStep())[id] == .succeeded)
    }

    @Test func `a lake that is away uses up no attempt, fails no run and pauses nothing`() throws {
        var machine = MachineTests.machine()
        var spec = try MachineTests.spec()
        spec.retry = RetryPolicy(attempts: 2, base: 1_000, cap: 10_000)
        spec.pauseAfter = 1
        machine.put(spec, Self.start)
        var now = Self.start + Self.minute
        machine.tick(now)
        for _ in 0..<50 {
            let step = machine.takeStep()
            #expect(MachineTests.ends(step).isEmpty)
            let begun = try #require(step.starts.first)
            var report = AttemptReport(.failed(.lake))
            report.isSettled = false
            machine.ended(begun.occurrence.id, attempt: begun.attempt, report, at: now)
            machine.uptime += 10_001
            now += 10_001
            machine.tick(now)
        }
        #expect(machine.status(of: "a")?.failures == 0)
        // Its attempts are still there: one more failure is tried again, the next one is the end.
        for isLast in [false, true] {
            let begun = try #require(machine.takeStep().starts.first)
            machine.ended(
                begun.occurrence.id,
                attempt: begun.attempt,
                AttemptReport(.failed(.transient)),
                at: now
            )
            machine.uptime += 10_001
            now += 10_001
            if isLast {
                #expect(MachineTests.ends(machine.takeStep())[begun.occurrence.id] == .failed)
            } else {
                machine.tick(now)
            }
        }
    }

    @Test func `an error that nobody classified is not tried again`() throws {
        var machine = MachineTests.machine()
        machine.put(try MachineTests.spec(), Self.start)
        machine.tick(Self.start + Self.minute)
        let begun = try #require(machine.takeStep().starts.first)
        machine.ended(
            begun.occurrence.id,
            attempt: 1,
            AttemptReport(.failed(.internal)),
            at: Self.start + Self.minute
        )
        #expect(MachineTests.ends(machine.takeStep())[begun.occurrence.id] == .failed)
    }

    @Test func `times that pass while a document cannot be read are made up for`() throws {
        var machine = MachineTests.machine()
        let spec = try MachineTests.spec("a", "@hourly")
        machine.put(spec, Self.start)
        machine.put(spec, isHeld: true, Self.start + 1)
        let hour: Duration = 3_600_000
        machine.tick(Self.start + hour * 2 + 5)
        #expect(machine.takeStep().starts.isEmpty)
        machine.put(spec, Self.start + hour * 2 + 6)
        machine.tick(Self.start + hour * 2 + 6)
        let step = machine.takeStep()
        #expect(MachineTests.started(step) == [Self.start + hour * 2])
        #expect(MachineTests.passed(step).first?.count == 1)
    }
}
