import Columnar
import Iceberg
import TestSupport
import Testing

/// The names by which engines find columns in files without field ids.
@Suite struct NameMappingTests {
    private static let property = "schema.name-mapping.default"

    private func mapping(
        _ lake: TestLake,
        _ steps: [[Field]],
        between: ((inout TableTransaction) -> Void)? = nil
    ) async throws -> String? {
        for step in steps {
            var transaction = try await lake.catalog.beginTransaction(.orders)
            transaction.setSchema(Schema(step))
            _ = try await transaction.commit()
        }
        return try await lake.catalog.load(.orders).metadata.properties[Self.property]
    }

    private func column(_ id: Int, _ name: String, _ type: DataType = .int) -> Field {
        Field(id: id, name: name, type: type)
    }

    @Test func `a renamed column keeps the names it had`() async throws {
        try await withLake { lake in
            let text = try await mapping(
                lake,
                [
                    [column(1, "a"), column(2, "b")], [column(1, "c"), column(2, "b")],
                    [column(1, "d"), column(2, "b")],
                ]
            )
            #expect(
                text
                    == #"[{"field-id":1,"names":["d","c","a"]},{"field-id":2,"names":["b"]}]"#
            )
        }
    }

    @Test func `a name that another column took is no longer an old name`() async throws {
        try await withLake { lake in
            let text = try await mapping(
                lake,
                [[column(1, "a"), column(2, "b")], [column(1, "b"), column(2, "a")]]
            )
            #expect(text == #"[{"field-id":1,"names":["b"]},{"field-id":2,"names":["a"]}]"#)
        }
    }

    @Test func `members and columns that are gone keep theirs too`() async throws {
        try await withLake { lake in
            func pair(_ name: String) -> Field {
                column(1, "p", .structure([column(2, name), column(3, "y")]))
            }
            let text = try await mapping(lake, [[pair("x"), column(4, "gone")], [pair("z")]])
            let members = #"[{"field-id":2,"names":["z","x"]},{"field-id":3,"names":["y"]}]"#
            #expect(
                text
                    == #"[{"field-id":1,"names":["p"],"fields":\#(members)},"#
                    + #"{"field-id":4,"names":["gone"]}]"#
            )
        }
    }

    @Test(arguments: ["nonsense", "{}", "[1]", #"[{"names":["a"]}]"#])
    func `a mapping of others that makes no sense is replaced`(text: String) async throws {
        try await withLake { lake in
            _ = try await mapping(lake, [[column(1, "a")]])
            var transaction = try await lake.catalog.beginTransaction(.orders)
            transaction.setProperties([Self.property: text])
            _ = try await transaction.commit()
            let found = try await mapping(lake, [[column(1, "b")]])
            #expect(found?.hasPrefix(#"[{"field-id":1,"names":["b"]}"#) == true)
        }
    }
}
