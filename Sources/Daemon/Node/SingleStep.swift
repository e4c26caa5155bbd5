import Basics
import Definitions
import Ingest
import Metastore
import ObjectStorage
import Scheduling

/// A scheduler for one question about one schedule, where no process schedules the lake.
///
/// It takes the lease, so that none begins meanwhile, has a machine that knows this schedule alone and
/// fires nothing answer, writes that down, runs what is to be run to its end, and gives the lease up.
struct SingleStep {
    let node: Node
    let executor: SchedulerService.Executor

    func perform<Answer>(
        _ id: DefinitionID,
        _ body: (inout SchedulerMachine, Instant) throws -> Answer
    ) async throws -> Answer {
        guard let lease = try await node.service.takeLease() else {
            throw DaemonError(
                .notReady,
                "another process schedules this lake; ask it by its API, with \(Remedy.server)"
            )
        }
        do {
            let answer = try await perform(id, lease, body)
            try await node.metastore.release(lease)
            return answer
        } catch {
            try await node.metastore.release(lease)
            throw error
        }
    }

    private func perform<Answer>(
        _ id: DefinitionID,
        _ lease: Lease,
        _ body: (inout SchedulerMachine, Instant) throws -> Answer
    ) async throws -> Answer {
        let (clocks, metastore) = (node.clocks, node.metastore)
        let stored = try await node.schedules.get(id)
        let record = try node.catalog.record(of: stored)
        guard var spec = record.spec else {
            throw DaemonError(.conflict, record.problem ?? "the schedule \(id) cannot be used")
        }
        let known = try await metastore.status(of: id.rawValue)
        // Nothing of it is due here: its times are for the one who schedules.
        spec.isEnabled = false
        var machine = SchedulerMachine(
            limit: 1,
            poolLimit: 1,
            era: try await metastore.era(),
            seed: UInt64(bitPattern: clocks.now().milliseconds)
        )
        machine.put(
            spec,
            status: known ?? ScheduleStatus(cursor: spec.createdAt),
            clocks.now()
        )
        for record in try await metastore.unfinished()
        where record.occurrence.scheduleID == id.rawValue {
            throw DaemonError(
                .conflict,
                "the run \(record.occurrence.id) has not ended; `tributary serve` resumes it"
            )
        }
        machine.uptime = clocks.uptime().sinceBoot
        let answer = try body(&machine, clocks.now())
        try await drive(&machine, lease, isKnown: known != nil)
        return answer
    }

    /// Writes down and does what the machine wants, until nothing of it is unfinished.
    private func drive(
        _ machine: inout SchedulerMachine,
        _ lease: Lease,
        isKnown: Bool
    ) async throws {
        let (clocks, metastore) = (node.clocks, node.metastore)
        repeat {
            var step = machine.takeStep()
            while !step.isEmpty {
                // Where it has not been scheduled yet, it is still to be due for the first time.
                if !isKnown { step.statuses = [:] }
                // Written whatever happens: a command that is stopped leaves nothing that seems to run.
                let refused = try await metastore.writeFinally(step, under: lease)
                for start in step.starts where !refused.contains(start.occurrence.id) {
                    let report = await run(start, lease)
                    machine.uptime = clocks.uptime().sinceBoot
                    machine.ended(
                        start.occurrence.id,
                        attempt: start.attempt,
                        report,
                        at: clocks.now()
                    )
                }
                for id in refused { machine.refuse(id) }
                step = machine.takeStep()
            }
            guard machine.unfinishedCount > 0, let wait = machine.wait(at: clocks.now()) else {
                break
            }
            do {
                try await clocks.sleep(max(.milliseconds(1), wait))
            } catch {
                machine.stopAll(.asked, clocks.now())
            }
            machine.uptime = clocks.uptime().sinceBoot
            machine.tick(clocks.now())
        } while true
    }

    /// Runs an attempt while the lease is renewed.
    private func run(_ start: SchedulerStep.Start, _ lease: Lease) async -> AttemptReport {
        await withTaskGroup(of: AttemptReport?.self) { group in
            group.addTask { await executor(start, lease, RunProgress()) }
            group.addTask {
                while !Task.isCancelled {
                    // A wait that is cut short is over.
                    try? await node.clocks.sleep(Limits.leaseRenewal)
                    // One that cannot be renewed is refused when the end is written.
                    _ = try? await node.service.takeLease()
                }
                return nil
            }
            while let ended = await group.next() {
                guard let report = ended else { continue }
                group.cancelAll()
                return report
            }
            return AttemptReport(.interrupted)
        }
    }
}
