import Columnar
import Iceberg
import ObjectStorage
import TestSupport
import Testing

/// The columns of most tables here.
private let schema = Schema([
    Field(id: 1, name: "id", type: .long, isRequired: true),
    Field(id: 2, name: "name", type: .string),
])

private func rows(_ ids: some Sequence<Int>, _ name: String) -> [[String?]] {
    ids.map { [String($0), name] }
}

@Suite struct MergeTests {
    @Test func `new rows take the place of those with their key in every engine`() async throws {
        try await withLake { lake in
            let table = try MergeTable(lake, schema, key: [1])
            let first = try await table.merge(rows(1...2_000, "old"))
            #expect(first.plan.deletedRowCount == 0)
            let one = try #require(try await lake.catalog.load(table.identifier).history.first)
            #expect(one.operation == "append")

            let changed = Array(stride(from: 10, through: 2_400, by: 10))
            let (plan, result) = try await table.merge(rows(changed, "new"))
            #expect(plan.deletedRowCount == 200)
            #expect(plan.addedDeletes.map(\.rowCount) == [200])
            #expect(result.totals.rowCount == 2_240)
            #expect(result.totals.positionDeleteCount == 200)
            let kept = (1...2_000).filter { $0 % 10 != 0 }
            try await table.expect(rows(kept, "old") + rows(changed, "new"))

            let two = try #require(try await lake.catalog.load(table.identifier).history.first)
            #expect(two.operation == "overwrite")
            #expect(two.summary["added-position-deletes"] == "200")
            #expect(two.summary["added-position-delete-files"] == "1")
            #expect(two.summary["added-data-files"] == "1")
            #expect(two.summary["added-records"] == "240")
            #expect(two.summary["deleted-data-files"] == nil)
        }
    }

    @Test func `a delete file says by its bounds which one file it is about`() async throws {
        try await withLake { lake in
            let table = try MergeTable(lake, schema, key: [1])
            try await table.merge(rows(1...9, "old"))
            let path = try #require(try await table.files(.rows).first).path
            #expect(path.utf8.count > 64)
            try await table.merge(rows([3, 7], "new"))
            let delete = try #require(try await table.files(.positionDeletes).first)
            #expect(delete.lowerBounds[2_147_483_546] == Array(path.utf8))
            #expect(delete.upperBounds[2_147_483_546] == Array(path.utf8))
            #expect(delete.lowerBounds[2_147_483_545] == [2, 0, 0, 0, 0, 0, 0, 0])
            #expect(delete.upperBounds[2_147_483_545] == [6, 0, 0, 0, 0, 0, 0, 0])
        }
    }

