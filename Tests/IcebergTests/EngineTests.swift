import Basics
import Columnar
import Iceberg
import ObjectStorage
import TestSupport
import Testing

@Suite struct EngineTests {
    private func orders(_ ids: ClosedRange<Int>) -> [[String?]] {
        ids.map { [String($0), "name-of-order-number-\($0)"] }.sorted {
            ($0[0] ?? "") < ($1[0] ?? "")
        }
    }

    @Test func `every engine reads an append, a second one and a replacement`() async throws {
        try await withLake { lake in
            let table = try TableName.orders
            var transaction = try await lake.catalog.beginTransaction(table)
            transaction.setSchema(ordersSchema, key: ["id"])
            transaction.append([try await lake.writeOrders(1...3, table: table)])
            let first = try await transaction.commit()
            let one = try await EngineReading.of(table, in: lake)
            one.expect(orders(1...3))
            #expect(one.identifier == [1])

            transaction = try await lake.catalog.beginTransaction(table)
            transaction.append([try await lake.writeOrders(4...5, table: table)])
            let second = try await transaction.commit()
            #expect(second.totals.rowCount == 5)
            try await EngineReading.of(table, in: lake).expect(orders(1...5))

            transaction = try await lake.catalog.beginTransaction(table)
            transaction.replace([try await lake.writeOrders(7...9, table: table)])
            transaction.addSummary(["tributary.run": "r1"])
            let third = try await transaction.commit()
            let three = try await EngineReading.of(table, in: lake)
            three.expect(orders(7...9))
            #expect(three.snapshots.map { $0[1] } == ["append", "append", "overwrite"])
            #expect(three.entries == [[1, 3], [2, 1], [2, 2]])
            #expect(three.summary?["deleted-records"] == "5")
            #expect(three.summary?["total-records"] == "3")
            #expect(three.summary?["tributary.run"] == "r1")
            #expect(third.totals.fileCount == 1)

            let past = try #require(first.snapshotID)
            try await EngineReading.of(table, in: lake, snapshot: past).expect(orders(1...3))
        }
    }

    @Test func `every engine reads an emptied table`() async throws {
        try await withLake { lake in
            let table = try TableName.orders
            var transaction = try await lake.catalog.beginTransaction(table)
            transaction.setSchema(ordersSchema)
            transaction.append([try await lake.writeOrders(1...3, table: table)])
            _ = try await transaction.commit()
            transaction = try await lake.catalog.beginTransaction(table)
            transaction.replace([])
            let result = try await transaction.commit()
            #expect(result.totals == TableTotals())
            try await EngineReading.of(table, in: lake).expect([])
            let loaded = try await lake.catalog.load(table)
            #expect(try await loaded.files().isEmpty)
        }
    }

    @Test func `every engine reads a table that began with no rows`() async throws {
        try await withLake { lake in
            let table = try TableName.orders
            var transaction = try await lake.catalog.beginTransaction(table)
            transaction.setSchema(ordersSchema)
            transaction.replace([])
            _ = try await transaction.commit()
            try await EngineReading.of(table, in: lake).expect([])
        }
    }

