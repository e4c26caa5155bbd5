import Basics
import Columnar
import Iceberg
import Ingest
import ObjectStorage
import Streams
import Synchronization
import TestSupport

/// Some runs of one table, with all that happens to source, lake and processes meanwhile: all of it
/// follows from one seed.
final class SimulatedHistory: Sendable {
    /// What does not change in a history.
    struct Setting: Sendable {
        var manner: SimulatedSource.Manner
        /// nil for full refreshes.
        var conflict: ConflictRule?
        var laneCount: Int
        var pieceCount: Int
        var limits: RunLimits
        var isQuiet: Bool
    }

    /// What is known of one attempt.
    struct Facts: Sendable {
        var reading: SimulatedSource.Reading?
        var result: StreamResult?
    }

    struct State {
        var database = SimulatedDatabase()
        var facts: [Int: Facts] = [:]
        var attemptCount = 0
        /// Programs of others that were there.
        var otherCount = 0
        var failure: String?
        var log: [String] = []
        /// What the snapshots of the table hold, as far as they were looked at.
        var known: [Int64: SimulatedSnapshot] = [:]
        /// Versions of the table that were looked at.
        var checkedCount = 0
        var time: Int64 = 1_700_000_000_000
    }

    let seed: UInt64
    let setting: Setting
    let disk = SimulatedDisk()
    let table: TableName
    let warehouse: ObjectKey
    let state = Mutex(State())
    private let chance: Mutex<SplitMix64>
    private let keepsLog: Bool

    init(seed: UInt64, keepsLog: Bool = false) throws {
        self.seed = seed
        self.keepsLog = keepsLog
        table = try TableName(namespace: "main", name: "rows")
        warehouse = try ObjectKey("warehouse")
        var chance = SplitMix64(seed: seed)
        func roll(_ count: UInt64) -> Int { Int(chance.next() % count) }
        let manners: [SimulatedSource.Manner] = [.pages, .pages, .pages, .rows, .keys, .whole]
        let limits = [
            RunLimits(checkpointInterval: .zero), RunLimits(checkpointByteCount: 1), .init(),
        ]
        setting = Setting(
            manner: manners[roll(6)],
            conflict: [nil, .merge, .append][roll(3)],
            laneCount: 1 + roll(3),
            pieceCount: 1 + roll(3),
            limits: limits[min(roll(4), 2)],
            isQuiet: roll(8) == 0
        )
        self.chance = Mutex(chance)
    }

    // MARK: Chance

    func roll(_ count: Int) -> Int { chance.withLock { Int($0.next() % UInt64(count)) } }

    func happens(_ percent: Int) -> Bool { roll(100) < percent }

    func log(_ text: @autoclosure () -> String) {
        guard keepsLog else { return }
        let text = text()
        state.withLock { $0.log.append(text) }
    }

    /// Where a process tells what it does; nil when nobody wants to know.
    private var logger: (@Sendable (String) -> Void)? {
        guard keepsLog else { return nil }
        return { [self] text in log(text) }
    }

    /// Notes what is wrong; the first such thing counts.
    func fail(_ text: String) {
        state.withLock { state in
            guard state.failure == nil else { return }
            state.failure = text
            state.log.append("FAILURE " + text)
        }
    }

    var failure: String? { state.withLock { $0.failure } }

    func change(_ body: (inout SimulatedDatabase, inout SplitMix64) -> Void) {
        state.withLock { state in chance.withLock { body(&state.database, &$0) } }
    }

    // MARK: The history

    /// Goes through all of it, up to the first thing that is wrong.
    func run() async {
        for _ in 0...roll(8) { change { $0.transact(&$1) } }
        runs: for _ in 0...roll(4) {
            work()
            for _ in 0..<5 {
                if happens(25) { await intervene() }
                if happens(10) { await removeFile() }
                let isDone = await attempt(depth: 0)
                await check()
                guard failure == nil else { return }
                if isDone { continue runs }
                if happens(50) { work() }
            }
        }
        await end()
    }

    /// The last run, which nothing disturbs, and what is left behind it.
    private func end() async {
        change { database, chance in
            database.settle(all: true, &chance)
            database.add(&chance)
        }
        log("the last run")
        if await !attempt(depth: 0, isDisturbed: false) {
            let number = state.withLock { $0.attemptCount }
            let failure = state.withLock { $0.facts[number]?.result?.failure }
            fail("a run that nothing disturbs fails: \(failure.map { "\($0)" } ?? "")")
        }
        await check()
        await checkLeftovers()
    }

    /// Others write to the source.
    func work() {
        for _ in 0..<roll(4) {
            change { $0.settle(all: false, &$1) }
            change { $0.transact(&$1) }
        }
        if happens(6) { change { $0.redefine(&$1) } }
        log("source: stamp \(state.withLock { $0.database.stamp })")
    }

    /// Somebody gives the run up, or puts the table back.
    private func intervene() async {
        do {
            switch roll(5) {
            case 0: try await cancel()
            case 1: try await rollBack()
            case 2: try await commitAsOthers()
            case 3: try expireAsOthers()
            default: break
            }
        } catch {
            fail("an intervention fails: \(error)")
        }
    }