    @Test func `merges leave a few delete files beside a data file, which become one`() async throws
    {
        try await withLake { lake in
            let table = try MergeTable(lake, schema, key: [1])
            try await table.merge(rows(1...100, "0"))
            let base = try #require(try await table.files(.rows).first).path
            for round in 1...6 {
                let ids = Array(1...5).map { $0 * round }
                try await table.merge(rows(ids, "\(round)"))
                let deletes = try await table.files(.positionDeletes).filter {
                    $0.lowerBounds[2_147_483_546] == Array(base.utf8)
                }
                #expect(deletes.count == [1, 2, 3, 4, 1, 2][round - 1])
                let touched = Set((1...round).flatMap { round in (1...5).map { $0 * round } })
                #expect(deletes.reduce(0) { $0 + $1.rowCount } == Int64(touched.count))
                guard round == 5 else { continue }
                let last = try #require(
                    try await lake.catalog.load(table.identifier).history.first
                )
                #expect(last.summary["removed-position-delete-files"] != nil)
                #expect(
                    last.summary["removed-delete-files"]
                        == last.summary["removed-position-delete-files"]
                )
            }
            var model: [Int: String] = [:]
            for id in 1...100 { model[id] = "0" }
            for round in 1...6 { for id in 1...5 { model[id * round] = "\(round)" } }
            try await table.expect(model.map { [String($0), $1] })
        }
    }

    @Test func `a file whose rows are all replaced leaves with its delete file`() async throws {
        try await withLake { lake in
            let table = try MergeTable(lake, schema, key: [1])
            try await table.merge(rows(1...10, "a"))
            try await table.merge(rows(11...20, "b"))
            try await table.merge(rows(1...4, "c"))
            #expect(try await table.files(.positionDeletes).count == 1)
            let (plan, result) = try await table.merge(rows(5...12, "d"))
            #expect(plan.deletedRowCount == 8)
            #expect(plan.removedFileCount == 1)
            #expect(plan.removedDeleteFileCount == 1)
            #expect(result.totals.fileCount == 3)
            #expect(try await table.files(.positionDeletes).map(\.rowCount) == [2])
            try await table.expect(
                rows(1...4, "c") + rows(5...12, "d") + rows(13...20, "b")
            )
            let last = try #require(try await lake.catalog.load(table.identifier).history.first)
            #expect(last.summary["deleted-data-files"] == "1")
            #expect(last.summary["deleted-records"] == "10")
            #expect(last.summary["removed-position-deletes"] == "4")

            // Snapshots that were there before still read what they were.
            let past = lake.catalog
            let third = try #require(
                try await past.load(table.identifier).history.dropFirst().first
            )
            try await EngineReading.of(table.identifier, in: lake, snapshot: third.snapshotID)
                .expect(
                    (rows(1...4, "c") + rows(5...10, "a") + rows(11...20, "b"))
                        .sorted { ($0[0] ?? "") < ($1[0] ?? "") }
                )
        }
    }

    @Test func `entries keep the numbers of the commits that added them`() async throws {
        try await withLake { lake in
            let table = try MergeTable(lake, schema, key: [1])
            let two = [
                try await table.write(rows(1...5, "a")), try await table.write(rows(6...10, "b")),
            ]
            _ = try await table.commit(try await table.plan(two))
            try await table.merge(rows([1, 6], "c"))
            // One of the first two files leaves; the delete file of the other stays.
            try await table.merge(rows(2...5, "d"))
            let reading = try await EngineReading.of(table.identifier, in: lake)
            // Status and number: 0 is there, 1 is new, 2 is deleted.
            #expect(reading.entries == [[0, 1], [0, 2], [1, 2], [1, 3], [2, 1], [2, 2]])
        }
    }

    @Test func `deletes that others wrote for several files are honoured and stay`() async throws {
        try await withLake { lake in
            let table = try MergeTable(lake, schema, key: [1])
            let files = [
                try await table.write(rows(1...4, "a")), try await table.write(rows(5...8, "b")),
            ]
            _ = try await table.commit(try await table.plan(files))
            let foreign = try await lake.writeFile(
                table.identifier,
                [
                    TestColumn(
                        id: 2_147_483_546,
                        name: "file_path",
                        type: "string",
                        values: files.map(\.path).sorted().flatMap { [$0, $0] }
                    ),
                    TestColumn(
                        id: 2_147_483_545,
                        name: "pos",
                        type: "int64",
                        values: ["0", "1", "0", "1"]
                    ),
                ]
            )
            var deletes = foreign
            deletes.content = .positionDeletes
            let base = try await lake.catalog.load(table.identifier).metadata.currentSnapshotID
            _ = try await table.commit(
                MergePlan(baseSnapshotID: base, added: [], addedDeletes: [deletes])
            )
            try await table.expect(rows(3...4, "a") + rows(7...8, "b"))

            // 1 and 2 were gone, 3 goes now; 5 comes back.
            let (plan, _) = try await table.merge(rows([1, 2, 3, 5], "c"))
            #expect(plan.deletedRowCount == 1)
            #expect(plan.addedDeletes.map(\.rowCount) == [1])
            try await table.expect(
                rows([1, 2, 3, 5], "c") + rows([4], "a") + rows(7...8, "b")
            )
            // With 4 the whole first file is gone, by both kinds of deletes together.
            let (last, _) = try await table.merge(rows([4], "d"))
            #expect(last.removedFileCount == 1)
            #expect(try await table.files(.positionDeletes).map(\.path) == [foreign.path])
            try await table.expect(
                rows([1, 2, 3, 5], "c") + rows([4], "d") + rows(7...8, "b")
            )
        }
    }

    @Test func `files that cannot hold a key are not read`() async throws {
        try await withLake { lake in
            let table = try MergeTable(lake, schema, key: [1])
            try await table.merge(rows(1...5, "a"))
            let far = try #require(try await table.files(.rows).first)
            try await table.merge(rows(6...10, "b"))
            let key = try #require(lake.store.locations.key(at: far.path))
            try await lake.store.delete(key)
            #expect(try await table.merge(rows(10...12, "c")).plan.deletedRowCount == 1)
            let error = try await refusal { try await table.merge(rows(5...6, "d")) }
            #expect(error.code == .notFound)
        }
    }
}

