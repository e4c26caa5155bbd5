import Basics
import Columnar
import FoundationEssentials
import Iceberg
import Ingest
import ObjectStorage
import Streams
import Synchronization
import TestSupport
import Testing

@Suite struct SyncRunTests {
    /// A lake in a scratch folder with a clock and chance of its own.
    private struct Lake {
        let store: LocalStore
        let catalog: FilesystemCatalog
        let clocks: Clocks
        let table: TableName
        /// The waits that were asked for, which pass at once.
        let waits = Waits()

        final class Waits: Sendable {
            let all = Mutex<[Duration]>([])
        }

        init(_ folder: String) throws {
            store = try LocalStore(root: folder, access: .writing)
            let clock = Mutex<Int64>(1_700_000_000_000)
            let waits = waits
            let chance = Mutex(SplitMix64(seed: 1))
            clocks = Clocks(
                now: {
                    clock.withLock {
                        $0 += 1; return Instant(milliseconds: $0)
                    }
                },
                uptime: { clock.withLock { Uptime(boot: "one", sinceBoot: .milliseconds($0)) } },
                sleep: { wait in
                    clock.withLock { $0 += Int64(wait / .milliseconds(1)) }
                    waits.all.withLock { $0.append(wait) }
                },
                chance: { chance.withLock { $0.next() } }
            )
            catalog = FilesystemCatalog(
                store: store,
                warehouse: try ObjectKey("warehouse"),
                clocks: clocks
            )
            table = try TableName(namespace: "main", name: "numbers")
        }

        func sync(
            _ source: FakeSource,
            limits: RunLimits = RunLimits(),
            allowsTypeChange: Bool = false
        ) async throws -> StreamResult {
            var options = RunOptions()
            options.limits = limits
            options.allowsTypeChange = allowsTypeChange
            let run = SyncRun(
                source: source,
                store: store,
                catalog: catalog,
                clocks: clocks,
                options: options,
                writer: "test"
            )
            let request = ReadRequest(stream: StreamName(namespace: nil, name: "numbers"))
            let result = try await run.perform(
                [StreamSelection(request: request, table: table)],
                progress: RunProgress()
            )
            return try #require(result.streams.first)
        }

        /// The ids in the table's files, in order.
        func ids() async throws -> [Int64] {
            var ids: [Int64] = []
            for file in try await catalog.load(table).files() {
                let key = try #require(store.locations.key(at: file.path))
                let bytes = try await store.read(key).bytes
                let batches = try ParquetFile(bytes: bytes).batches(columns: ["id"])
                while let batch = try batches.next() {
                    for row in 0..<batch.rowCount {
                        ids.append(Int64(batch.columns[0].text(at: row) ?? "") ?? -1)
                    }
                }
            }
            return ids
        }

        func dataFileCount() async throws -> Int {
            try await store.listAll(catalog.folder(of: table)).filter {
                $0.key.rawValue.hasSuffix(".parquet")
            }.count
        }
    }

    @Test func `a run publishes every row once, in one snapshot`() async throws {
        try await withScratchDirectory { folder in
            let lake = try Lake(folder)
            let result = try await lake.sync(FakeSource())
            #expect(result.failure == nil)
            #expect(result.rowCount == 1_000 && result.fileCount == 1)
            #expect(result.proof?.isEqual == true)
            #expect(try await lake.ids() == (0..<1_000).map { Int64($0) })
            #expect(try await lake.catalog.load(lake.table).history.count == 1)
        }
    }

    @Test func `a second run replaces the first`() async throws {
        try await withScratchDirectory { folder in
            let lake = try Lake(folder)
            let source = FakeSource()
            _ = try await lake.sync(source)
            source.rewrite { $0.rowCount = 10 }
            let result = try await lake.sync(source)
            #expect(result.failure == nil)
            #expect(try await lake.ids() == (0..<10).map { Int64($0) })
            #expect(try await lake.catalog.load(lake.table).history.count == 2)
        }
    }

    @Test func `a source without rows gives an empty table`() async throws {
        try await withScratchDirectory { folder in
            let lake = try Lake(folder)
            let source = FakeSource()
            _ = try await lake.sync(source)
            source.rewrite { $0.rowCount = 0 }
            let result = try await lake.sync(source)
            #expect(result.failure == nil && result.snapshotID != nil)
            #expect(try await lake.ids().isEmpty)
        }
    }