    @Test func `every engine reads a schema that follows its source`() async throws {
        try await withLake { lake in
            let table = try TableName(namespace: "shop", name: "Ünï code.v2")
            let before = Schema([
                Field(name: "id", type: .int, isRequired: true),
                Field(name: "price", type: .decimal(precision: 9, scale: 2)),
                Field(name: "old", type: .string, isRequired: true),
            ])
            let start = try SchemaEvolution.first(before)
            var transaction = try await lake.catalog.beginTransaction(table)
            transaction.setSchema(start.table)
            transaction.append([
                try await lake.writeFile(
                    table,
                    [
                        TestColumn(id: 1, name: "id", type: "int32", values: ["1"]),
                        TestColumn(id: 2, name: "price", type: "decimal(9,2)", values: ["1.25"]),
                        TestColumn(id: 3, name: "old", type: "string", values: ["o"]),
                    ]
                )
            ])
            _ = try await transaction.commit()

            let after = Schema([
                Field(name: "new", type: .double, isRequired: true),
                Field(name: "id", type: .long),
                Field(name: "price", type: .decimal(precision: 20, scale: 2)),
            ])
            transaction = try await lake.catalog.beginTransaction(table)
            let base = try #require(transaction.base).metadata
            let evolved = try SchemaEvolution.evolve(
                current: try #require(base.currentSchema).schema,
                lastColumnID: base.lastColumnID,
                incoming: after
            )
            transaction.setSchema(evolved.table, lastColumnID: evolved.lastColumnID)
            let file = try await lake.writeFile(
                table,
                [
                    TestColumn(id: 4, name: "new", type: "double", values: ["0.5"]),
                    TestColumn(id: 1, name: "id", type: "int64", values: ["5000000000"]),
                    TestColumn(
                        id: 2,
                        name: "price",
                        type: "decimal(20,2)",
                        values: ["12345678901.25"]
                    ),
                ]
            )
            // Old and new files stand side by side here, so both are read in the new schema.
            transaction.append([file])
            let result = try await transaction.commit()
            #expect(result.schemaID == 1)
            try await EngineReading.of(table, in: lake).expect([
                ["1", "1.25", "o", nil],
                ["5000000000", "12345678901.25", nil, "0.5"],
            ])
        }
    }

    @Test func `bounds let readers leave files out and never rows`() async throws {
        try await withLake { lake in
            let table = try TableName.orders
            var transaction = try await lake.catalog.beginTransaction(table)
            transaction.setSchema(ordersSchema)
            transaction.append([
                try await lake.writeOrders(1...9, table: table),
                try await lake.writeOrders(10...19, table: table),
            ])
            _ = try await transaction.commit()
            let folder = try lake.catalog.location(of: table)
            for (filter, files, rows) in [
                ("id = 5", 1, 1), ("id > 100", 0, 0), ("id >= 9 and id < 11", 2, 2),
                ("name = 'name-of-order-number-19'", 2, 1), ("name > 'o'", 0, 0),
            ] {
                let output = try await python("iceberg_prune.py", folder, filter)
                #expect(
                    String(decoding: output, as: UTF8.self)
                        == "{\"files\": \(files), \"rows\": \(rows)}\n",
                    "\(filter)"
                )
            }
        }
    }

    @Test func `a lake with a space and letters in its path is read by every engine`() async throws
    {
        try await withScratchDirectory { root in
            let path = root + "/my läke 50%20"
            let lake = try TestLake(root: path, store: try LocalStore(root: path, access: .writing))
            let table = try TableName.orders
            var transaction = try await lake.catalog.beginTransaction(table)
            transaction.setSchema(ordersSchema)
            transaction.append([try await lake.writeOrders(1...3, table: table)])
            _ = try await transaction.commit()
            try await EngineReading.of(table, in: lake).expect(orders(1...3))
        }
    }

    @Test func `tables of pyiceberg are read and not written`() async throws {
        try await withLake { lake in
            _ = try await python("iceberg_foreign.py", lake.root + "/warehouse")
            let plain = try TableName(namespace: "py", name: "plain")
            #expect(try await lake.catalog.tables().contains(plain))
            let table = try await lake.catalog.load(plain)
            #expect(table.metadata.currentSchema?.schema.fields.map(\.name) == ["id", "name"])
            let files = try await table.files()
            #expect(files.reduce(0) { $0 + $1.rowCount } == 4)
            #expect(files.allSatisfy { $0.lowerBounds[1]?.count == 8 && $0.valueCounts[1] == 2 })
            #expect(table.history.first?.rowCount == 4)
            let error = await #expect(throws: IcebergError.self) {
                try await lake.catalog.beginTransaction(plain)
            }
            #expect(error?.code == .unsupported)

            let partitioned = try TableName(namespace: "py", name: "partitioned")
            let other = try await lake.catalog.load(partitioned)
            #expect(try await other.files().reduce(0) { $0 + $1.rowCount } == 3)
            let second = await #expect(throws: IcebergError.self) {
                try await lake.catalog.beginTransaction(partitioned)
            }
            #expect(second?.code == .unsupported)
            #expect(second?.message.contains("partitioned") == true)
        }
    }
}
