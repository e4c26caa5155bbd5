import Basics
import Ingest
import Logging
import Metastore
import Scheduling
import Synchronization

/// The time of one process with the lease: from what is in the store to its end.
struct ScheduleLoop {
    let service: SchedulerService
    let lease: Lease

    var clocks: Clocks { service.clocks }
    var metastore: Metastore { service.metastore }

    /// What changes from turn to turn.
    struct Progress {
        var machine: SchedulerMachine
        /// Tags of the documents that are known, by id.
        var tags: [String: String] = [:]
        /// Documents that changed while all are being looked at.
        var touched: Set<String> = []
        var isScanning = false
        var isFollowing = false
        var isLookingAtLake = false
        var nextLakeLook = Duration.zero
        var nextRescan = Duration.zero
        var nextTables = Duration.zero
        var nextFollow = Duration.zero
        var nextPrune = Duration.zero
    }

    /// Schedules until the program stops or the lease is lost.
    func run() async throws {
        try await withThrowingDiscardingTaskGroup { group in
            // Beside everything else: reading 100,000 schedules takes longer than a lease lasts.
            group.addTask { [self] in await renew() }
            var progress = try await load()
            service.log.info(
                "scheduling",
                metadata: [
                    "schedules": "\(progress.machine.scheduleCount)", "epoch": "\(lease.epoch)",
                ]
            )
            try await self.schedule(&progress, &group)
            group.cancelAll()
        }
    }

    /// Renews the lease until somebody else has it, or it could not be renewed for as long as it lasts.
    private func renew() async {
        var renewed = clocks.uptime().sinceBoot
        while !Task.isCancelled {
            // A wait that is cut short is over.
            try? await clocks.sleep(Limits.leaseRenewal)
            if Task.isCancelled { return }
            do {
                if try await service.takeLease() == lease {
                    renewed = clocks.uptime().sinceBoot
                    continue
                }
            } catch {
                service.log.warning(
                    "the lease could not be renewed",
                    metadata: ["error": "\(error)"]
                )
                if clocks.uptime().sinceBoot < renewed + Limits.leaseSpan { continue }
            }
            service.inbox.withLock { $0.isLeaseLost = true }
            service.wake.raise()
            return
        }
    }

    private func schedule(
        _ progress: inout Progress,
        _ group: inout ThrowingDiscardingTaskGroup<any Error>
    ) async throws {
        defer {
            service.state.withLock { $0.leads = false }
            // Whoever has lost the lease stops what it runs; the next one resumes it.
            for control in service.controls.withLock({ Array($0.values) }) {
                control.stop(isInterrupted: true)
            }
        }
        while !service.isStopping {
            let post = service.takePost()
            do {
                guard !post.isLeaseLost else { throw lost }
                try await lookAround(&progress, &group, post)
                progress.machine.uptime = clocks.uptime().sinceBoot
                let answers = apply(post, to: &progress.machine)
                progress.machine.tick(clocks.now())
                let didAct = try await act(&progress, &group)
                for answer in answers { answer() }
                note(progress)
                await pause(&progress, after: didAct)
            } catch {
                for request in post.requests { request.refuse() }
                throw error
            }
        }
        try await stop(&progress, &group)
    }

    private var lost: DaemonError {
        DaemonError(
            .notReady,
            "another process schedules by now; this one was held up for too long"
        )
    }

    /// Waits until there is something to do.
    private func pause(_ progress: inout Progress, after didAct: Bool) async {
        func wait() -> Duration? {
            progress.machine.uptime = clocks.uptime().sinceBoot
            return progress.machine.wait(at: clocks.now())
        }
        // Some are due that this step was too small for.
        guard wait() ?? Limits.clockInterval > .zero else { return }
        // What comes in the next moment is written together. A wait that is cut short is over.
        if didAct { try? await clocks.sleep(Limits.stepInterval) }
        let rest = min(wait() ?? Limits.clockInterval, Limits.clockInterval)
        if rest > .zero { await service.wake.wait(for: rest, clocks) }
    }

    // MARK: Steps

    /// Tells the machine what happened and what is asked; gives the answers, for when it is written.
    private func apply(
        _ post: SchedulerService.Inbox,
        to machine: inout SchedulerMachine
    ) -> [@Sendable () -> Void] {
        let now = clocks.now()
        for end in post.ends { machine.ended(end.id, attempt: end.attempt, end.report, at: now) }
        for commit in post.commits { machine.datasetChanged(commit.table, at: commit.time, now) }
        return post.requests.map { $0.perform(&machine, now) }
    }