    @Test(arguments: [RowCountAnswer.exactly(999), .exactly(1_001)])
    func `another count at the source publishes nothing`(answer: RowCountAnswer) async throws {
        try await withScratchDirectory { folder in
            let lake = try Lake(folder)
            let source = FakeSource()
            source.rewrite { $0.rowCount = 5 }
            _ = try await lake.sync(source)
            source.rewrite {
                $0.rowCount = 1_000
                $0.answer = answer
            }
            let result = try await lake.sync(source)
            #expect((result.failure as? IngestError)?.code == .unproven)
            #expect(result.snapshotID == nil && result.proof?.isEqual == false)
            #expect(try await lake.ids().count == 5)
            #expect(try await lake.dataFileCount() == 1)
        }
    }

    @Test func `a count that cannot be had is said and does not stop the run`() async throws {
        try await withScratchDirectory { folder in
            let lake = try Lake(folder)
            let source = FakeSource()
            source.rewrite { $0.answer = .notComparable("a view") }
            let result = try await lake.sync(source)
            #expect(result.failure == nil)
            #expect(result.proof?.source == .notComparable("a view"))
        }
    }

    @Test(arguments: [0, 300, 900])
    func `a read that fails leaves the table and no files`(after: Int) async throws {
        try await withScratchDirectory { folder in
            let lake = try Lake(folder)
            let source = FakeSource()
            source.rewrite { $0.rowCount = 5 }
            _ = try await lake.sync(source)
            source.rewrite {
                $0.rowCount = 1_000
                $0.failsAfter = after
            }
            let result = try await lake.sync(source)
            #expect((result.failure as? SourceError)?.code == .interrupted)
            #expect(try await lake.ids().count == 5)
            #expect(try await lake.dataFileCount() == 1)
        }
    }

    @Test func `a cancelled run is reported as cancelled and leaves the table`() async throws {
        try await withScratchDirectory { folder in
            let lake = try Lake(folder)
            let source = FakeSource()
            _ = try await lake.sync(source)
            let result = try await withThrowingTaskGroup(of: StreamResult.self) { group in
                let (signal, cancel) = AsyncStream.makeStream(of: Void.self)
                source.rewrite {
                    $0.cancelsAfter = 600
                    $0.onCancel = { cancel.yield() }
                    // So many that the read goes on until the cancelling arrives.
                    $0.rowCount = 1 << 24
                }
                group.addTask { try await lake.sync(source) }
                for await _ in signal { break }
                group.cancelAll()
                return try #require(try await group.next())
            }
            #expect(result.failure is CancellationError)
            #expect(try await lake.ids().count == 1_000)
            #expect(try await lake.dataFileCount() == 1)
        }
    }

