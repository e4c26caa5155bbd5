import Basics
import Metastore
import Scheduling
import TestSupport
import Testing

/// Two processes, one store, clocks that are set, runs that fail, a lake that goes away, documents that cannot
/// be read, and deaths at every step, between a commit and its record too: thousands of histories, each from
/// one seed.
///
/// What has to hold is what docs/schedules.md promises: every occurrence ends in exactly one way, what is
/// published is recorded as succeeded and nothing else is, none is published twice, epochs never fall, cursors
/// never go back, nothing is early, every nominal time is accounted for, and no run fails for a lake that is
/// away.
@Suite struct SchedulerSimulationTests {
    private static var seedCount: UInt64 {
        TestEnvironment.optionalValue(of: "TRIBUTARY_TEST_SEEDS").flatMap(UInt64.init) ?? 2_000
    }

    @Test func `no history breaks a promise`() async throws {
        let first =
            TestEnvironment.optionalValue(of: "TRIBUTARY_TEST_SEED").flatMap(UInt64.init) ?? 1
        try await withThrowingTaskGroup(of: Void.self) { group in
            for lane in 0..<2 {
                group.addTask {
                    for seed in first..<first + Self.seedCount where seed % 2 == lane {
                        let faults = try await Self.faults(of: seed)
                        #expect(faults == [], "TRIBUTARY_TEST_SEED=\(seed)")
                        if !faults.isEmpty { return }
                    }
                }
            }
            try await group.waitForAll()
        }
    }

    /// What is wrong with the history of a seed.
    static func faults(of seed: UInt64) async throws -> [String] {
        var world = try SimulatedWorld(seed: seed)
        let start = world.wall
        var nodes = [SimulatedNode(name: "one"), SimulatedNode(name: "two")]
        world.aliveNames = ["one", "two"]
        var isEdited = false
        for _ in 0..<60 {
            disturb(&world, &nodes, isEdited: &isEdited)
            for index in nodes.indices {
                let wasAlive = nodes[index].isAlive
                try await nodes[index].work(&world)
                try await nodes[index].turn(&world)
                if wasAlive, !nodes[index].isAlive { world.aliveNames.remove(nodes[index].name) }
                for attempt in nodes[index].attempts {
                    world.begin(attempt.start.occurrence.target, attempt.epoch)
                }
            }
        }
        try await settle(&world, &nodes)
        return world.faults + (try await check(world, since: start, isEdited: isEdited))
    }

    /// Something happens, or nothing but time.
    private static func disturb(
        _ world: inout SimulatedWorld,
        _ nodes: inout [SimulatedNode],
        isEdited: inout Bool
    ) {
        world.pass(
            ([50, 900, 5_000, 20_000, 70_000, 400_000, 4_000_000] as [Duration])
                .randomElement(using: &world.random) ?? 50
        )
        if world.happens(20) {
            // Corrections, and a clock that was wrong by a day.
            let steps: [Duration] = [-300, -5_000, -90_000, 60_000, 3_600_000, -86_400_000]
            world.wall += steps.randomElement(using: &world.random) ?? 0
        }
        for index in nodes.indices where world.happens(30) {
            if !nodes[index].isAlive {
                nodes[index].isAlive = true
                world.aliveNames.insert(nodes[index].name)
            } else {
                nodes[index].isStopped.toggle()
            }
        }
        if world.happens(15), let place = world.specs.indices.randomElement(using: &world.random) {
            world.specs[place].isEnabled.toggle()
            world.version += 1
            isEdited = true
        }
        if world.happens(world.isLakeAway ? 300 : 25) { world.isLakeAway.toggle() }
        if world.happens(25), let id = world.specs.randomElement(using: &world.random)?.id {
            world.unreadable.formSymmetricDifference([id])
            world.version += 1
        }
        let now = world.wall
        for index in nodes.indices where world.happens(10) {
            if let id = world.specs.randomElement(using: &world.random)?.id {
                // One that runs already is no fault.
                _ = try? nodes[index].machine?.runNow(id, now)
            }
        }
    }