    /// Writes down what the machine wants, and does it; tells whether that was anything.
    @discardableResult
    private func act(
        _ progress: inout Progress,
        _ group: inout ThrowingDiscardingTaskGroup<any Error>
    ) async throws -> Bool {
        var step = progress.machine.takeStep()
        let didAct = !step.isEmpty
        while !step.isEmpty {
            let refused = try await write(step)
            service.state.withLock { $0.counts.add(step, refused: refused) }
            for start in step.starts where !refused.contains(start.occurrence.id) {
                begin(start, &group)
            }
            for id in step.cancels {
                service.controls.withLock { $0[id] }?.stop(isInterrupted: false)
            }
            for id in refused {
                service.log.warning("an occurrence was there before", metadata: ["run": "\(id)"])
                progress.machine.refuse(id)
            }
            if !refused.isEmpty { progress.machine.tick(clocks.now(), limit: 0) }
            step = progress.machine.takeStep()
        }
        return didAct
    }

    /// Writes a step, again and again while the store does not take it: what the machine knows and what is
    /// written never differ.
    private func write(_ step: SchedulerStep) async throws -> Set<String> {
        var wait = Limits.storeRetry.lowerBound
        while true {
            do {
                return try await metastore.write(step, under: lease)
            } catch let error as MetastoreError {
                throw error
            } catch {
                service.state.withLock {
                    $0.leads = false
                    $0.obstacle = "the metastore cannot be written: \(error)"
                    $0.counts.storeErrors += 1
                }
                service.log.error(
                    "the metastore cannot be written",
                    metadata: ["error": "\(error)"]
                )
                guard !service.isStopping else { throw error }
                try await clocks.sleep(wait)
                wait = min(wait * 2, Limits.storeRetry.upperBound)
            }
        }
    }

    private func begin(
        _ start: SchedulerStep.Start,
        _ group: inout ThrowingDiscardingTaskGroup<any Error>
    ) {
        let control = RunControl()
        let id = start.occurrence.id
        service.controls.withLock { $0[id] = control }
        RunLog(service.log, start).began()
        group.addTask { [service, lease] in
            let begin = service.clocks.uptime().sinceBoot
            var report = await control.perform {
                await service.executor(start, lease, control.progress)
            }
            if control.isInterrupted.withLock({ $0 }), report.end != .succeeded {
                report.end = .interrupted
                report.message = "the program was stopped"
            }
            RunLog(service.log, start).ended(
                report,
                after: service.clocks.uptime().sinceBoot - begin
            )
            service.controls.withLock { $0[id] = nil }
            let ended = (id, start.attempt, report)
            service.inbox.withLock { $0.ends.append(ended) }
            service.wake.raise()
        }
    }

    /// Stops what runs, and writes down where it stands.
    private func stop(
        _ progress: inout Progress,
        _ group: inout ThrowingDiscardingTaskGroup<any Error>
    ) async throws {
        service.state.withLock {
            $0.leads = false
            $0.obstacle = "it is being stopped"
        }
        progress.machine.beginStopping()
        for control in service.controls.withLock({ Array($0.values) }) {
            control.stop(isInterrupted: true)
        }
        let limit = clocks.uptime().sinceBoot + Limits.stopGrace
        while progress.machine.runningCount > 0, clocks.uptime().sinceBoot < limit {
            let post = service.takePost()
            progress.machine.uptime = clocks.uptime().sinceBoot
            for request in post.requests { request.refuse() }
            var ends = post
            ends.requests = []
            _ = apply(ends, to: &progress.machine)
            try await act(&progress, &group)
            // One that is cut short leaves what runs to the next process.
            try Task.checkCancellation()
            if progress.machine.runningCount > 0 {
                await service.wake.wait(for: Limits.stepInterval, clocks)
            }
        }
        try await metastore.release(lease)
    }

    private func note(_ progress: Progress) {
        let machine = progress.machine
        // Before the state's lock is taken: whoever asks takes the two in the other order.
        let leads = !service.isStopping
        service.state.withLock {
            $0.leads = leads
            $0.isStandby = false
            $0.leader = lease.holder
            $0.epoch = lease.epoch
            $0.scheduleCount = machine.scheduleCount
            $0.unfinishedCount = machine.unfinishedCount
            $0.runningCount = machine.runningCount
            $0.lastTick = clocks.now()
        }
    }

    // MARK: Schedules