    /// What happens while a process stands still.
    private func whilePaused() async {
        work()
        if happens(30) { await intervene() }
        for _ in 0..<roll(3) {
            if await attempt(depth: 1) { break }
            work()
        }
        if happens(20) { await intervene() }
        await check()
    }

    private func cancel() async throws {
        log("somebody cancels the run")
        let lake = lake()
        guard let state = try await lake.registry.newest(of: table), state.end == nil else {
            return
        }
        try await lake.registry.abandon(table, state, reason: "cancelled by hand")
        try await lake.cleaner.clean(table, run: state.number)
    }

    private func rollBack() async throws {
        let lake = lake()
        var transaction = try await lake.catalog.beginTransaction(table)
        guard let snapshots = transaction.base?.metadata.snapshots, !snapshots.isEmpty else {
            return
        }
        let target = snapshots[roll(snapshots.count)].id
        log("somebody puts the table back to \(target)")
        try transaction.rollBack(to: target)
        _ = try await transaction.commit()
    }

    // MARK: Attempts

    /// The lake as somebody sees it to whom nothing happens.
    func lake(_ process: SimulatedAttempt = SimulatedAttempt(number: 0)) -> SimulatedLake {
        SimulatedLake(
            disk: disk,
            warehouse: warehouse,
            attempt: process,
            clocks: clocks(process)
        )
    }

    /// One attempt at a run; whether it ended well.
    private func attempt(depth: Int, isDisturbed: Bool = true) async -> Bool {
        let number = state.withLock { state in
            state.attemptCount += 1
            state.facts[state.attemptCount] = Facts()
            return state.attemptCount
        }
        let process = SimulatedAttempt(
            number: number,
            accidents: isDisturbed && !setting.isQuiet ? accidents(depth: depth) : [],
            log: logger,
            whilePaused: { [self] in await whilePaused() }
        )
        let lake = lake(process)
        var options = RunOptions()
        options.limits = setting.limits
        options.restarts = isDisturbed && happens(5)
        options.takesOver = depth == 0 || happens(80)
        log("attempt \(number)\(options.restarts ? " --restart" : "") depth \(depth)")
        let run = SyncRun(
            source: SimulatedSource(
                database: { [self] in state.withLock { $0.database } },
                attempt: process,
                manner: setting.manner,
                laneCount: setting.laneCount,
                pieceCount: setting.pieceCount,
                note: { [self] reading in
                    state.withLock { $0.facts[number]?.reading = reading }
                }
            ),
            store: lake.store,
            catalog: lake.catalog,
            clocks: lake.clocks,
            options: options,
            writer: String(number),
            // Of those that may stand still others see that they are there.
            owner: depth == 0
                ? .current : ProcessIdentity(host: "simulated", processID: 1, startTick: 1)
        )
        var request = ReadRequest(stream: StreamName(namespace: nil, name: "rows"))
        request.incremental = setting.conflict.map {
            IncrementalRequest(cursor: "id", key: ["id"], conflict: $0)
        }
        do {
            let result = try await run.perform(
                [StreamSelection(request: request, table: table)],
                progress: RunProgress()
            ).streams.first
            state.withLock { $0.facts[number]?.result = result }
            log("attempt \(number) ends: \(result?.failure.map { "\($0)" } ?? "well")")
            if let resumption = result?.resumption { log("  \(resumption)") }
            let isDone = result?.failure == nil && !process.isDead
            if isDone, !process.wasPaused, depth == 0 { await checkSuccess(number) }
            return isDone
        } catch {
            fail("a run throws: \(error)")
            return false
        }
    }

    /// What goes wrong in an attempt.
    private func accidents(depth: Int) -> [SimulatedAttempt.Accident] {
        (0..<[0, 1, 1, 2, 3][roll(5)]).map { _ in
            let countsWrites = happens(50)
            return SimulatedAttempt.Accident(
                fault: fault(depth: depth),
                place: countsWrites ? roll(18) : roll([12, 40, 90][roll(3)]),
                countsWrites: countsWrites
            )
        }
    }

    private func fault(depth: Int) -> SimulatedAttempt.Fault {
        switch roll(depth == 0 ? 8 : 5) {
        case 0: .crashBefore
        case 1: .crashAfter
        case 2: .error
        case 3: .lostAnswer
        case 4: .outage(1 + roll(4))
        default: .pause
        }
    }

    /// The clock and the chance of one process.
    func clocks(_ process: SimulatedAttempt) -> Clocks {
        let chance = Mutex(SplitMix64(seed: seed &* 1_000 &+ UInt64(process.number)))
        let tick: @Sendable () -> Instant = { [self] in
            state.withLock { state in
                state.time += Int64(chance.withLock { $0.next() % 700 })
                return Instant(milliseconds: state.time)
            }
        }
        return Clocks(
            now: tick,
            uptime: { Uptime(boot: "one", sinceBoot: tick() - .unixEpoch) },
            sleep: { _ in try await process.resting() },
            chance: { chance.withLock { $0.next() } }
        )
    }
}
