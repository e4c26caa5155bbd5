import Basics
import Columnar
import Iceberg
import Ingest
import ObjectStorage
import Streams
import Synchronization
import TestSupport
import Testing

/// One simulated table of a source and where it lands, for tests that say themselves what happens.
final class SmallLake: Sendable {
    let disk = SimulatedDisk()
    let table: TableName
    let database = Mutex(SimulatedDatabase())
    private let warehouse: ObjectKey
    private let time = Mutex<Int64>(1_700_000_000_000)
    private let processCount = Mutex(0)

    /// How one attempt goes about it.
    struct Manner: Sendable {
        var source = SimulatedSource.Manner.pages
        var conflict: ConflictRule?
        var laneCount = 1
        var pieceCount = 2
        var limits = RunLimits(checkpointInterval: .zero)
        var restarts = false
        /// The schedule's run that it is an attempt of.
        var occurrence: String?
        var adopts = false
        var requiresEqual = false
        var takesOver = true
        /// Where the source is, and what is asked of it.
        var place = "memory"
        var filter: String?
        var columns: [String]?
        var owner = ProcessIdentity(host: "simulated", processID: 1, startTick: 1)
    }

    /// A lake whose source has rows that `seed` made.
    init(rows transactionCount: Int = 12, seed: UInt64 = 1) throws {
        table = try TableName(namespace: "main", name: "rows")
        warehouse = try ObjectKey("warehouse")
        change(transactionCount, seed: seed)
    }

    /// Some transactions at the source.
    func change(_ count: Int, seed: UInt64) {
        var chance = SplitMix64(seed: seed)
        database.withLock { database in
            for _ in 0..<count { database.transact(&chance) }
            database.settle(all: true, &chance)
        }
    }

    /// The rows of the source, in order.
    var sourceRows: [SimulatedDatabase.Row] {
        database.withLock { database in
            database.versions.filter { database.snapshot.sees($0) }.map(\.row).sorted()
        }
    }

    /// The lake as a process sees it; as one to which nothing happens when none is given.
    func lake(_ process: SimulatedAttempt = SimulatedAttempt(number: 0)) -> SimulatedLake {
        let number = processCount.withLock { count in
            count += 1
            return count
        }
        let chance = Mutex(SplitMix64(seed: UInt64(number)))
        let tick: @Sendable () -> Instant = { [self] in
            time.withLock { time in
                time += 1
                return Instant(milliseconds: time)
            }
        }
        return SimulatedLake(
            disk: disk,
            warehouse: warehouse,
            attempt: process,
            clocks: Clocks(
                now: tick,
                uptime: { Uptime(boot: "one", sinceBoot: tick() - .unixEpoch) },
                sleep: { _ in try await process.resting() },
                chance: { chance.withLock { $0.next() } }
            )
        )
    }

    /// One attempt at a run.
    @discardableResult
    func run(
        _ manner: Manner = Manner(),
        _ process: SimulatedAttempt = SimulatedAttempt(number: 1),
        through other: (any ObjectStore) -> any ObjectStore = { $0 }
    ) async throws -> StreamResult {
        let lake = lake(process)
        let store = other(lake.store)
        var options = RunOptions()
        options.limits = manner.limits
        options.restarts = manner.restarts
        options.adopts = manner.adopts
        options.occurrence = manner.occurrence.map {
            OccurrenceMark(id: $0, schedule: "rows", scheduledFor: 0, epoch: 1)
        }
        options.requiresEqual = manner.requiresEqual
        options.takesOver = manner.takesOver
        let run = SyncRun(
            source: SimulatedSource(
                database: { [self] in database.withLock { $0 } },
                attempt: process,
                manner: manner.source,
                laneCount: manner.laneCount,
                pieceCount: manner.pieceCount,
                note: { _ in },
                place: manner.place
            ),
            store: store,
            catalog: FilesystemCatalog(
                store: store,
                warehouse: warehouse,
                clocks: lake.clocks
            ),
            clocks: lake.clocks,
            options: options,
            writer: "test",
            owner: manner.owner
        )
        var request = ReadRequest(stream: StreamName(namespace: nil, name: "rows"))
        request.filter = manner.filter
        request.columns = manner.columns
        request.incremental = manner.conflict.map {
            IncrementalRequest(cursor: "id", key: ["id"], conflict: $0)
        }
        let result = try await run.perform(
            [StreamSelection(request: request, table: table)],
            progress: RunProgress()
        )
        return try #require(result.streams.first)
    }

    /// One attempt at which something goes wrong.
    @discardableResult
    func run(
        _ manner: Manner = Manner(),
        _ fault: SimulatedAttempt.Fault,
        at operation: String
    ) async throws -> StreamResult {
        let accident = SimulatedAttempt.Accident(fault: fault, operation: operation)
        return try await run(manner, SimulatedAttempt(number: 1, accidents: [accident]))
    }

    // MARK: Looking

    /// The rows of the table, in order.
    func rows() async throws -> [SimulatedDatabase.Row] {
        let files = try await lake().catalog.load(table).files()
        return try TableRows(disk: disk).rows(of: files).sorted()
    }

    /// The snapshots of the table.
    func snapshots() async throws -> [Snapshot] {
        try await lake().catalog.loadIfPresent(table)?.metadata.snapshots ?? []
    }

    /// What the ledger of a run says.
    func run(number: Int) async throws -> RunState {
        try #require(try await lake().registry.state(of: table, run: number))
    }

    /// Names of the data files that are there.
    var dataFiles: [String] { disk.keys.map(\.name).filter { $0.hasSuffix(".parquet") } }

    /// The entries of a run's ledger as text, in order.
    func entries(run number: Int) throws -> [String] {
        var texts: [String] = []
        while let bytes = disk.bytes(try entryKey(run: number, texts.count)) {
            texts.append(String(decoding: bytes, as: UTF8.self))
        }
        return texts
    }

    func entryKey(run number: Int, _ entry: Int) throws -> ObjectKey {
        try ObjectKey("_runs/main/rows/\(number)/\(entry).json")
    }
}
