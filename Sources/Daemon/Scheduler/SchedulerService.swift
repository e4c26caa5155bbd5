package import Basics
package import Ingest
package import Logging
package import Metastore
package import Scheduling
import ServiceLifecycle
import Synchronization

/// Fires schedules: drives the machine with the time, what runs have done and what is asked of it; writes
/// down each of its steps, and then does it.
///
/// One process at a time schedules a lake, the one with the lease; another one waits for it and takes over.
/// Everything the machine decides is in the metastore before anything happens, so a process that dies at any
/// moment leaves what the next one goes on from.
package final class SchedulerService: Service, Sendable {
    /// Does the work of one attempt, and says how it ended.
    ///
    /// It ends soon after its task is cancelled.
    package typealias Executor =
        @Sendable (SchedulerStep.Start, Lease, RunProgress) async -> AttemptReport

    /// What schedules there are.
    package struct Schedules: Sendable {
        /// Lists the documents that are new, changed or gone since `known`, which has ids and tags; of those
        /// named only, where some are.
        package var list:
            @Sendable (_ known: [String: String], _ only: Set<String>?) async throws -> Listing
        /// Reads documents that were listed; one that is gone meanwhile is left out.
        package var read: @Sendable ([ListedDocument]) async throws -> [ScheduleRecord]
        /// Where a schedule stands that the metastore does not know, as the lake tells it.
        package var recover: @Sendable (ScheduleSpec) async throws -> ScheduleStatus?
        /// The time of a table's last snapshot; nil where there is none.
        package var lastCommit: @Sendable (TableName) async throws -> Instant?
        /// The names of all tables.
        package var tables: @Sendable () async throws -> [String]
        /// Fails where the lake cannot be looked at.
        package var requireLake: @Sendable () async throws -> Void
        /// Reads a trigger.
        package var parse: @Sendable (TriggerText) throws -> Trigger

        /// A document's name, and the version that was listed.
        package struct ListedDocument: Sendable {
            package var id: String
            package var tag: String

            /// Makes an entry of a list.
            package init(id: String, tag: String) {
                self.id = id
                self.tag = tag
            }
        }

        /// What is there and was not, and what was there and is not.
        package struct Listing: Sendable {
            package var changed: [ListedDocument]
            package var gone: [String]

            /// Makes a list.
            package init(changed: [ListedDocument], gone: [String]) {
                self.changed = changed
                self.gone = gone
            }
        }

        /// What changed documents say.
        struct Changes {
            var documents: [ScheduleRecord]
            var gone: [String]
            /// The lake's tables; nil where they were not looked at.
            var tables: [String]?
            /// How long that took.
            var tablesTook = Duration.zero
        }

        /// Lists and reads in one.
        func changes(_ known: [String: String], _ only: Set<String>?) async throws -> Changes {
            let listing = try await list(known, only)
            return Changes(documents: try await read(listing.changed), gone: listing.gone)
        }

        /// Makes a source of schedules.
        package init(
            list: @escaping @Sendable ([String: String], Set<String>?) async throws -> Listing,
            read: @escaping @Sendable ([ListedDocument]) async throws -> [ScheduleRecord],
            recover: @escaping @Sendable (ScheduleSpec) async throws -> ScheduleStatus?,
            lastCommit: @escaping @Sendable (TableName) async throws -> Instant?,
            tables: @escaping @Sendable () async throws -> [String],
            requireLake: @escaping @Sendable () async throws -> Void,
            parse: @escaping @Sendable (TriggerText) throws -> Trigger
        ) {
            self.list = list
            self.read = read
            self.recover = recover
            self.lastCommit = lastCommit
            self.tables = tables
            self.requireLake = requireLake
            self.parse = parse
        }
    }

    /// How it works.
    package struct Options: Sendable {
        package var runs = Limits.runs
        package var runsPerSource = Limits.runsPerSource
        package var historyDays = Limits.historyDays
        /// Told from all other processes, past ones too.
        package var holder: String
        /// Whether the process of a holder is there.
        package var isAlive: @Sendable (String) -> Bool

        /// Makes options with the defaults.
        package init(holder: String, isAlive: @escaping @Sendable (String) -> Bool) {
            self.holder = holder
            self.isAlive = isAlive
        }
    }

    /// What it is doing, for readiness and metrics.
    package struct State: Sendable {
        /// Whether it has the lease and knows all schedules.
        package var leads = false
        /// Whether another process has the lease, and this one takes over when that one is gone.
        package var isStandby = false
        /// Who has the lease, as the lease names it.
        package var leader: String?
        /// Why it neither leads nor stands by, in words.
        package var obstacle = "it has just been started"
        /// Why the lake cannot be looked at; nil while it can.
        var lakeProblem: String?
        /// Why its schedules could not be looked at the last time; nil where they could.
        var scanProblem: String?
        package var epoch: Int64 = 0
        package var scheduleCount = 0
        package var problems: [String: String] = [:]
        package var unfinishedCount = 0
        package var runningCount = 0
        /// The last time it looked at the clock.
        package var lastTick = Instant.distantPast
        package var counts = SchedulerCounts()
        /// How long the last look at all documents took.
        package var lastScan = Duration.zero

        /// Whether it can answer, and either schedules or could take over.
        package var isReady: Bool { (leads || isStandby) && lakeObstacle == nil }

        /// Why the lake, or the folder of its schedules, cannot be looked at; nil while both can.
        package var lakeObstacle: String? { lakeProblem ?? scanProblem }
    }

    /// Something somebody wants of the machine.
    struct Request: Sendable {
        /// Asks the machine; gives the answer, to be called when what came of it is written.
        var perform: @Sendable (inout SchedulerMachine, Instant) -> @Sendable () -> Void
        /// Answers that this process schedules no more.
        var refuse: @Sendable () -> Void
    }

    struct Inbox {
        var ends: [(id: String, attempt: Int, report: AttemptReport)] = []
        var requests: [Request] = []
        /// Documents that were changed through this process.
        var changed: Set<String> = []
        /// What the last look at all documents has found.
        var found: Schedules.Changes?
        /// Snapshots of tables that schedules wait for.
        var commits: [(table: TableName, time: Instant)] = []
        /// Whether all of those tables were looked at.
        var isFollowed = false
        /// Whether the lake was looked at.
        var hasSeenLake = false
        var isLeaseLost = false
        var isStopping = false
        /// Whether it was ever run.
        var isRunning = false
    }

    let metastore: Metastore
    let schedules: Schedules
    let options: Options
    let clocks: Clocks
    let executor: Executor
    let log: Logger
    let inbox = Mutex(Inbox())
    let wake = Signal()
    let state = Mutex(State())
    let controls = Mutex<[String: RunControl]>([:])

    /// Makes a scheduler that does nothing until it is run.
    package init(
        metastore: Metastore,
        schedules: Schedules,
        options: Options,
        clocks: Clocks,
        log: Logger,
        executor: @escaping Executor
    ) {
        self.metastore = metastore
        self.schedules = schedules
        self.options = options
        self.clocks = clocks
        self.log = log
        self.executor = executor
    }

    /// What it is doing now.
    package var current: State { state.withLock { $0 } }

    /// How long until all documents are looked at again.
    var scanPause: Duration { Self.pause(after: current.lastScan) }

    /// The pause behind a look that took so long; one that hung is not waited for a day.
    static func pause(after elapsed: Duration) -> Duration {
        min(max(Limits.rescan, elapsed * Limits.rescanShare), Limits.rescanMost)
    }

    /// The progress of a run that is under way in this process.
    package func progress(of id: String) -> RunProgress.State? {
        controls.withLock { $0[id] }?.progress.current
    }

    /// A document was changed; returns when the schedule is as it says, or when another process will see to
    /// it.
    package func definitionChanged(_ id: String) async {
        inbox.withLock { _ = $0.changed.insert(id) }
        // One that does not schedule leaves it to the one that does.
        try? await ask { _, _ in }
    }

    /// Has the machine do something; returns when what came of it is written.
    ///
    /// - Throws: what `body` throws, and `DaemonError` `notReady` where this process does not schedule.
    package func ask<Answer: Sendable>(
        _ body: @escaping @Sendable (inout SchedulerMachine, Instant) throws -> Answer
    ) async throws -> Answer {
        try await withCheckedThrowingContinuation { continuation in
            let request = Request { machine, now in
                do {
                    let answer = try body(&machine, now)
                    return { continuation.resume(returning: answer) }
                } catch {
                    return { continuation.resume(throwing: error) }
                }
            } refuse: {
                continuation.resume(throwing: self.notReady)
            }
            let isTaken = inbox.withLock { inbox in
                guard current.leads, !inbox.isStopping else { return false }
                inbox.requests.append(request)
                return true
            }
            if isTaken {
                wake.raise()
            } else {
                continuation.resume(throwing: notReady)
            }
        }
    }

    private var notReady: DaemonError {
        DaemonError(
            .notReady,
            "the scheduler is not ready: \(current.obstacle); try again in a moment"
        )
    }

    /// Schedules until the program is told to stop; then what runs is interrupted, and resumes with the next
    /// process.
    package func run() async throws {
        inbox.withLock { $0.isRunning = true }
        await withTaskCancellationOrGracefulShutdownHandler {
            while !isStopping {
                do {
                    if let lease = try await takeLease() {
                        try await ScheduleLoop(service: self, lease: lease).run()
                    } else {
                        try await standBy()
                    }
                } catch is CancellationError where isStopping {
                    log.info("scheduling was stopped at once")
                } catch {
                    log.error("scheduling was cut off", metadata: ["error": "\(error)"])
                    state.withLock {
                        $0.isStandby = false
                        $0.obstacle = "\(error)"
                    }
                }
                state.withLock { $0.leads = false }
                refuseRequests()
                if !isStopping { await wake.wait(for: Limits.leaseRetry, clocks) }
            }
        } onCancelOrGracefulShutdown: {
            self.inbox.withLock { $0.isStopping = true }
            self.wake.raise()
        }
    }

    /// Looks whether this process could take over: it reads the metastore, and the lake answers.
    private func standBy() async throws {
        let leader = try await metastore.holder(of: Self.leaseName)
        await lookAtLake()
        state.withLock {
            $0.isStandby = true
            $0.scanProblem = nil
            $0.leader = leader
            $0.lastTick = clocks.now()
        }
    }

    /// Notes whether the lake can be looked at.
    func lookAtLake() async {
        var problem: String?
        do { try await schedules.requireLake() } catch { problem = "\(error)" }
        let before = state.withLock { state in
            defer { state.lakeProblem = problem }
            return state.lakeProblem
        }
        guard (before == nil) != (problem == nil) else { return }
        if let problem {
            log.error("the lake cannot be looked at", metadata: ["error": "\(problem)"])
        } else {
            log.notice("the lake can be looked at again")
        }
    }

    /// Answers what was asked of a process that schedules no more.
    private func refuseRequests() {
        for request in takePost().requests { request.refuse() }
    }

    /// What has come since the last time, all at once: a change of a document and what is asked of it then
    /// come in the order in which they were sent.
    func takePost() -> Inbox {
        inbox.withLock { inbox in
            let post = inbox
            inbox = Inbox()
            inbox.isStopping = post.isStopping
            inbox.isRunning = post.isRunning
            return post
        }
    }

    /// Whether this process is there to schedule.
    var isRunning: Bool { inbox.withLock { $0.isRunning } }

    /// Whether the program has been told to stop.
    package var isStopping: Bool { inbox.withLock { $0.isStopping } }

    private static let leaseName = "scheduler"

    func takeLease() async throws -> Lease? {
        let lease = try await metastore.lease(
            Self.leaseName,
            for: options.holder,
            at: clocks.uptime(),
            span: Limits.leaseSpan,
            isAlive: options.isAlive
        )
        if lease == nil {
            state.withLock {
                $0.leads = false
                $0.obstacle = "another process schedules this lake"
            }
        }
        return lease
    }
}