@Suite struct MergeCommitTests {
    @Test func `a merge gives up when the table's files changed meanwhile`() async throws {
        try await withLake { lake in
            let table = try MergeTable(lake, schema, key: [1])
            try await table.merge(rows(1...5, "a"))
            let merge = try await table.keyMerge(prefix: "late")
            let plan = try await merge.plan(adding: [try await table.write(rows([2], "b"))])
            #expect(plan.writtenKeys.map(\.name) == ["late-deletes-0.parquet"])
            try await table.merge(rows([3], "c"))

            let error = try await refusal { _ = try await table.commit(plan) }
            #expect(error.code == .conflict)
            let folder = try lake.catalog.folder(of: table.identifier).appending("data")
            #expect(try await lake.names(folder).contains("late-deletes-0.parquet"))
            await merge.discard(plan)
            #expect(try await !lake.names(folder).contains("late-deletes-0.parquet"))

            let again = try await table.plan(plan.added)
            #expect(again.deletedRowCount == 1)
            _ = try await table.commit(again)
            try await table.expect([
                ["1", "a"], ["2", "b"], ["3", "c"], ["4", "a"], ["5", "a"],
            ])
        }
    }

    @Test func `a merge gives up when another one lands in the very moment`() async throws {
        try await withLake { lake in
            let table = try MergeTable(lake, schema, key: [1])
            try await table.merge(rows(1...5, "a"))
            let winner = try await table.plan([try await table.write(rows([4], "w"))])
            let loser = try await table.plan([try await table.write(rows([4], "l"))])
            let faulty = try lake.other(
                seed: 9,
                store: FaultyStore(lake.store, [.before { _ = try await table.commit(winner) }])
            )
            var late = try MergeTable(faulty, schema, key: [1])
            late.bounds = table.bounds
            let error = try await refusal { [late] in _ = try await late.commit(loser) }
            #expect(error.code == .conflict)
            #expect(try await table.files(.rows).count == 2)
        }
    }

    @Test func `a merge lands upon a commit that changed no files`() async throws {
        try await withLake { lake in
            let table = try MergeTable(lake, schema, key: [1])
            try await table.merge(rows(1...5, "a"))
            let plan = try await table.plan([try await table.write(rows([4], "b"))])
            let faulty = try lake.other(
                seed: 9,
                store: FaultyStore(
                    lake.store,
                    [
                        .before {
                            var other = try await lake.catalog.beginTransaction(table.identifier)
                            other.setProperties(["owner": "x"])
                            _ = try await other.commit()
                        }
                    ]
                )
            )
            let late = try MergeTable(faulty, schema, key: [1])
            let result = try await late.commit(plan)
            #expect(result.attemptCount == 2)
            try await table.expect(rows([1, 2, 3, 5], "a") + rows([4], "b"))
        }
    }

