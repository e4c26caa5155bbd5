import Basics
import Iceberg
import Ingest
import Streams
import Synchronization
import TestSupport
import Testing

/// What a run keeps of an attempt that was cut off.
@Suite struct ResumeTests {
    private static let manners: [SmallLake.Manner] =
        SimulatedSource.Manner.allCases.flatMap { source in
            [1, 3].map { SmallLake.Manner(source: source, laneCount: $0) }
        }

    /// Rows up to a checkpoint, and those of a run that starts from it, are all rows, once; and
    /// what the ledger knows in the end does not depend on where the first attempt was cut off.
    @Test(arguments: manners, [0, 1, 25])
    func `wherever an attempt ends, the next one brings what is missing and nothing else`(
        manner: SmallLake.Manner,
        transactionCount: Int
    ) async throws {
        let whole = try SmallLake(rows: transactionCount)
        #expect(try await whole.run(manner).failure == nil)
        let expected = try await whole.run(number: 1)
        var place = 0
        while true {
            let lake = try SmallLake(rows: transactionCount)
            let cut = SimulatedAttempt.Accident(
                fault: place.isMultiple(of: 2) ? .crashBefore : .crashAfter,
                place: place / 2,
                countsWrites: true
            )
            let process = SimulatedAttempt(number: 1, accidents: [cut])
            _ = try await lake.run(manner, process)
            guard process.isDead else { break }
            let left = try await lake.lake().registry.newest(of: lake.table)
            let result = try await lake.run(manner)
            #expect(result.failure == nil)
            #expect(try await lake.rows() == lake.sourceRows)
            if let left, left.end == nil, manner.source != .whole,
                try await lake.run(number: 1).attemptCount == 2
            {
                #expect(result.resumedRowCount == left.rowCount)
            }
            let state = try await lake.run(number: 1)
            #expect(state.rowCount == expected.rowCount && state.isProven)
            #expect(Self.slices(state) == Self.slices(expected))
            place += 1
        }
        #expect(place >= 6)
    }

    /// How far each slice is read at the end, as the checkpoints of a run say.
    private static func slices(_ state: RunState) -> [SliceKey: SliceState] {
        var slices: [SliceKey: SliceState] = [:]
        for (_, record) in state.checkpoints.sorted(by: { $0.key < $1.key }) {
            for piece in record.part.pieces {
                slices[piece.slice.key] = SliceState(after: piece.step)
            }
        }
        return slices
    }

    @Test(arguments: [ConflictRule.append, .merge])
    func `an incremental run that was cut off ends with the same cursor and rows`(
        conflict: ConflictRule
    ) async throws {
        let manner = SmallLake.Manner(conflict: conflict)
        var cursors: Set<String?> = []
        for place in 0..<16 {
            let lake = try SmallLake(rows: 10)
            try await lake.run(manner)
            lake.change(6, seed: 9)
            let cut = SimulatedAttempt.Accident(
                fault: .crashBefore,
                place: place,
                countsWrites: true
            )
            try await lake.run(manner, SimulatedAttempt(number: 1, accidents: [cut]))
            #expect(try await lake.run(manner).failure == nil)
            let rows = try await lake.rows()
            #expect(Set(lake.sourceRows).isSubset(of: Set(rows)))
            #expect(Set(rows).count == rows.count)
            cursors.insert(try await lake.snapshots().last?.summary["tributary.checkpoint"])
        }
        #expect(cursors.count == 1)
    }

    @Test func `a row that changed between two attempts is there once, as it is now`() async throws
    {
        for seed in 1...15 as ClosedRange<UInt64> {
            let lake = try SmallLake(rows: 12, seed: seed)
            try await lake.run(.init(), .crashBefore, at: "_runs/main/rows/1/\(2 + seed % 3).json")
            lake.change(2, seed: seed + 100)
            let result = try await lake.run()
            #expect(result.failure == nil && result.isConsistent)
            #expect(try await lake.rows() == lake.sourceRows)
        }
    }

    @Test func `rows of two snapshots that nothing proves equal are said to be so`() async throws {
        let manner = SmallLake.Manner(source: .keys)
        let lake = try SmallLake(rows: 25)
        try await lake.run(manner, .crashBefore, at: "_runs/main/rows/1/4.json")
        lake.change(3, seed: 5)
        let result = try await lake.run(manner)
        #expect(result.failure == nil && !result.isConsistent && result.resumedRowCount > 0)
    }

