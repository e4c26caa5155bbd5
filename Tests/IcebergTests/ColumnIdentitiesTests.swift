import Columnar
import Iceberg
import ObjectStorage
import TestSupport
import Testing

/// The identities of columns, as a table keeps them.
@Suite struct ColumnIdentitiesTests {
    @Test func `identities survive the table's property`() throws {
        let identities = [12: "16384.2", 2: "16384.10", 3: "quote\" ü.1"]
        let text = ColumnIdentities.text(of: identities)
        #expect(text.hasPrefix(#"{"2":"16384.10","3":"#))
        #expect(try ColumnIdentities.parse(text) == identities)
        #expect(try ColumnIdentities.parse(ColumnIdentities.text(of: [:])) == [:])
    }

    @Test(arguments: [
        "", "[]", "{", #"{"a":"1"}"#, #"{"0":"1"}"#, #"{"1":2}"#, #"{"9999999999":"1"}"#,
    ])
    func `a damaged property says so and what to do`(text: String) throws {
        let error = try #require(throws: IcebergError.self) { try ColumnIdentities.parse(text) }
        #expect(error.code == .corrupt)
        #expect(error.message.contains("tributary.column-identities"))
        #expect(error.message.contains("Remove it"))
    }

    @Test func `a table keeps its identities, and its rows under a new name`() async throws {
        try await withLake { lake in
            var transaction = try await lake.catalog.beginTransaction(.orders)
            transaction.setSchema(ordersSchema, key: ["id"])
            transaction.setColumnIdentities([1: "7.1", 2: "7.2"])
            transaction.append([fakeFile("1", rows: 10)])
            _ = try await transaction.commit()
            let table = try await lake.catalog.load(.orders)
            #expect(try table.metadata.columnIdentities() == [1: "7.1", 2: "7.2"])

            transaction = try await lake.catalog.beginTransaction(.orders)
            let evolution = try SchemaEvolution.evolve(
                current: ordersSchema,
                lastColumnID: table.metadata.lastColumnID,
                incoming: Schema([ordersSchema.fields[0], Field(name: "title", type: .string)]),
                identities: ColumnIdentities(
                    source: ["id": "7.1", "title": "7.2"],
                    table: try table.metadata.columnIdentities()
                )
            )
            #expect(evolution.changes == [.renamed(from: "name", to: "title")])
            transaction.setSchema(evolution.table, key: ["id"], lastColumnID: 2)
            transaction.setColumnIdentities(evolution.identities)
            _ = try await transaction.commit()
            let renamed = try await lake.catalog.load(.orders)
            #expect(renamed.metadata.currentSchema?.schema.fields.map(\.name) == ["id", "title"])
            #expect(renamed.metadata.currentSchema?.schema.fields.map(\.id) == [1, 2])
            #expect(
                renamed.metadata.properties["schema.name-mapping.default"]
                    == #"[{"field-id":1,"names":["id"]},{"field-id":2,"names":["title","name"]}]"#
            )
            #expect(try await renamed.files().count == 1)

            transaction = try await lake.catalog.beginTransaction(.orders)
            transaction.setColumnIdentities([:])
            _ = try await transaction.commit()
            let bare = try await lake.catalog.load(.orders)
            #expect(try bare.metadata.columnIdentities().isEmpty)
            #expect(bare.metadata.properties[ColumnIdentities.property] == nil)
        }
    }
}