    /// Peace: both processes live, nothing fails, and what was begun ends.
    private static func settle(
        _ world: inout SimulatedWorld,
        _ nodes: inout [SimulatedNode]
    ) async throws {
        world.danger = 0
        world.longestRun = 1_000
        world.isLakeAway = false
        world.unreadable = []
        for place in world.specs.indices { world.specs[place].endAt = world.wall }
        world.version += 1
        for index in nodes.indices {
            nodes[index].isAlive = true
            nodes[index].isStopped = false
            world.aliveNames.insert(nodes[index].name)
        }
        for _ in 0..<400 {
            world.pass(2_000)
            for index in nodes.indices {
                try await nodes[index].work(&world)
                try await nodes[index].turn(&world)
                for attempt in nodes[index].attempts {
                    world.begin(attempt.start.occurrence.target, attempt.epoch)
                }
            }
            let hasLeader = nodes.contains { $0.machine != nil }
            if hasLeader, try await world.store.unfinished().isEmpty { return }
        }
    }

    private static func check(
        _ world: SimulatedWorld,
        since start: Instant,
        isEdited: Bool
    ) async throws -> [String] {
        var faults: [String] = []
        var filter = OccurrenceFilter()
        filter.limit = 1_000
        let records = try await world.store.runs(filter)
        for record in records where !record.state.isEnd {
            faults.append("\(record.occurrence.id) never ended: \(record.state)")
        }
        for (id, commits) in Dictionary(grouping: world.commits, by: \.occurrence) {
            if commits.count > 1 { faults.append("\(id) was published \(commits.count) times") }
        }
        for (target, commits) in Dictionary(grouping: world.commits, by: \.target)
        where zip(commits, commits.dropFirst()).contains(where: { $0.epoch > $1.epoch }) {
            faults.append("the epochs of \(target) fell")
        }
        let published = Set(world.commits.map(\.occurrence))
        for record in records {
            let id = record.occurrence.id
            switch record.state {
            case .succeeded where !published.contains(id):
                faults.append("\(id) is green and not published")
            case .failed where record.lastAttempt?.failureClass == FailureClass.lake.rawValue:
                faults.append("\(id) failed because the lake was away")
            case .succeeded: break
            case let state where published.contains(id):
                faults.append("\(id) is published and recorded as \(state)")
            default: break
            }
        }
        guard world.era == 0, !isEdited, records.count < filter.limit else { return faults }
        for spec in world.specs where spec.trigger.isByClock {
            let own = records.filter {
                $0.occurrence.scheduleID == spec.id && $0.occurrence.origin == .schedule
            }
            faults += uncovered(spec, own, since: start)
        }
        return faults
    }

    /// Nominal times up to the last one recorded that no record accounts for, and ones accounted for twice.
    private static func uncovered(
        _ spec: ScheduleSpec,
        _ records: [OccurrenceRecord],
        since start: Instant
    ) -> [String] {
        var counts: [Instant: Int] = [:]
        var open = spec
        open.endAt = nil
        for record in records {
            var time: Instant? = record.occurrence.scheduledFor
            let end = record.through ?? record.occurrence.scheduledFor
            var count = 0
            while let present = time, present <= end {
                counts[present, default: 0] += 1
                count += 1
                time = open.nextNominal(after: present)
            }
            if count != record.count {
                return ["\(record.occurrence.id) stands for \(count) times, not \(record.count)"]
            }
        }
        guard let first = counts.keys.min(), let last = counts.keys.max() else { return [] }
        var time: Instant? = first
        while let present = time, present <= last {
            let count = counts.removeValue(forKey: present) ?? 0
            if count != 1 { return ["\(spec.id) at \(present) is recorded \(count) times"] }
            time = open.nextNominal(after: present)
        }
        return counts.isEmpty ? [] : ["\(spec.id) has times of no trigger: \(counts.keys.sorted())"]
    }
}