    @Test func `a type that changed stops the run unless it is allowed`() async throws {
        try await withScratchDirectory { folder in
            let lake = try Lake(folder)
            let source = FakeSource()
            _ = try await lake.sync(source)
            source.rewrite { $0.columns[0].type = .string }
            let refused = try await lake.sync(source)
            #expect((refused.failure as? IcebergError)?.code == .schemaDrift)
            #expect(try await lake.ids().count == 1_000)
            let allowed = try await lake.sync(source, allowsTypeChange: true)
            #expect(allowed.failure == nil && allowed.schemaChanges.count == 1)
            let field = try #require(
                try await lake.catalog.load(lake.table).metadata.currentSchema?.schema.fields.first
            )
            #expect(field.id == 2 && field.type == .string)
        }
    }

    @Test func `a narrower type is written under the table's wider one`() async throws {
        try await withScratchDirectory { folder in
            let lake = try Lake(folder)
            let source = FakeSource()
            _ = try await lake.sync(source)
            source.rewrite { $0.columns[0].type = .int }
            let result = try await lake.sync(source)
            #expect(result.failure == nil && result.schemaChanges.isEmpty)
            let metadata = try await lake.catalog.load(lake.table).metadata
            #expect(metadata.currentSchema?.schema.fields.map(\.type) == [.long])
            #expect(try await lake.ids().count == 1_000)
        }
    }

    @Test func `a column that is gone is told once and stays in the table`() async throws {
        try await withScratchDirectory { folder in
            let lake = try Lake(folder)
            let source = FakeSource()
            source.rewrite {
                $0.columns.append(
                    PlannedColumn(
                        name: "note",
                        sourceType: "text",
                        type: .string,
                        isRequired: false,
                        policy: .null
                    )
                )
            }
            _ = try await lake.sync(source)
            source.rewrite { $0.columns.removeLast() }
            let first = try await lake.sync(source)
            let second = try await lake.sync(source)
            #expect(first.schemaChanges == ["note: gone from the source"])
            #expect(second.failure == nil && second.schemaChanges.isEmpty)
            let metadata = try await lake.catalog.load(lake.table).metadata
            #expect(metadata.currentSchema?.schema.fields.map(\.name) == ["id", "note"])
        }
    }

    @Test func `conversions stand in the snapshot`() async throws {
        try await withScratchDirectory { folder in
            let lake = try Lake(folder)
            let source = FakeSource()
            source.rewrite {
                $0.conversions = [
                    Conversion(column: "id", reason: .infinite, outcome: .null, count: 3)
                ]
            }
            _ = try await lake.sync(source)
            let summary = try await lake.catalog.load(lake.table).history[0].summary
            #expect(summary["tributary.converted.id.infinite.null"] == "3")
        }
    }

    @Test func `two streams cannot land in one table`() async throws {
        try await withScratchDirectory { folder in
            let lake = try Lake(folder)
            let run = SyncRun(
                source: FakeSource(),
                store: lake.store,
                catalog: lake.catalog,
                clocks: lake.clocks,
                writer: "test"
            )
            let selections = ["a", "b"].map {
                StreamSelection(
                    request: ReadRequest(stream: StreamName(namespace: nil, name: $0)),
                    table: lake.table
                )
            }
            let result = try await run.perform(selections, progress: RunProgress())
            #expect(
                result.streams.map { ($0.failure as? IngestError)?.code } == [
                    .sameTable, .sameTable,
                ]
            )
            #expect(try await lake.catalog.loadIfPresent(lake.table) == nil)
        }
    }

    // MARK: Lanes and limits

    @Test(arguments: [2, 5]) func `lanes bring every row once, each in files of its own`(
        laneCount: Int
    ) async throws {
        try await withScratchDirectory { folder in
            let lake = try Lake(folder)
            let source = FakeSource()
            source.rewrite {
                $0.laneCount = laneCount
                $0.rowCount = 50_000
                $0.batchByteCount = 100
                $0.conversions = [
                    Conversion(column: "id", reason: .infinite, outcome: .null, count: 3)
                ]
            }
            let result = try await lake.sync(source)
            #expect(result.failure == nil)
            #expect(result.laneCount == laneCount && result.rowCount == 50_000)
            #expect(result.fileCount <= laneCount)
            // Every lane's last batch may be empty, but counts as bytes all the same.
            #expect(result.bytesRead >= 100 * 167)
            #expect(result.conversions.map(\.count) == [3])
            #expect(try await lake.ids().sorted() == (0..<50_000).map { Int64($0) })
        }
    }

    @Test func `a lane that fails ends the others and leaves no files`() async throws {
        try await withScratchDirectory { folder in
            let lake = try Lake(folder)
            let source = FakeSource()
            source.rewrite {
                $0.laneCount = 4
                // Without an end, the others have to be stopped.
                $0.rowCount = 1 << 24
                $0.failsAfter = 30_000
            }
            let result = try await lake.sync(source)
            #expect((result.failure as? SourceError)?.code == .interrupted)
            #expect(try await lake.dataFileCount() == 0)
        }
    }

    @Test func `a rate is kept over all lanes together`() async throws {
        try await withScratchDirectory { folder in
            let lake = try Lake(folder)
            let source = FakeSource()
            source.rewrite {
                $0.laneCount = 3
                $0.batchByteCount = 1_000
            }
            // 1,000 rows are four batches of two seconds.
            let result = try await lake.sync(source, limits: RunLimits(bytesPerSecond: 500))
            #expect(result.failure == nil)
            #expect(result.snapshotAge >= .seconds(6) && result.snapshotAge < .seconds(20))
            #expect(lake.waits.all.withLock { $0.allSatisfy { $0 > .zero } })
        }
    }

    @Test func `without a rate nothing waits`() async throws {
        try await withScratchDirectory { folder in
            let lake = try Lake(folder)
            let source = FakeSource()
            source.rewrite { $0.batchByteCount = 1 << 30 }
            #expect(try await lake.sync(source).failure == nil)
            #expect(lake.waits.all.withLock { $0.isEmpty })
        }
    }

    @Test func `a snapshot that grows too old ends the read`() async throws {
        try await withScratchDirectory { folder in
            let lake = try Lake(folder)
            let source = FakeSource()
            source.rewrite { $0.batchByteCount = 1_000 }
            let result = try await lake.sync(
                source,
                limits: RunLimits(bytesPerSecond: 100, snapshotAge: .seconds(15))
            )
            let failure = try #require(result.failure as? SourceError)
            #expect(failure.code == .interrupted && failure.message.contains("15s"))
            #expect(try await lake.catalog.tables().isEmpty)
            // What its checkpoints name is there for the next run, which has a snapshot of its own.
            let resumed = try await lake.sync(source)
            #expect(resumed.failure == nil && resumed.attemptCount == 2)
            #expect(resumed.resumedRowCount > 0 && resumed.resumedRowCount < 1_000)
            #expect(try await lake.ids().sorted() == (0..<1_000).map { Int64($0) })
        }
    }
}
