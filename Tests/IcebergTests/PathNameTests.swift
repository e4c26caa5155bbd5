import Basics
import Iceberg
import TestSupport
import Testing

@Suite struct PathNameTests {
    @Test(arguments: [
        ("orders", "orders"), ("Order-Lines_2", "Order-Lines_2"), ("a.b", "a_x2E_b"),
        ("a_x", "a_x5F_x"), ("_", "_"), ("..", "_x2E__x2E_"), ("ü", "_xC3__xBC_"),
        ("a/b", "a_x2F_b"), ("x y", "x_x20_y"), ("__x41_", "__x5F_x41_"), ("\0", "_x00_"),
    ])
    func `a name is a folder of plain letters`(name: String, folder: String) {
        #expect(PathName.encode(name) == folder)
        #expect(PathName.decode(folder) == name)
    }

    @Test(arguments: ["a.b", "_x2e_", "_x41_", "_x2", "_xZZ_", "_x+1_", "_xFF_", "_x_", "ü"])
    func `a folder no name has is not decoded`(folder: String) {
        #expect(PathName.decode(folder) == nil)
    }

    @Test func `every name comes back from its folder`() {
        var generator = SplitMix64(seed: 42)
        let letters: [Character] = ["a", "x", "_", "X", "5", "F", ".", "/", "é", "😀", " ", "-"]
        for _ in 0..<2_000 {
            let name = String(
                (0..<Int.random(in: 1...12, using: &generator)).compactMap { _ in
                    letters.randomElement(using: &generator)
                }
            )
            #expect(PathName.decode(PathName.encode(name)) == name)
        }
    }

    @Test func `empty and endless names are refused`() {
        #expect(throws: TableNameError.self) { try TableName(namespace: "", name: "a") }
        #expect(throws: TableNameError.self) {
            try TableName(namespace: "a", name: String(repeating: "é", count: 600))
        }
    }

    @Test(arguments: [
        ("注文", 15), ("注文", 64), ("Заказ", 22), ("x", 201), ("_x", 100), ("😀", 200), ("a.", 90),
    ])
    func `a long name has a short folder that is its own for ever`(unit: String, count: Int) {
        let name = String(repeating: unit, count: count)
        let folder = PathName.encode(name)
        #expect(folder.utf8.count <= 200)
        #expect(PathName.isShort(folder))
        #expect(PathName.decode(folder) == nil)
        #expect(PathName.encode(name + "a") != folder)
        #expect(PathName.encode(name) == folder)
        #expect(folder.utf8.allSatisfy { $0 < 0x80 && $0 != UInt8(ascii: "%") })
    }

    @Test func `short forms stay what they are`() {
        let head = "_xE6__xB3__xA8__xE6__x96__x87__xE6__xB3__xA8__xE6__x96__x87_"
        #expect(
            PathName.encode(String(repeating: "注文", count: 15))
                == head + "_x0b4d50e9c0d8c168781627c859698d3b_"
        )
        #expect(!PathName.isShort("_x41_"))
        #expect(!PathName.isShort(String(repeating: "a", count: 40)))
    }

    @Test func `tables with long names are listed, loaded and not taken for others`() async throws {
        try await withLake { lake in
            let names = [
                String(repeating: "注文", count: 30), String(repeating: "注文", count: 31), "plain",
                String(repeating: "Заказ", count: 40),
            ]
            var made: [TableName] = []
            for (namespace, name) in zip([names[3], names[3], names[2], names[2]], names) {
                let table = try TableName(namespace: namespace, name: name)
                var transaction = try await lake.catalog.beginTransaction(table)
                transaction.setSchema(ordersSchema)
                _ = try await transaction.commit()
                made.append(table)
            }
            #expect(try await Set(lake.catalog.tables()) == Set(made))
            for table in made {
                let loaded = try await lake.catalog.load(table)
                #expect(loaded.identifier == table)
            }
            let properties = try await lake.catalog.load(made[0]).metadata.properties
            #expect(properties["tributary.table-name"] == names[0])
            #expect(properties["tributary.table-namespace"] == names[3])
            let plain = try await lake.catalog.load(made[2]).metadata.properties
            #expect(plain["tributary.table-name"] == nil)
        }
    }

    @Test func `a folder that a name of the same digest has is not taken over`() async throws {
        try await withLake { lake in
            let name = String(repeating: "注文", count: 30)
            let table = try TableName(namespace: "a", name: name)
            var transaction = try await lake.catalog.beginTransaction(table)
            transaction.setSchema(ordersSchema)
            transaction.setProperties(["tributary.table-name": "another"])
            _ = try await transaction.commit()
            let error = await #expect(throws: IcebergError.self) {
                try await lake.catalog.load(table)
            }
            #expect(error?.message.contains("taken by another") == true)
        }
    }

    @Test func `names are told apart by their bytes`() async throws {
        try await withLake { lake in
            let one = try TableName(namespace: "a", name: "caf\u{E9}")
            let two = try TableName(namespace: "a", name: "cafe\u{301}")
            #expect(one != two && Set([one, two]).count == 2 && two < one)
            for table in [one, two] {
                var transaction = try await lake.catalog.beginTransaction(table)
                transaction.setSchema(ordersSchema)
                _ = try await transaction.commit()
            }
            #expect(try await lake.catalog.tables() == [two, one])
        }
    }
}
