import Basics
import Metastore
import Scheduling
import TestSupport

/// A process of the simulation: what `ScheduleLoop` does, turn by turn, with nothing left to chance but what
/// the seed decides.
struct SimulatedNode {
    /// An attempt that works, whatever became of its process's lease.
    struct Attempt {
        var start: SchedulerStep.Start
        var epoch: Int64
        /// Uptime at which it is through.
        var endsAt: Duration
    }

    let name: String
    var machine: SchedulerMachine?
    var lease: Lease?
    var attempts: [Attempt] = []
    /// Held up: it neither looks at the clock nor at the store, but its runs go on.
    var isStopped = false
    var isAlive = true
    private var knownVersion = 0

    init(name: String) { self.name = name }

    /// Kills the process: all it knew and did is gone.
    mutating func kill() {
        machine = nil
        lease = nil
        attempts = []
        isStopped = false
        isAlive = false
    }

    /// One turn of the loop.
    mutating func turn(_ world: inout SimulatedWorld) async throws {
        guard isAlive, !isStopped else { return }
        do {
            let name = name
            let held = try await world.store.lease(
                "scheduler",
                for: name,
                at: world.uptime,
                span: 15_000
            ) { [alive = world.aliveNames] in alive.contains($0) }
            guard let held else { return forget() }
            if held != lease {
                forget()
                lease = held
                machine = try await load(held, &world)
            }
            machine?.uptime = world.uptime.sinceBoot
            applyDefinitions(world)
            machine?.tick(world.wall)
            try await act(held, &world)
        } catch is MetastoreError {
            // Another one schedules by now.
            forget()
        }
    }

    /// What a process knows is gone with its lease; what it runs goes on until it is told to stop, which is
    /// too late here: the lake has to refuse it.
    private mutating func forget() {
        machine = nil
        lease = nil
    }

    private mutating func load(
        _ lease: Lease,
        _ world: inout SimulatedWorld
    ) async throws -> SchedulerMachine {
        var machine = SchedulerMachine(
            limit: 3,
            poolLimit: 2,
            era: try await world.store.era(),
            seed: world.random.next()
        )
        machine.uptime = world.uptime.sinceBoot
        let specs = world.specs
        try await world.store.note(
            specs.map {
                ScheduleRecord(tag: "\(world.version)", trigger: TriggerText(""), spec: $0)
            },
            gone: [],
            under: lease
        )
        for spec in specs {
            machine.put(
                spec,
                status: try await world.store.status(of: spec.id),
                isHeld: world.unreadable.contains(spec.id),
                world.wall
            )
        }
        for record in try await world.store.unfinished() {
            machine.restore(record.occurrence, wasRunning: record.state == .running, world.wall)
        }
        knownVersion = world.version
        attempts.removeAll { $0.epoch == lease.epoch }
        return machine
    }

    private mutating func applyDefinitions(_ world: SimulatedWorld) {
        guard knownVersion != world.version else { return }
        knownVersion = world.version
        for spec in world.specs {
            machine?.put(spec, isHeld: world.unreadable.contains(spec.id), world.wall)
        }
    }

    /// Writes down what the machine wants, then does it; may die in between.
    private mutating func act(_ lease: Lease, _ world: inout SimulatedWorld) async throws {
        while let step = machine?.takeStep(), !step.isEmpty {
            if world.dies(.beforeWriting) { return kill() }
            let refused = try await world.store.write(step, under: lease)
            world.note(step)
            if world.dies(.afterWriting) { return kill() }
            for start in step.starts where !refused.contains(start.occurrence.id) {
                let span = Int64.random(
                    in: 0...world.longestRun.milliseconds,
                    using: &world.random
                )
                attempts.append(
                    Attempt(
                        start: start,
                        epoch: lease.epoch,
                        endsAt: world.uptime.sinceBoot + .milliseconds(span)
                    )
                )
            }
            for id in step.cancels {
                for index in attempts.indices where attempts[index].start.occurrence.id == id {
                    attempts[index].endsAt = world.uptime.sinceBoot
                }
            }
            for id in refused { machine?.refuse(id) }
        }
    }

    /// Lets attempts come to their end: they commit, fail, or are refused by the lake.
    mutating func work(_ world: inout SimulatedWorld) async throws {
        let now = world.uptime.sinceBoot
        let ended = attempts.filter { $0.endsAt <= now }
        attempts.removeAll { $0.endsAt <= now }
        for attempt in ended {
            let report = world.finish(attempt)
            if world.dies(.afterCommit) { return kill() }
            machine?.ended(
                attempt.start.occurrence.id,
                attempt: attempt.start.attempt,
                report,
                at: world.wall
            )
        }
        if let lease, !isStopped, machine != nil {
            do {
                try await act(lease, &world)
            } catch is MetastoreError {
                forget()
            }
        }
    }
}