    @Test func `a planning that fails leaves nothing behind`() async throws {
        try await withLake { lake in
            var table = try MergeTable(lake, schema, key: [1])
            try await table.merge(rows(1...5, "a"))
            try await table.merge(rows(6...9, "b"))
            table.bounds.groupRowCount = 1
            // Manifests name the newest file first: the older one is read after its delete file
            // was written.
            let oldest = try #require(try await table.files(.rows).last)
            let key = try #require(lake.store.locations.key(at: oldest.path))
            try await lake.store.delete(key)
            let folder = try lake.catalog.folder(of: table.identifier).appending("data")
            let file = try await table.write(rows(4...7, "c"))
            let before = try await lake.names(folder)
            let recorder = WriteRecorder(lake.store)
            var recorded = try MergeTable(lake.other(seed: 7, store: recorder), schema, key: [1])
            recorded.bounds = table.bounds
            _ = try await refusal { [recorded] in
                _ = try await recorded.plan([file], prefix: "lost")
            }
            #expect(recorder.written == ["lost-deletes-0.parquet"])
            #expect(try await lake.names(folder) == before)
        }
    }

    @Test func `a merge of no rows appends nothing and deletes nothing`() async throws {
        try await withLake { lake in
            let table = try MergeTable(lake, schema, key: [1])
            try await table.merge(rows(1...5, "a"))
            let plan = try await table.plan([])
            #expect(plan.deletedRowCount == 0)
            _ = try await table.commit(plan)
            try await table.expect(rows(1...5, "a"))
        }
    }

    @Test func `a planning that is cancelled ends`() async throws {
        try await withLake { lake in
            let table = try MergeTable(lake, schema, key: [1])
            try await table.merge(rows(1...5, "a"))
            let file = try await table.write(rows(1...5, "b"))
            await #expect(throws: CancellationError.self) {
                try await withThrowingTaskGroup(of: Void.self) { group in
                    group.cancelAll()
                    group.addTask { _ = try await table.plan([file]) }
                    try await group.waitForAll()
                }
            }
        }
    }

    @Test func `files that the table has already are not merged again`() async throws {
        try await withLake { lake in
            let table = try MergeTable(lake, schema, key: [1])
            let (plan, _) = try await table.merge(rows(1...5, "a"))
            let error = try await refusal { _ = try await table.plan(plan.added) }
            #expect(error.code == .unsupported)
            #expect(error.message.contains("already"))
        }
    }

    @Test func `damaged files are refused or read, whatever their bytes`() async throws {
        try await withLake { lake in
            let table = try MergeTable(lake, schema, key: [1])
            try await table.merge(rows(1...50, "a"))
            try await table.merge(rows(1...9, "b"))
            let fresh = try await table.write(rows(1...20, "c"))
            var generator = SplitMix64(seed: 5)
            for file in try await lake.catalog.load(table.identifier).files() {
                let key = try #require(lake.store.locations.key(at: file.path))
                let whole = try await lake.store.read(key).bytes
                for _ in 0..<150 {
                    var bytes = whole
                    for _ in 0..<Int.random(in: 1...3, using: &generator) {
                        bytes[Int.random(in: bytes.indices, using: &generator)] =
                            UInt8.random(in: 0...255, using: &generator)
                    }
                    _ = try await lake.store.put(bytes, to: key, condition: .none)
                    do {
                        let plan = try await table.plan([fresh])
                        #expect(plan.deletedRowCount <= 59)
                        await (try table.keyMerge()).discard(plan)
                    } catch let error as IcebergError {
                        #expect(error.code != .storage)
                    }
                }
                _ = try await lake.store.put(whole, to: key, condition: .none)
            }
            #expect(try await table.plan([fresh]).deletedRowCount == 20)
        }
    }

    @Test func `equality deletes are refused with what to do`() async throws {
        try await withLake { lake in
            let table = try MergeTable(lake, schema, key: [1])
            try await table.merge(rows(1...5, "a"))
            var deletes = fakeFile("equality.parquet")
            deletes.content = .equalityDeletes
            let base = try await lake.catalog.load(table.identifier).metadata.currentSnapshotID
            _ = try await table.commit(
                MergePlan(baseSnapshotID: base, added: [], addedDeletes: [deletes])
            )
            let error = try await refusal { try await table.merge(rows([1], "b")) }
            #expect(error.code == .unsupported)
            #expect(error.message.contains("equality deletes"))
        }
    }
}
