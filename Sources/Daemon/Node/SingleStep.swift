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
        _ body: (inout SchedulerMachine, Int64) throws -> Answer
    ) async throws -> Answer {
        guard let lease = try await node.service.takeLease() else {
            throw DaemonError(
                .notReady,
                "another process schedules this lake; ask it by its API, with --server"
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
        _ body: (inout SchedulerMachine, Int64) throws -> Answer
    ) async throws -> Answer {
        let (clock, metastore) = (node.clock, node.metastore)
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
            seed: UInt64(bitPattern: clock.now())
        )
        machine.put(
            spec,
            status: known ?? ScheduleStatus(cursor: spec.createdAt),
            clock.now()
        )
        for record in try await metastore.unfinished()
        where record.occurrence.scheduleID == id.rawValue {
            throw DaemonError(
                .conflict,
                "the run \(record.occurrence.id) has not ended; `tributary serve` goes on with it"
            )
        }
        let answer = try body(&machine, clock.now())
        var step = machine.takeStep()
        while !step.isEmpty {
            // Where it has not been scheduled yet, it is still to be due for the first time.
            if known == nil { step.statuses = [:] }
            let refused = try await metastore.write(step, under: lease)
            for start in step.starts where !refused.contains(start.occurrence.id) {
                let report = try await run(start, lease)
                machine.ended(start.occurrence.id, attempt: start.attempt, report, at: clock.now())
            }
            step = machine.takeStep()
        }
        return answer
    }

    /// Runs an attempt while the lease is renewed.
    private func run(
        _ start: SchedulerStep.Start,
        _ lease: Lease
    ) async throws -> AttemptReport {
        try await withThrowingTaskGroup(of: AttemptReport?.self) { group in
            group.addTask { await executor(start, lease, RunProgress()) }
            group.addTask {
                while !Task.isCancelled {
                    // A wait that is cut short is over.
                    try? await node.clock.sleep(Limits.leaseRenewal)
                    _ = try await node.service.takeLease()
                }
                return nil
            }
            while let ended = try await group.next() {
                guard let report = ended else { continue }
                group.cancelAll()
                return report
            }
            return AttemptReport(.interrupted)
        }
    }
}