    @Test func `an incremental run keeps nothing that is not proven`() async throws {
        let manner = SmallLake.Manner(source: .keys, conflict: .merge)
        let lake = try SmallLake(rows: 25)
        try await lake.run(manner, .crashBefore, at: "_runs/main/rows/1/4.json")
        lake.change(3, seed: 5)
        let result = try await lake.run(manner)
        #expect(result.failure == nil && result.isConsistent && result.resumedRowCount == 0)
        #expect(try await lake.rows() == lake.sourceRows)
    }

    @Test func `what a later attempt read is not judged by an earlier snapshot`() async throws {
        for seed in 1...8 as ClosedRange<UInt64> {
            let lake = try SmallLake(rows: 10, seed: seed)
            try await lake.run(.init(), .crashBefore, at: "_runs/main/rows/1/2.json")
            let process = SimulatedAttempt(
                number: 1,
                accidents: [.init(fault: .pause, operation: "put _runs/main/rows/1/2.json")],
                whilePaused: {
                    await #expect(throws: Never.self) {
                        lake.change(3, seed: seed + 70)
                        try await lake.run(.init(), .crashBefore, at: "v1.metadata.json")
                    }
                }
            )
            let result = try await lake.run(.init(), process)
            #expect((result.failure as? IngestError)?.code == .busy)
            #expect(try await lake.run().failure == nil)
            #expect(try await lake.rows() == lake.sourceRows)
        }
    }

    // MARK: What makes an unfinished run worthless

    private enum Change: CaseIterable {
        case definition, restart, conflict
    }

    @Test(arguments: Change.allCases)
    private func `an unfinished run of something else is given up and leaves no file`(
        change: Change
    ) async throws {
        let lake = try SmallLake(rows: 25)
        try await lake.run(.init(), .crashBefore, at: "_runs/main/rows/1/3.json")
        #expect(!lake.dataFiles.isEmpty)
        var manner = SmallLake.Manner()
        switch change {
        case .definition:
            var chance = SplitMix64(seed: 1)
            lake.database.withLock { database in
                let old = database.definition
                while database.definition == old { database.redefine(&chance) }
            }
        case .restart: manner.restarts = true
        case .conflict: manner.conflict = .merge
        }
        let result = try await lake.run(manner)
        #expect(result.failure == nil && result.resumedRowCount == 0)
        #expect(result.resumption?.contains("given up") == true)
        guard case .abandoned = try await lake.run(number: 1).end else {
            Issue.record("the run goes on")
            return
        }
        #expect(lake.dataFiles.count == result.fileCount)
        #expect(try await lake.rows() == lake.sourceRows)
    }

    @Test(arguments: [SimulatedSource.Manner.rows, .pages])
    func `rows read from a later cursor do not count when the table was put back`(
        source: SimulatedSource.Manner
    ) async throws {
        let manner = SmallLake.Manner(source: source, conflict: .append)
        for seed in 1...8 as ClosedRange<UInt64> {
            let lake = try SmallLake(rows: 8, seed: seed)
            try await lake.run(manner)
            lake.change(5, seed: seed + 50)
            let between = lake.sourceRows
            try await lake.run(manner)
            lake.change(4, seed: seed + 90)
            try await lake.run(manner, .crashBefore, at: "metadata/v3.metadata.json")
            try await rollBack(lake)
            let result = try await lake.run(manner)
            #expect(result.failure == nil)
            let rows = try await lake.rows()
            #expect(Set(lake.sourceRows).isSubset(of: Set(rows)))
            #expect(Set(rows).count == rows.count)
            #expect(!between.isEmpty)
        }
    }

    /// Puts a table back to its first snapshot.
    private func rollBack(_ lake: SmallLake) async throws {
        var transaction = try await lake.lake().catalog.beginTransaction(lake.table)
        let first = try #require(try await lake.snapshots().first)
        try transaction.rollBack(to: first.id)
        _ = try await transaction.commit()
    }

    @Test(arguments: [ConflictRule.append, .merge])
    func `rows are not published upon a table that was put back while they were read`(
        conflict: ConflictRule
    ) async throws {
        let manner = SmallLake.Manner(conflict: conflict)
        let lake = try SmallLake(rows: 8)
        try await lake.run(manner)
        lake.change(5, seed: 3)
        try await lake.run(manner)
        lake.change(5, seed: 4)
        let process = SimulatedAttempt(
            number: 1,
            accidents: [.init(fault: .pause, operation: "cursor")],
            whilePaused: { [self] in
                await #expect(throws: Never.self) { try await rollBack(lake) }
            }
        )
        let result = try await lake.run(manner, process)
        #expect((result.failure as? IngestError)?.code == .busy)
        #expect(try await lake.snapshots().count == 2)
        #expect(try await lake.run(manner).failure == nil)
        let rows = try await lake.rows()
        #expect(Set(lake.sourceRows).isSubset(of: Set(rows)))
        #expect(Set(rows).count == rows.count)
    }

    // MARK: Ends

    @Test func `an attempt that fails writes no end`() async throws {
        for operation in ["fill", "count", "cursor", "v1.metadata.json"] {
            let lake = try SmallLake(rows: 25)
            // So that a checkpoint is there whatever fails.
            let accident = SimulatedAttempt.Accident(fault: .error, operation: operation)
            let process = SimulatedAttempt(number: 1, accidents: [accident])
            let result = try await lake.run(.init(pieceCount: 1), process)
            #expect(result.failure != nil && result.snapshotID == nil)
            #expect(!(try lake.entries(run: 1).contains { $0.contains("\"published\"") }))
            #expect(try await lake.snapshots().isEmpty)
        }
    }

    @Test func `all checkpoints come before the end, and none is written twice`() async throws {
        let lake = try SmallLake(rows: 25)
        try await lake.run(.init(laneCount: 3, pieceCount: 1))
        let entries = try lake.entries(run: 1)
        let kinds = entries.map { text in
            ["begun", "checkpoint", "publishing", "published"].first { text.contains("\"\($0)\":") }
        }
        let checkpointCount = kinds.filter { $0 == "checkpoint" }.count
        #expect(checkpointCount >= 3)
        #expect(
            kinds == ["begun"] + Array(repeating: "checkpoint", count: checkpointCount)
                + ["publishing", "published"]
        )
        let state = try await lake.run(number: 1)
        let pieces = state.checkpoints.values.flatMap(\.part.pieces).map(\.slice.key)
        #expect(Set(pieces).count == pieces.count)
    }

    @Test func `a page without rows moves the position and is no end`() async throws {
        // Keys that are multiples of three come behind a page without rows.
        let lake = try SmallLake(rows: 40)
        let manner = SmallLake.Manner(source: .rows)
        #expect(try await lake.run(manner).failure == nil)
        let records = try await lake.run(number: 1).checkpoints.values
        #expect(records.contains { $0.part.rowCount == 0 && $0.files.isEmpty })
        #expect(try await lake.rows() == lake.sourceRows)
    }

    @Test func `a stream that fails does not stop the others`() async throws {
        let lake = try SmallLake()
        let accident = SimulatedAttempt.Accident(fault: .error, operation: "count")
        let process = SimulatedAttempt(number: 1, accidents: [accident])
        let seen = lake.lake(process)
        let run = SyncRun(
            source: SimulatedSource(
                database: { lake.database.withLock { $0 } },
                attempt: process,
                manner: .pages,
                laneCount: 1,
                pieceCount: 2,
                note: { _ in }
            ),
            store: seen.store,
            catalog: seen.catalog,
            clocks: seen.clocks,
            writer: "test"
        )
        let selections = try ["one", "two", "three"].map { name in
            StreamSelection(
                request: ReadRequest(stream: StreamName(namespace: nil, name: name)),
                table: try TableName(namespace: "main", name: name)
            )
        }
        let result = try await run.perform(selections, progress: RunProgress())
        #expect(result.streams.map(\.stream.name) == ["one", "two", "three"])
        #expect(result.streams.map { $0.failure == nil } == [false, true, true])
        #expect(result.streams.map { $0.snapshotID != nil } == [false, true, true])
    }

    @Test func `a checkpoint is as large with a thousand slices behind it as with one`()
        async throws
    {
        let lake = try SmallLake(rows: 400)
        #expect(try await lake.run(.init(pieceCount: 1)).failure == nil)
        let sizes = try lake.entries(run: 1).filter { $0.contains("\"checkpoint\":") }
            .map(\.utf8.count)
        #expect(sizes.count >= 20)
        #expect((sizes.max() ?? 0) < (sizes.min() ?? 0) + 2_000)
        let late = try #require(sizes.dropLast().last)
        #expect(late < sizes[0] + 200)
    }
}
