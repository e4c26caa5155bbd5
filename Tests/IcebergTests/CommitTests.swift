import Basics
import Columnar
import Iceberg
import ObjectStorage
import TestSupport
import Testing

@Suite struct CommitTests {
    /// Makes the table and gives the lake with it.
    private func makeTable(_ lake: TestLake, files: [DataFile] = []) async throws {
        var transaction = try await lake.catalog.beginTransaction(.orders)
        transaction.setSchema(ordersSchema, key: ["id"])
        if !files.isEmpty { transaction.append(files) }
        _ = try await transaction.commit()
    }

    private func metadataNames(_ lake: TestLake) async throws -> [String] {
        try await lake.names(try lake.catalog.folder(of: .orders).appending("metadata"))
    }

    @Test func `a table is made, listed and loaded`() async throws {
        try await withLake { lake in
            #expect(try await lake.catalog.tables().isEmpty)
            #expect(try await lake.catalog.loadIfPresent(.orders)?.version == nil)
            let missing = await #expect(throws: IcebergError.self) {
                try await lake.catalog.load(.orders)
            }
            #expect(missing?.code == .notFound)
            try await makeTable(lake)
            #expect(try await lake.catalog.tables() == [.orders])
            let table = try await lake.catalog.load(.orders)
            #expect(table.version == 1)
            #expect(table.metadata.currentSchema?.schema == ordersSchema)
            #expect(table.metadata.currentSchema?.identifierFieldIDs == [1])
            #expect(table.metadata.location == "file://" + lake.root + "/warehouse/shop/orders")
            #expect(
                table.metadata.properties["schema.name-mapping.default"]
                    == #"[{"field-id":1,"names":["id"]},{"field-id":2,"names":["name"]}]"#
            )
            #expect(table.history.isEmpty)
            #expect(try await table.files().isEmpty)
            #expect(try await metadataNames(lake) == ["v1.metadata.json", "version-hint.text"])
        }
    }

    @Test func `a commit without a table or schema is refused`() async throws {
        try await withLake { lake in
            var transaction = try await lake.catalog.beginTransaction(.orders)
            transaction.append([fakeFile("1")])
            let error = await #expect(throws: IcebergError.self) { try await transaction.commit() }
            #expect(error?.code == .notFound)
            #expect(try await lake.store.listAll(nil).isEmpty)
        }
    }

    @Test func `a rolled back table is what it was, and can be taken forward again`() async throws {
        try await withLake { lake in
            try await makeTable(lake, files: [fakeFile("1", rows: 10)])
            let first = try #require(
                try await lake.catalog.load(.orders).metadata.currentSnapshotID
            )
            var replacement = try await lake.catalog.beginTransaction(.orders)
            replacement.replace([fakeFile("2", rows: 5)])
            let second = try #require(try await replacement.commit().snapshotID)

            var back = try await lake.catalog.beginTransaction(.orders)
            #expect(throws: IcebergError.self) { try back.rollBack(to: 12_345) }
            try back.rollBack(to: first)
            let result = try await back.commit()
            #expect(result.snapshotID == nil && result.totals.rowCount == 10)
            let table = try await lake.catalog.load(.orders)
            #expect(table.metadata.currentSnapshotID == first)
            #expect(try await table.files().map(\.rowCount) == [10])
            #expect(table.history.map(\.snapshotID) == [first])
            #expect(table.metadata.snapshotLog.map(\.snapshotID) == [first, second, first])

            // An append goes on from there; its parent is the snapshot that is current.
            var append = try await lake.catalog.beginTransaction(.orders)
            append.append([fakeFile("3", rows: 1)])
            _ = try await append.commit()
            #expect(
                try await lake.catalog.load(.orders).files().map(\.rowCount).sorted() == [1, 10]
            )
            var forward = try await lake.catalog.beginTransaction(.orders)
            try forward.rollBack(to: second)
            _ = try await forward.commit()
            #expect(try await lake.catalog.load(.orders).files().map(\.rowCount) == [5])
        }
    }

    @Test func `a rollback does not undo what it did not see`() async throws {
        try await withLake { lake in
            try await makeTable(lake, files: [fakeFile("1", rows: 10)])
            let first = try #require(
                try await lake.catalog.load(.orders).metadata.currentSnapshotID
            )
            var back = try await lake.catalog.beginTransaction(.orders)
            try back.rollBack(to: first)
            var other = try await lake.catalog.beginTransaction(.orders)
            other.append([fakeFile("2", rows: 5)])
            _ = try await other.commit()
            let error = await #expect(throws: IcebergError.self) { try await back.commit() }
            #expect(error?.code == .conflict)
            #expect(try await lake.catalog.load(.orders).files().count == 2)
        }
    }

    @Test func `appends add up and a replacement starts again`() async throws {
        try await withLake { lake in
            try await makeTable(lake, files: [fakeFile("1", rows: 10)])
            var transaction = try await lake.catalog.beginTransaction(.orders)
            transaction.append([fakeFile("2", rows: 5), fakeFile("3", rows: 1)])
            let second = try await transaction.commit()
            #expect(second.totals.rowCount == 16)
            #expect(second.totals.byteCount == 1_600)
            #expect(second.totals.fileCount == 3)
            var table = try await lake.catalog.load(.orders)
            #expect(Set(try await table.files().map(\.path)) == ["/lake/1", "/lake/2", "/lake/3"])

            transaction = try await lake.catalog.beginTransaction(.orders)
            transaction.replace([fakeFile("4", rows: 7)])
            let third = try await transaction.commit()
            #expect(third.totals.rowCount == 7)
            table = try await lake.catalog.load(.orders)
            #expect(try await table.files().map(\.path) == ["/lake/4"])
            #expect(table.history.map(\.operation) == ["overwrite", "append", "append"])
            #expect(table.history.map(\.rowCount) == [7, 16, 10])
            #expect(table.history.map(\.deletedRowCount) == [16, 0, 0])
            #expect(table.history.first?.snapshotID == third.snapshotID)
            #expect(table.metadata.snapshotLog.count == 3)
            #expect(table.metadata.metadataLog.count == 2)
            let older = try await table.files(snapshotID: second.snapshotID)
            #expect(older.count == 3)
            let summary = try #require(table.history.first?.summary)
            #expect(summary["removed-files-size"] == "1600")
            #expect(summary["deleted-data-files"] == "3")
            #expect(summary["total-delete-files"] == "0")
        }
    }

    @Test func `writers at the same time all land`() async throws {
        try await withLake { lake in
            try await makeTable(lake)
            let attempts = try await withThrowingTaskGroup(of: Int.self) { group in
                for writer in 0..<4 {
                    group.addTask {
                        let own = try lake.other(seed: UInt64(100 + writer))
                        var attempts = 0
                        for number in 0..<5 {
                            var transaction = try await own.catalog.beginTransaction(.orders)
                            transaction.append([fakeFile("\(writer)-\(number)", rows: 1)])
                            attempts += try await transaction.commit().attemptCount
                        }
                        return attempts
                    }
                }
                return try await group.reduce(0, +)
            }
            #expect(attempts >= 20)
            let table = try await lake.catalog.load(.orders)
            #expect(table.version == 21)
            #expect(Set(try await table.files().map(\.path)).count == 20)
            #expect(table.history.first?.rowCount == 20)
            #expect(table.metadata.lastSequenceNumber == 20)
            // Each snapshot has one list and one manifest of its own: lost tries left nothing.
            let names = try await metadataNames(lake)
            #expect(names.count { $0.hasPrefix("snap-") } == 20)
            #expect(names.count { $0.hasSuffix("-m0.avro") } == 20)
            let hint = try lake.catalog.folder(of: .orders).appending("metadata/version-hint.text")
            #expect(try await lake.store.read(hint).bytes == Array("21".utf8))
        }
    }

    @Test func `a replacement that lost is put upon the winner's state`() async throws {
        try await withLake { lake in
            try await makeTable(lake, files: [fakeFile("old")])
            let rival = try lake.other(seed: 7)
            let store = FaultyStore(
                lake.store,
                [
                    .before {
                        var transaction = try await rival.catalog.beginTransaction(.orders)
                        transaction.append([fakeFile("rival")])
                        _ = try await transaction.commit()
                    }
                ]
            )
            let own = try lake.other(seed: 8, store: store)
            var transaction = try await own.catalog.beginTransaction(.orders)
            transaction.replace([fakeFile("new")])
            let result = try await transaction.commit()
            #expect(result.attemptCount == 2)
            let table = try await lake.catalog.load(.orders)
            #expect(try await table.files().map(\.path) == ["/lake/new"])
            #expect(table.history.map(\.deletedRowCount) == [20, 0, 0])
            // The replaced manifest of the lost try is gone, the one of the new files stayed.
            #expect(try await metadataNames(lake).count { $0.contains("-m") } == 4)
        }
    }

    @Test(arguments: [FaultyStore.Fault.loseAnswer, .retryBelow])
    func `a commit whose answer got lost is known as landed`(fault: FaultyStore.Fault) async throws
    {
        try await withLake { lake in
            try await makeTable(lake)
            let own = try lake.other(seed: 8, store: FaultyStore(lake.store, [fault, fault]))
            var transaction = try await own.catalog.beginTransaction(.orders)
            transaction.append([fakeFile("1")])
            let result = try await transaction.commit()
            #expect(result.attemptCount == 1)
            let properties: [String: String?] = ["a": "b"]
            transaction = try await own.catalog.beginTransaction(.orders)
            transaction.setProperties(properties)
            #expect(try await transaction.commit().version == 3)
            let table = try await lake.catalog.load(.orders)
            #expect(table.version == 3)
            #expect(table.metadata.snapshots.map(\.id) == [result.snapshotID])
            #expect(try await table.files().count == 1)
        }
    }

    @Test func `a commit that failed leaves the table and no files`() async throws {
        try await withLake { lake in
            try await makeTable(lake, files: [fakeFile("1")])
            let before = try await lake.store.listAll(nil)
            let own = try lake.other(seed: 8, store: FaultyStore(lake.store, [.fail]))
            var transaction = try await own.catalog.beginTransaction(.orders)
            transaction.replace([fakeFile("2")])
            let error = await #expect(throws: IcebergError.self) { try await transaction.commit() }
            #expect(error?.code == .storage)
            #expect(try await lake.store.listAll(nil) == before)
        }
    }

    @Test func `a schema that changed underneath is a conflict`() async throws {
        try await withLake { lake in
            try await makeTable(lake, files: [fakeFile("1")])
            var late = try await lake.catalog.beginTransaction(.orders)
            late.replace([fakeFile("2")])
            var harmless = try await lake.catalog.beginTransaction(.orders)
            harmless.setProperties(["owner": "me"])

            var transaction = try await lake.catalog.beginTransaction(.orders)
            var wider = ordersSchema
            wider.fields.append(Field(id: 3, name: "more", type: .double))
            transaction.setSchema(wider)
            _ = try await transaction.commit()

            let error = await #expect(throws: IcebergError.self) { try await late.commit() }
            #expect(error?.code == .conflict)
            #expect(try await harmless.commit().version == 3)
            let table = try await lake.catalog.load(.orders)
            #expect(table.metadata.currentSchema?.schema == wider)
            #expect(table.metadata.properties["owner"] == "me")
            #expect(try await table.files().map(\.path) == ["/lake/1"])
        }
    }

    @Test func `two that make one table do not both`() async throws {
        try await withLake { lake in
            var late = try await lake.catalog.beginTransaction(.orders)
            late.setSchema(ordersSchema)
            try await makeTable(lake)
            let error = await #expect(throws: IcebergError.self) { try await late.commit() }
            #expect(error?.code == .conflict)
        }
    }

    @Test func `an earlier schema is used again under its number`() async throws {
        try await withLake { lake in
            try await makeTable(lake)
            var wider = ordersSchema
            wider.fields.append(Field(id: 3, name: "more", type: .double))
            for (schema, expected) in [(wider, 1), (ordersSchema, 0), (wider, 1)] {
                var transaction = try await lake.catalog.beginTransaction(.orders)
                transaction.setSchema(schema, key: ["id"])
                #expect(try await transaction.commit().schemaID == expected)
            }
            let metadata = try await lake.catalog.load(.orders).metadata
            #expect(metadata.schemas.count == 2)
            #expect(metadata.lastColumnID == 3)
            #expect(metadata.properties["schema.name-mapping.default"]?.contains("more") == true)
        }
    }

    @Test(arguments: ["", "999", "nonsense", "2", "../../x", "-1", "00007-abc"])
    func `a hint that is missing or wrong does not hide the table`(hint: String) async throws {
        try await withLake { lake in
            try await makeTable(lake)
            for number in 0..<3 {
                var transaction = try await lake.catalog.beginTransaction(.orders)
                transaction.append([fakeFile(String(number))])
                _ = try await transaction.commit()
            }
            let key = try lake.catalog.folder(of: .orders).appending("metadata/version-hint.text")
            if hint.isEmpty {
                try await lake.store.delete(key)
            } else {
                _ = try await lake.store.put(Array(hint.utf8), to: key, condition: .none)
            }
            #expect(try await lake.catalog.load(.orders).version == 4)
            var transaction = try await lake.catalog.beginTransaction(.orders)
            transaction.append([fakeFile("last")])
            #expect(try await transaction.commit().version == 5)
            #expect(try await lake.store.read(key).bytes == Array("5".utf8))
        }
    }

    @Test func `old metadata leaves the log`() async throws {
        try await withLake { lake in
            try await makeTable(lake)
            var transaction = try await lake.catalog.beginTransaction(.orders)
            transaction.setProperties([
                "write.metadata.previous-versions-max": "3",
                "write.metadata.delete-after-commit.enabled": "false",
            ])
            _ = try await transaction.commit()
            for number in 0..<4 {
                transaction = try await lake.catalog.beginTransaction(.orders)
                transaction.setProperties(["n": String(number), "write.unused": nil])
                _ = try await transaction.commit()
            }
            let metadata = try await lake.catalog.load(.orders).metadata
            let logged = metadata.metadataLog.compactMap { $0.location.split(separator: "/").last }
            #expect(logged == ["v3.metadata.json", "v4.metadata.json", "v5.metadata.json"])
            #expect(metadata.properties["n"] == "3")
            // Nobody was told to remove them.
            #expect(try await metadataNames(lake).count == 7)
        }
    }

    @Test func `a rewrite of all files is no conflict for an append`() async throws {
        try await withLake { lake in
            try await makeTable(lake, files: [fakeFile("1"), fakeFile("2")])
            let rival = try lake.other(seed: 7)
            let store = FaultyStore(
                lake.store,
                [
                    .before {
                        var rewrite = try await rival.catalog.beginTransaction(.orders)
                        rewrite.replace([fakeFile("packed", rows: 20)])
                        _ = try await rewrite.commit()
                    }
                ]
            )
            var transaction = try await lake.other(seed: 8, store: store).catalog
                .beginTransaction(.orders)
            transaction.append([fakeFile("new")])
            #expect(try await transaction.commit().attemptCount == 2)
            #expect(
                try await Set(lake.catalog.load(.orders).files().map(\.path))
                    == ["/lake/packed", "/lake/new"]
            )
        }
    }

    @Test func `a commit beside a busy writer is tried for minutes and not for ever`() async throws
    {
        try await withLake { lake in
            try await makeTable(lake)
            let rival = try lake.other(seed: 7)
            func always(_ count: Int) -> [FaultyStore.Fault] {
                (0..<count).map { number in
                    .before {
                        var other = try await rival.catalog.beginTransaction(.orders)
                        other.setProperties(["n": String(number)])
                        _ = try await other.commit()
                    }
                }
            }
            let patient = try lake.other(seed: 8, store: FaultyStore(lake.store, always(40)))
            var transaction = try await patient.catalog.beginTransaction(.orders)
            transaction.append([fakeFile("1")])
            #expect(try await transaction.commit().attemptCount == 41)

            let before = try await lake.catalog.load(.orders).version
            let hopeless = try lake.other(seed: 9, store: FaultyStore(lake.store, always(10_000)))
            transaction = try await hopeless.catalog.beginTransaction(.orders)
            transaction.append([fakeFile("2")])
            let error = await #expect(throws: IcebergError.self) { try await transaction.commit() }
            #expect(error?.code == .conflict && error?.failureClass == .contention)
            // Waits double up to two seconds, and together they are five minutes.
            let lost = try #require(try await lake.catalog.load(.orders).version) - (before ?? 0)
            #expect((150...320).contains(lost), "\(lost) tries")
            #expect(error?.message.contains("\(lost) times") == true, "\(error?.message ?? "")")
            #expect(try await lake.catalog.load(.orders).files().map(\.path) == ["/lake/1"])
        }
    }

    @Test func `a broken document is told with its place`() async throws {
        try await withLake { lake in
            try await makeTable(lake)
            let key = try lake.catalog.folder(of: .orders).appending("metadata/v1.metadata.json")
            _ = try await lake.store.put(
                Array("{\"format-version\":2}".utf8),
                to: key,
                condition: .none
            )
            let error = await #expect(throws: IcebergError.self) {
                try await lake.catalog.load(.orders)
            }
            #expect(error?.code == .corrupt)
            #expect(error?.message.contains("v1.metadata.json") == true)
        }
    }
}
