import Basics
import Iceberg
import Ingest
import ObjectStorage
import Streams
import Synchronization
import TestSupport
import Testing

/// The ledger of a run: who may write to it, what is lost of it, and what becomes of it.
@Suite struct LedgerTests {
    private static let nobody = ProcessIdentity(host: "elsewhere", processID: 1, startTick: 1)

    private static func record(_ runID: String = "run") throws -> RunRecord {
        try LedgerRecords.run(id: runID, owner: nobody)
    }

    private static func resumed(_ kept: [Int] = []) throws -> ResumedRecord {
        try LedgerRecords.resumed(kept: kept, owner: nobody)
    }

    private static func checkpoint(_ number: Int) throws -> LedgerEntry.Event {
        .checkpoint(try LedgerRecords.checkpoint(slice: "\(number)"))
    }

    /// A registry through which `fault` comes at `operation`.
    private static func registry(
        _ lake: SmallLake,
        _ fault: SimulatedAttempt.Fault,
        at operation: String
    ) -> RunRegistry {
        let accident = SimulatedAttempt.Accident(fault: fault, operation: operation)
        return lake.lake(SimulatedAttempt(number: 1, accidents: [accident])).registry
    }

    private func expectError(
        _ code: IngestError.Code,
        sourceLocation: Testing.SourceLocation = #_sourceLocation,
        _ body: () async throws -> Void
    ) async {
        let error = await #expect(throws: IngestError.self, sourceLocation: sourceLocation) {
            try await body()
        }
        #expect(error?.code == code, sourceLocation: sourceLocation)
    }

    // MARK: Fencing

    @Test func `an attempt whose run was taken over writes nothing any more`() async throws {
        let lake = try SmallLake()
        let registry = lake.lake().registry
        let first = try await registry.begin(lake.table, Self.record(), after: 0)
        try await first.append(Self.checkpoint(1))
        let state = try await lake.run(number: 1)
        let second = try await registry.takeOver(lake.table, state, Self.resumed([1]))
        await expectError(.superseded) { try await first.append(Self.checkpoint(2)) }
        await expectError(.superseded) {
            try await first.append(.publishing(LedgerRecords.publishing(upon: 0)))
        }
        try await second.append(Self.checkpoint(3))
        let last = try await lake.run(number: 1)
        #expect(last.entryCount == 4 && last.attemptCount == 2)
        #expect(last.checkpoints.keys.sorted() == [1, 3])
        #expect(last == (await second.state))
    }

    @Test func `a run that went on since it was looked at is not taken over`() async throws {
        let lake = try SmallLake()
        let registry = lake.lake().registry
        let ledger = try await registry.begin(lake.table, Self.record(), after: 0)
        let state = try await lake.run(number: 1)
        try await ledger.append(Self.checkpoint(1))
        await expectError(.superseded) {
            _ = try await registry.takeOver(lake.table, state, Self.resumed())
        }
        await expectError(.superseded) {
            try await registry.abandon(lake.table, state, reason: "late")
        }
        try await ledger.append(Self.checkpoint(2))
        #expect(try await lake.run(number: 1).entryCount == 3)
    }

    @Test func `of two that take a run over at once one has it`() async throws {
        let lake = try SmallLake()
        _ = try await lake.lake().registry.begin(lake.table, Self.record(), after: 0)
        let state = try await lake.run(number: 1)
        // The other one comes first when this one has looked and is about to write.
        let process = SimulatedAttempt(
            number: 1,
            accidents: [.init(fault: .pause, operation: "put _runs/main/rows/1/1.json")],
            whilePaused: {
                await #expect(throws: Never.self) {
                    _ = try await lake.lake().registry.takeOver(lake.table, state, Self.resumed())
                }
            }
        )
        let slow = lake.lake(process).registry
        await expectError(.superseded) {
            _ = try await slow.takeOver(lake.table, state, Self.resumed())
        }
        #expect(try await lake.run(number: 1).attemptCount == 2)
    }

    @Test func `of two that begin a run at once one has it`() async throws {
        let lake = try SmallLake()
        let registry = lake.lake().registry
        _ = try await registry.begin(lake.table, Self.record("one"), after: 0)
        await expectError(.busy) {
            _ = try await registry.begin(lake.table, Self.record("two"), after: 0)
        }
        #expect(try await registry.numbers(of: lake.table) == [1])
        #expect(try await lake.run(number: 1).record.runID == "one")
    }

    @Test(arguments: [nil, ConflictRule.append])
    func `whoever looked before another run began gives way to it`(
        conflict: ConflictRule?
    ) async throws {
        let lake = try SmallLake()
        let manner = SmallLake.Manner(conflict: conflict)
        try await lake.run(manner)
        lake.change(4, seed: 3)
        let process = SimulatedAttempt(
            number: 1,
            accidents: [.init(fault: .pause, operation: "connect")],
            whilePaused: { await #expect(throws: Never.self) { try await lake.run(manner) } }
        )
        let result = try await lake.run(manner, process)
        #expect((result.failure as? IngestError)?.code == .busy)
        #expect(try await lake.snapshots().count == 2)
        let rows = try await lake.rows()
        #expect(Set(rows).count == rows.count)
    }

    @Test func `lanes that write at once take a number each`() async throws {
        let lake = try SmallLake()
        let ledger = try await lake.lake().registry.begin(lake.table, Self.record(), after: 0)
        try await withThrowingTaskGroup(of: Void.self) { group in
            for number in 1...200 {
                group.addTask { try await ledger.append(Self.checkpoint(number)) }
            }
            try await group.waitForAll()
        }
        let state = try await lake.run(number: 1)
        #expect(state.entryCount == 201 && state.rowCount == 200)
        let slices = state.checkpoints.values.flatMap(\.part.pieces).map(\.slice.key.rawValue)
        #expect(Set(slices) == Set((1...200).map { "\($0)" }))
    }

    @Test func `a run of a process that lives is left to it unless it is taken`() async throws {
        let lake = try SmallLake(rows: 25)
        var manner = SmallLake.Manner()
        manner.owner = .current
        try await lake.run(manner, .crashBefore, at: "_runs/main/rows/1/3.json")
        manner.owner = Self.nobody
        manner.takesOver = false
        let refused = try await lake.run(manner)
        #expect((refused.failure as? IngestError)?.code == .busy)
        #expect(try await lake.run(number: 1).attemptCount == 1)
        manner.takesOver = true
        #expect(try await lake.run(manner).failure == nil)
        #expect(try await lake.run(number: 1).attemptCount == 2)
    }

    // MARK: Answers that are lost

    @Test func `an entry whose answer was lost is there once`() async throws {
        let lake = try SmallLake()
        let registry = Self.registry(lake, .lostAnswer, at: "put _runs/main/rows/1/1.json")
        let ledger = try await registry.begin(lake.table, Self.record(), after: 0)
        try await ledger.append(Self.checkpoint(1))
        try await ledger.append(Self.checkpoint(2))
        #expect(try await lake.run(number: 1).entryCount == 3)
    }

    @Test func `an entry that could not be written is tried again`() async throws {
        let lake = try SmallLake()
        let registry = Self.registry(lake, .error, at: "put _runs/main/rows/1/1.json")
        let ledger = try await registry.begin(lake.table, Self.record(), after: 0)
        try await ledger.append(Self.checkpoint(1))
        #expect(try await lake.run(number: 1).entryCount == 2)
    }

    @Test func `files stay when nobody knows whether a checkpoint names them`() async throws {
        let lake = try SmallLake(rows: 25)
        let cut = try await lake.run(.init(), .outage(1), at: "put _runs/main/rows/1/2.json")
        #expect(cut.failure != nil)
        let state = try await lake.run(number: 1)
        #expect(state.checkpoints.count == 2 && state.fileCount == 2)
        for file in state.checkpoints.values.flatMap(\.files) {
            let key = try #require(lake.disk.locations.key(at: file.path))
            #expect(lake.disk.contains(key))
        }
        #expect(try await lake.run().failure == nil)
        #expect(try await lake.rows() == lake.sourceRows)
    }

    @Test func `a commit that landed without the last entry is found by the next run`() async throws
    {
        let lake = try SmallLake(rows: 25)
        try await lake.run(.init(), .crashAfter, at: "put warehouse/main/rows/metadata/v1.")
        #expect(try await lake.run(number: 1).end == nil)
        let snapshot = try #require(try await lake.snapshots().first)
        lake.change(3, seed: 8)
        #expect(try await lake.run().failure == nil)
        guard case .published(let record) = try await lake.run(number: 1).end else {
            Issue.record("the run was not closed")
            return
        }
        #expect(record.snapshotID == snapshot.id)
        #expect(try await lake.snapshots().count == 2)
        #expect(try await lake.rows() == lake.sourceRows)
    }

    // MARK: Packs

    @Test func `a long ledger is read in few requests`() async throws {
        let lake = try SmallLake()
        let ledger = try await lake.lake().registry.begin(lake.table, Self.record(), after: 0)
        for number in 1...140 { try await ledger.append(Self.checkpoint(number)) }
        let packs = lake.disk.keys.filter { $0.rawValue.contains("/packs/") }.map(\.name)
        #expect(packs.sorted() == ["128.json", "64.json"])
        let reads = Mutex(0)
        let counting = SimulatedAttempt(
            number: 1,
            log: { text in if text.contains("read") { reads.withLock { $0 += 1 } } }
        )
        let state = try await lake.lake(counting).registry.state(of: lake.table, run: 1)
        #expect(state?.entryCount == 141 && state?.rowCount == 140)
        #expect(reads.withLock { $0 } == 2 + 13)
    }

    @Test(arguments: [SimulatedAttempt.Fault.error, .lostAnswer])
    func `a pack that was not written is not needed`(fault: SimulatedAttempt.Fault) async throws {
        let lake = try SmallLake()
        let registry = Self.registry(lake, fault, at: "packs/64.json")
        let ledger = try await registry.begin(lake.table, Self.record(), after: 0)
        for number in 1...70 { try await ledger.append(Self.checkpoint(number)) }
        let state = try await lake.run(number: 1)
        let next = try await lake.lake().registry.takeOver(
            lake.table,
            state,
            Self.resumed(Array(state.checkpoints.keys))
        )
        for number in 71...140 { try await next.append(Self.checkpoint(number)) }
        #expect(try await lake.run(number: 1) == (await next.state))
        #expect(await next.state.rowCount == 140)
    }

    // MARK: Ledgers that cannot be read

    private static let unreadable = [
        "", "{", "[]", "{\"version\":1}", "{\"at\":1,\"attempt\":0,\"event\":{},\"version\":1}",
        "{\"at\":1,\"attempt\":0,\"event\":{\"abandoned\":{\"reason\":\"\"}},\"version\":2}",
        "{\"at\":1,\"attempt\":0,\"event\":{\"burned\":{}},\"version\":1}",
    ]

    @Test(arguments: unreadable)
    func `an entry that cannot be read stops the next run until it is told to begin again`(
        text: String
    ) async throws {
        let lake = try SmallLake(rows: 25)
        try await lake.run(.init(), .crashBefore, at: "_runs/main/rows/1/3.json")
        _ = try await lake.lake().store.put(
            Array(text.utf8),
            to: lake.entryKey(run: 1, 3),
            condition: .none
        )
        let refused = try await lake.run()
        #expect((refused.failure as? IngestError)?.code == .unreadableLedger)
        #expect(try await lake.snapshots().isEmpty)
        let result = try await lake.run(.init(restarts: true))
        #expect(result.failure == nil && result.resumption?.contains("unreadable") == true)
        #expect(try await lake.rows() == lake.sourceRows)
        #expect(try await lake.run().failure == nil)
    }

    // MARK: The end of runs

    @Test func `files of a run given up while it published stay until the table moves on`()
        async throws
    {
        let lake = try SmallLake(rows: 25)
        try await lake.run()
        lake.change(3, seed: 4)
        try await lake.run(.init(), .crashBefore, at: "put warehouse/main/rows/metadata/v2.")
        let left = try await lake.run(number: 2)
        #expect(left.publishedUpon == 1)
        let count = lake.dataFiles.count
        try await lake.lake().registry.abandon(lake.table, left, reason: "cancelled by hand")
        let outcome = try await lake.lake().cleaner.clean(lake.table, run: 2)
        #expect(outcome.obstacle != nil && lake.dataFiles.count == count)
        #expect(try await lake.run().failure == nil)
        let second = try await lake.lake().cleaner.clean(lake.table, run: 2)
        #expect(second.obstacle == nil && second.fileCount == left.fileCount)
        let named = try await lake.run(number: 1).fileCount + lake.run(number: 3).fileCount
        #expect(lake.dataFiles.count == named)
    }

    @Test
    func `a process that wakes up after its run was given up finds its files, or does nothing`()
        async throws
    {
        for movesOn in [false, true] {
            let lake = try SmallLake(rows: 25)
            let process = SimulatedAttempt(
                number: 1,
                accidents: [
                    .init(fault: .pause, operation: "put warehouse/main/rows/metadata/v1.")
                ],
                whilePaused: {
                    await #expect(throws: Never.self) {
                        let seen = lake.lake()
                        let state = try await lake.run(number: 1)
                        try await seen.registry.abandon(lake.table, state, reason: "cancelled")
                        if movesOn { try await lake.run() }
                        try await seen.cleaner.clean(lake.table, run: 1)
                    }
                }
            )
            let result = try await lake.run(.init(), process)
            #expect((result.failure == nil) == !movesOn)
            #expect(try await lake.snapshots().count == 1)
            #expect(try await lake.rows() == lake.sourceRows)
        }
    }

    @Test func `a run that never came to its commit leaves nothing when it is given up`()
        async throws
    {
        let lake = try SmallLake(rows: 25)
        try await lake.run(.init(), .crashBefore, at: "_runs/main/rows/1/3.json")
        let unended = try await lake.lake().cleaner.clean(lake.table, run: 1)
        #expect(unended.obstacle != nil && !lake.dataFiles.isEmpty)
        let state = try await lake.run(number: 1)
        try await lake.lake().registry.abandon(lake.table, state, reason: "cancelled by hand")
        let outcome = try await lake.lake().cleaner.clean(lake.table, run: 1)
        #expect(outcome.obstacle == nil && outcome.fileCount > 0)
        #expect(lake.dataFiles.isEmpty)
    }

    @Test func `the ten newest runs of a table are kept`() async throws {
        let lake = try SmallLake()
        for _ in 1...13 { try await lake.run() }
        #expect(try await lake.lake().registry.numbers(of: lake.table) == Array(4...13))
        #expect(try await lake.snapshots().count == 13)
    }

    @Test func `a removal of a ledger that was cut off is resumed`() async throws {
        let lake = try SmallLake()
        let registry = lake.lake().registry
        // The ledger is long enough that its numbers have one digit and two.
        let ledger = try await registry.begin(lake.table, Self.record("old"), after: 0)
        for number in 1...13 { try await ledger.append(Self.checkpoint(number)) }
        let state = try await lake.run(number: 1)
        try await registry.abandon(lake.table, state, reason: "test")
        for _ in 1...9 { try await lake.run() }
        for place in 0..<4 {
            let cut = SimulatedAttempt.Accident(
                fault: .crashAfter,
                place: place,
                countsWrites: true
            )
            let process = SimulatedAttempt(number: 1, accidents: [cut])
            await #expect(throws: (any Error).self) {
                try await lake.lake(process).registry.remove(lake.table, run: 1)
            }
        }
        _ = try await registry.state(of: lake.table, run: 1)
        for _ in 1...2 { try await lake.run() }
        #expect(try await registry.numbers(of: lake.table) == Array(3...12))
    }

    @Test func `an entry that comes after its ledger was removed disturbs nothing`() async throws {
        let lake = try SmallLake()
        let registry = lake.lake().registry
        let ledger = try await registry.begin(lake.table, Self.record("old"), after: 0)
        let state = try await lake.run(number: 1)
        try await registry.abandon(lake.table, state, reason: "test")
        try await registry.remove(lake.table, run: 1)
        try await ledger.append(Self.checkpoint(1))
        #expect(try await registry.state(of: lake.table, run: 1) == nil)
        for _ in 1...12 { #expect(try await lake.run().failure == nil) }
        #expect(try await registry.numbers(of: lake.table) == Array(4...13))
    }

    @Test func `a run that others ended keeps a table's files and its snapshot`() async throws {
        let lake = try SmallLake(rows: 25)
        try await lake.run()
        let outcome = try await lake.lake().cleaner.clean(lake.table, run: 1)
        #expect(outcome.fileCount == 0 && outcome.obstacle == nil)
        #expect(try await lake.rows() == lake.sourceRows)
    }
}
