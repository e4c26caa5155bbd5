import Basics
import Metastore
import Scheduling
import TestSupport
import Testing

/// Everything around the processes of a simulation: clocks, store, lake, definitions, and what goes wrong.
struct SimulatedWorld {
    /// Where a process may die.
    enum Moment { case beforeWriting, afterWriting, afterCommit }

    struct Commit {
        var occurrence: String
        var target: TableName
        var epoch: Int64
    }

    let store: Metastore
    var random: SplitMix64
    var wall: Instant
    var uptime = Uptime(boot: "one", sinceBoot: 1_000_000)
    var specs: [ScheduleSpec]
    var version = 1
    var aliveNames: Set<String> = []
    /// Whether the lake's disk is away: nothing can be read or published, and nothing is known of what is
    /// there.
    var isLakeAway = false
    /// Schedules whose documents cannot be read now.
    var unreadable: Set<String> = []
    var commits: [Commit] = []
    /// Chance of dying at a moment, in thousandths; 0 when the world is at peace.
    var danger = 20
    var failureRate = 15
    var longestRun: Duration = 90_000
    /// Cursors as they were written, to see that none goes back within an era.
    var cursors: [String: Instant] = [:]
    var era = 0
    var faults: [String] = []

    init(seed: UInt64) throws {
        store = try Metastore()
        random = SplitMix64(seed: seed)
        // The hours around a change of the clocks in Berlin, a year's end, and any time.
        let starts: [Instant] = [1_774_738_800_000, 1_792_882_800_000, 1_798_757_000_000]
        wall =
            (starts.randomElement(using: &random) ?? 0)
            + .milliseconds(Int64.random(in: -7_200_000...7_200_000, using: &random))
        specs = []
        for number in 0..<Int.random(in: 1...4, using: &random) {
            specs.append(try makeSpec("s\(number)"))
        }
    }

    private mutating func makeSpec(_ id: String) throws -> ScheduleSpec {
        let triggers: [(String, String?)] = [
            ("@every 1m", nil), ("@every 7m/13s", nil), ("*/5 * * * *", "Europe/Berlin"),
            ("30 2 * * *", "Europe/Berlin"), ("@hourly", "Australia/Lord_Howe"),
            ("@completion 5m", nil), ("15 1-3 * * *", "America/Havana"),
        ]
        let (text, zone) = triggers.randomElement(using: &random) ?? ("@hourly", nil)
        var spec = ScheduleSpec(
            id: id,
            trigger: try Trigger(parsing: text, zone: zone),
            target: Bool.random(using: &random) ? "shop.shared" : "shop.\(id)",
            pool: "db",
            createdAt: wall
        )
        spec.overlap = OverlapPolicy.allCases.randomElement(using: &random) ?? .skip
        spec.catchUp =
            [.latest, .none, .all(max: 5, window: 7_200_000)].randomElement(using: &random)
            ?? .latest
        spec.jitter = Bool.random(using: &random) ? 0 : 20_000
        spec.retry = RetryPolicy(attempts: 3, base: 1_000, cap: 10_000)
        spec.pauseAfter = Bool.random(using: &random) ? 0 : 5
        spec.timeout = Bool.random(using: &random) ? nil : 60_000
        spec.isDueWhenCreated = Bool.random(using: &random)
        return spec
    }

    // MARK: Chance

    mutating func happens(_ thousandths: Int) -> Bool {
        Int.random(in: 0..<1_000, using: &random) < thousandths
    }

    mutating func dies(_ moment: Moment) -> Bool { happens(danger) }

    mutating func pass(_ span: Duration) {
        wall += span
        uptime.sinceBoot += span
    }

    // MARK: The lake

    /// The end of an attempt: what is published once is not published again, and an epoch that is over
    /// publishes nothing, as the ledger of a run sees to it.
    mutating func finish(_ attempt: SimulatedNode.Attempt) -> AttemptReport {
        let isPublished = commits.contains { $0.occurrence == attempt.start.occurrence.id }
        if isLakeAway {
            // It may have gone between the commit and its answer.
            if !isPublished, !attempt.start.onlyLooks, happens(300) { _ = publish(attempt) }
            var report = AttemptReport(attempt.start.onlyLooks ? .cancelled : .failed(.lake))
            report.isSettled = false
            return report
        }
        if attempt.start.onlyLooks {
            return AttemptReport(isPublished ? .succeeded : .cancelled)
        }
        let report = publish(attempt)
        guard report.end != .succeeded, isPublished else { return report }
        // However an attempt ends, the table is asked.
        return AttemptReport(.succeeded)
    }

    private mutating func publish(_ attempt: SimulatedNode.Attempt) -> AttemptReport {
        if danger > 0, happens(failureRate * 10) {
            let classes = FailureClass.allCases.filter { $0 != .lake }
            return AttemptReport(.failed(classes.randomElement(using: &random) ?? .transient))
        }
        let occurrence = attempt.start.occurrence
        if commits.contains(where: { $0.occurrence == occurrence.id }) {
            return AttemptReport(.succeeded)
        }
        let newest = commits.last { $0.target == occurrence.target }?.epoch ?? 0
        guard attempt.epoch >= newest, aliveEpoch(attempt) else {
            return AttemptReport(.failed(.transient), message: "superseded")
        }
        commits.append(
            Commit(occurrence: occurrence.id, target: occurrence.target, epoch: attempt.epoch)
        )
        return AttemptReport(.succeeded)
    }

    /// Epochs under which a run of the table was begun: an older one has been taken over.
    private var begun: [TableName: Int64] = [:]

    private func aliveEpoch(_ attempt: SimulatedNode.Attempt) -> Bool {
        attempt.epoch >= begun[attempt.start.occurrence.target] ?? 0
    }

    // MARK: What is seen

    mutating func note(_ step: SchedulerStep) {
        if let era = step.era {
            if era <= self.era { faults.append("the era went from \(self.era) to \(era)") }
            self.era = era
            cursors = [:]
        }
        for (id, status) in step.statuses {
            if let last = cursors[id], status.cursor < last {
                faults.append("the cursor of \(id) went back from \(last) to \(status.cursor)")
            }
            cursors[id] = status.cursor
        }
        for change in step.changes {
            guard case .added(let occurrence) = change, occurrence.origin == .schedule else {
                continue
            }
            if occurrence.dueAt > wall || occurrence.dueAt < occurrence.scheduledFor {
                faults.append("\(occurrence.id) was early, at \(wall)")
            }
        }
    }

    /// A run of a table is under way under this epoch.
    mutating func begin(_ target: TableName, _ epoch: Int64) {
        begun[target] = max(begun[target] ?? 0, epoch)
    }
}