    /// Makes the machine from what is in the lake and in the metastore.
    private func load() async throws -> Progress {
        service.state.withLock { $0.obstacle = "it is reading the schedules" }
        let era = try await metastore.era()
        var progress = Progress(
            machine: SchedulerMachine(
                limit: service.options.runs,
                poolLimit: service.options.runsPerSource,
                era: era,
                seed: UInt64(bitPattern: clocks.now().milliseconds)
                    &+ UInt64(bitPattern: lease.epoch)
            )
        )
        progress.machine.uptime = clocks.uptime().sinceBoot
        progress.machine.beginLoading()
        // What it was before comes first, so that what changed while nobody was there counts as a change.
        var last: String?
        while true {
            let page = try await metastore.schedules(
                after: last,
                limit: Limits.documentBatch,
                service.schedules.parse
            )
            guard let end = page.last else { break }
            last = end.id
            for record in page {
                progress.tags[record.id] = record.tag
                var status = record.status
                if status == nil, let spec = record.spec { status = try await recovered(spec) }
                apply(record, status: status, &progress, clocks.now())
            }
        }
        let begin = clocks.uptime().sinceBoot
        let listing = try await service.schedules.list(progress.tags, nil)
        let took = clocks.uptime().sinceBoot - begin
        service.state.withLock {
            $0.lastScan = took
            $0.scanProblem = nil
        }
        try await take(.init(documents: [], gone: listing.gone), &progress)
        // Some at a time: what all documents of a first start say takes more memory than the machine.
        var changed = listing.changed[...]
        while !changed.isEmpty {
            let batch = Array(changed.prefix(Limits.documentBatch))
            changed = changed.dropFirst(batch.count)
            let documents = try await service.schedules.read(batch)
            try await take(.init(documents: documents, gone: []), &progress)
        }
        await noteTables()
        progress.machine.uptime = clocks.uptime().sinceBoot
        for record in try await metastore.unfinished() {
            progress.machine.restore(
                record.occurrence,
                wasRunning: record.state == .running,
                clocks.now()
            )
        }
        progress.machine.endLoading()
        progress.nextRescan = clocks.uptime().sinceBoot + service.scanPause
        return progress
    }

    /// Notes which tables there are, for lists; where they cannot be listed now, lists go to the lake.
    private func noteTables() async {
        do {
            try await metastore.note(datasets: service.schedules.tables(), under: lease)
            try await metastore.noteWhole(under: lease)
        } catch {
            service.log.warning("tables cannot be listed", metadata: ["error": "\(error)"])
        }
    }

    /// Where a schedule stands, as the lake tells it; a table that cannot be understood tells nothing.
    ///
    /// - Throws: `StorageError` `unreachable`: what a lake that is away would say is not that there is nothing.
    private func recovered(_ spec: ScheduleSpec) async throws -> ScheduleStatus? {
        do {
            return try await service.schedules.recover(spec)
        } catch let error where error.isLakeAway {
            throw error
        } catch {
            service.log.warning(
                "a table cannot be read",
                metadata: ["schedule": "\(spec.id)", "error": "\(error)"]
            )
            return nil
        }
    }

    /// Notes changed documents in the metastore, then in the machine.
    func take(
        _ changes: SchedulerService.Schedules.Changes,
        _ progress: inout Progress
    ) async throws {
        var rest = changes.documents[...]
        var gone = changes.gone
        while !rest.isEmpty || !gone.isEmpty {
            var batch = Array(rest.prefix(Limits.documentBatch))
            rest = rest.dropFirst(batch.count)
            let unknown = batch.indices.filter { index in
                batch[index].spec.map { progress.machine.spec(of: $0.id) == nil } ?? false
            }
            let known = try await metastore.statuses(of: unknown.map { batch[$0].id })
            for index in unknown {
                guard let spec = batch[index].spec else { continue }
                // Where it stands is known before it is noted: a death in between loses nothing.
                batch[index].status = known[spec.id]
                if batch[index].status == nil {
                    batch[index].status = try await recovered(spec)
                }
            }
            try await metastore.note(batch, gone: gone, under: lease)
            for id in gone {
                progress.tags[id] = nil
                service.state.withLock { $0.problems[id] = nil }
                progress.machine.remove(id, clocks.now())
            }
            gone = []
            for record in batch {
                progress.tags[record.id] = record.tag
                apply(record, status: record.status, &progress, clocks.now())
            }
        }
    }

    private func apply(
        _ record: ScheduleRecord,
        status: ScheduleStatus?,
        _ progress: inout Progress,
        _ now: Instant
    ) {
        service.state.withLock { $0.problems[record.id] = record.problem }
        if let problem = record.problem {
            service.log.warning(
                "a schedule cannot be used",
                metadata: ["schedule": "\(record.id)", "problem": "\(problem)"]
            )
        }
        if record.problem == nil, let spec = record.spec {
            progress.machine.put(spec, status: status, now)
        } else if let spec = progress.machine.spec(of: record.id) ?? record.spec {
            // Until its document can be read again it rests, and what runs goes on.
            progress.machine.put(spec, status: status, isHeld: true, now)
        }
    }
}
