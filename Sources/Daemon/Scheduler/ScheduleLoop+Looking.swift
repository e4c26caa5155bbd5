import Basics
import Logging
import Metastore
import Scheduling
import Synchronization

/// What the loop looks at from time to time.
extension ScheduleLoop {
    /// Looks for changed documents, new snapshots of tables that schedules wait for, and old history.
    ///
    /// What cannot be read is looked at again later: what is known goes on.
    func lookAround(
        _ progress: inout Progress,
        _ group: inout ThrowingDiscardingTaskGroup<any Error>,
        _ post: SchedulerService.Inbox
    ) async throws {
        if post.found != nil {
            progress.isScanning = false
            // Where it could not be looked at, that is soon tried again.
            let pause =
                service.current.scanProblem == nil ? service.scanPause : Limits.rescan
            progress.nextRescan = clocks.uptime().sinceBoot + pause
        }
        do {
            if !post.changed.isEmpty {
                progress.touched.formUnion(post.changed)
                let changes = try await service.schedules.changes(progress.tags, post.changed)
                try await take(changes, &progress)
            }
            if var found = post.found {
                // What was looked at before it changed is not what it is.
                found.documents.removeAll { progress.touched.contains($0.id) }
                found.gone.removeAll { progress.touched.contains($0) }
                try await take(found, &progress)
                if let tables = found.tables {
                    try await metastore.note(datasets: tables, under: lease)
                    progress.nextTables =
                        clocks.uptime().sinceBoot
                        + SchedulerService.pause(after: found.tablesTook)
                }
            }
            try await beginLooking(&progress, &group)
        } catch let error as MetastoreError where error.code == .leaseLost {
            throw error
        } catch {
            service.log.error("looking around failed", metadata: ["error": "\(error)"])
        }
        if post.hasSeenLake {
            progress.isLookingAtLake = false
            progress.nextLakeLook = clocks.uptime().sinceBoot + Limits.lakeInterval
        }
        if post.isFollowed {
            progress.isFollowing = false
            progress.nextFollow = clocks.uptime().sinceBoot + Limits.followInterval
        }
    }

    /// Begins what takes longer than an occurrence may be late, beside the loop.
    private func beginLooking(
        _ progress: inout Progress,
        _ group: inout ThrowingDiscardingTaskGroup<any Error>
    ) async throws {
        let uptime = clocks.uptime().sinceBoot
        if uptime >= progress.nextRescan, !progress.isScanning {
            progress.isScanning = true
            progress.touched = []
            let withTables = uptime >= progress.nextTables
            group.addTask { [service, tags = progress.tags] in
                await Self.scan(service, tags, withTables: withTables)
            }
        }
        if uptime >= progress.nextLakeLook, !progress.isLookingAtLake {
            progress.isLookingAtLake = true
            group.addTask { [service] in
                await service.lookAtLake()
                service.inbox.withLock { $0.hasSeenLake = true }
                service.wake.raise()
            }
        }
        if uptime >= progress.nextFollow, !progress.isFollowing {
            let followed = progress.machine.followedTables
            progress.isFollowing = true
            group.addTask { [service] in await Self.follow(service, followed) }
        }
        if uptime >= progress.nextPrune {
            progress.nextPrune = uptime + Limits.pruneInterval
            let age = Duration.days(service.options.historyDays)
            let removed = try await metastore.prune(before: clocks.now() - age)
            if removed > 0 { progress.nextPrune = uptime + Limits.clockInterval }
        }
    }

    /// Looks at the tables that schedules wait for.
    private static func follow(_ service: SchedulerService, _ tables: [TableName]) async {
        for table in tables {
            do {
                guard let time = try await service.schedules.lastCommit(table) else { continue }
                service.inbox.withLock { $0.commits.append((table, time)) }
            } catch {
                service.log.warning(
                    "a table cannot be read",
                    metadata: ["table": "\(table)", "error": "\(error)"]
                )
            }
        }
        service.inbox.withLock { $0.isFollowed = true }
        service.wake.raise()
    }

    /// Looks at all documents.
    private static func scan(
        _ service: SchedulerService,
        _ tags: [String: String],
        withTables: Bool
    ) async {
        let start = service.clocks.uptime().sinceBoot
        var found = SchedulerService.Schedules.Changes(documents: [], gone: [])
        do {
            found = try await service.schedules.changes(tags, nil)
            let took = service.clocks.uptime().sinceBoot - start
            service.state.withLock {
                $0.lastScan = took
                $0.scanProblem = nil
            }
            if withTables {
                found.tables = try await service.schedules.tables()
                found.tablesTook = service.clocks.uptime().sinceBoot - start - took
            }
        } catch {
            service.log.error("the lake cannot be listed", metadata: ["error": "\(error)"])
            if error.isLakeAway { service.state.withLock { $0.scanProblem = "\(error)" } }
        }
        service.inbox.withLock { $0.found = found }
        service.wake.raise()
    }
}
