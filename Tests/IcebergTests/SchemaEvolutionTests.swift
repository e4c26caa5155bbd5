import Columnar
import Iceberg
import Testing

@Suite struct SchemaEvolutionTests {
    private func evolve(
        _ current: [Field],
        _ incoming: [Field],
        last: Int = 0,
        observed: Set<String> = [],
        allow: Bool = false
    ) throws -> SchemaEvolution {
        try SchemaEvolution.evolve(
            current: Schema(current),
            lastColumnID: last,
            incoming: Schema(incoming),
            observed: observed,
            allowTypeChange: allow
        )
    }

    @Test func `a first schema numbers every field once`() throws {
        let evolution = try SchemaEvolution.first(
            Schema([
                Field(name: "a", type: .list(element: Field(name: "element", type: .int))),
                Field(
                    name: "b",
                    type: .map(
                        key: Field(name: "key", type: .string, isRequired: true),
                        value: Field(
                            name: "value",
                            type: .structure([Field(name: "m", type: .int)])
                        )
                    ),
                    isRequired: true
                ),
                Field(name: "c", type: .long),
            ])
        )
        #expect(evolution.lastColumnID == 7)
        #expect(evolution.table == evolution.written)
        #expect(evolution.table.fields[1].isRequired)
        #expect(evolution.table.lastFieldID == 7)
        #expect(evolution.changes.isEmpty)
    }

    @Test func `an equal source changes nothing`() throws {
        let fields = [
            Field(id: 4, name: "a", type: .int, isRequired: true, documentation: "doc"),
            Field(
                id: 2,
                name: "b",
                type: .list(element: Field(id: 9, name: "element", type: .string))
            ),
        ]
        let incoming = [
            Field(name: "b", type: .list(element: Field(name: "element", type: .string))),
            Field(name: "a", type: .int, isRequired: true),
        ]
        let evolution = try evolve(fields, incoming, last: 12)
        #expect(evolution.table.fields == fields)
        #expect(evolution.written.fields == [fields[1], fields[0]])
        #expect(evolution.changes.isEmpty)
        #expect(evolution.lastColumnID == 12)
    }

    @Test(arguments: [
        (DataType.int, DataType.long), (.float, .double),
        (.decimal(precision: 9, scale: 2), .decimal(precision: 18, scale: 2)),
    ])
    func `a wider type keeps the id, and a narrower one the type`(
        narrow: DataType,
        wide: DataType
    ) throws {
        let widened = try evolve(
            [Field(id: 1, name: "a", type: narrow)],
            [Field(name: "a", type: wide)]
        )
        #expect(widened.table.fields == [Field(id: 1, name: "a", type: wide)])
        #expect(widened.changes == [.widened(name: "a", from: narrow, to: wide)])
        let kept = try evolve(
            [Field(id: 1, name: "a", type: wide)],
            [Field(name: "a", type: narrow)]
        )
        #expect(kept.table.fields == [Field(id: 1, name: "a", type: wide)])
        #expect(kept.written == kept.table)
        #expect(kept.changes.isEmpty)
    }

    @Test func `a new column is optional, comes last and never takes an old id`() throws {
        let evolution = try evolve(
            [Field(id: 1, name: "a", type: .int)],
            [Field(name: "b", type: .int, isRequired: true), Field(name: "a", type: .int)],
            last: 5
        )
        #expect(evolution.table.fields.map(\.name) == ["a", "b"])
        #expect(evolution.written.fields.map(\.name) == ["b", "a"])
        #expect(evolution.table.fields[1] == Field(id: 6, name: "b", type: .int))
        #expect(evolution.lastColumnID == 6)
        #expect(evolution.changes == [.added(name: "b", type: .int)])
    }

    @Test func `a column that is gone stays as an optional one and may come back`() throws {
        let gone = try evolve(
            [
                Field(id: 1, name: "a", type: .int),
                Field(id: 2, name: "b", type: .int, isRequired: true),
            ],
            [Field(name: "a", type: .int)]
        )
        #expect(gone.table.fields.last == Field(id: 2, name: "b", type: .int))
        #expect(gone.written.fields.map(\.name) == ["a"])
        #expect(gone.changes == [.gone(name: "b")])
        let back = try evolve(
            gone.table.fields,
            [Field(name: "a", type: .int), Field(name: "b", type: .int, isRequired: true)]
        )
        #expect(back.table == gone.table)
        #expect(back.changes.isEmpty)
    }

    @Test func `a column that may be null stays so`() throws {
        let loosened = try evolve(
            [Field(id: 1, name: "a", type: .int, isRequired: true)],
            [Field(name: "a", type: .int)]
        )
        #expect(loosened.changes == [.madeOptional(name: "a")])
        #expect(loosened.table.fields[0].isRequired == false)
        let kept = try evolve(
            loosened.table.fields,
            [Field(name: "a", type: .int, isRequired: true)]
        )
        #expect(kept.table == loosened.table)
        #expect(kept.changes.isEmpty)
    }

    @Test func `types that do not fit are all named`() throws {
        let current = [
            Field(id: 1, name: "a", type: .int), Field(id: 2, name: "b", type: .string),
            Field(id: 3, name: "c", type: .decimal(precision: 9, scale: 2)),
            Field(id: 4, name: "d", type: .timestamp),
        ]
        let incoming = [
            Field(name: "a", type: .string), Field(name: "b", type: .string),
            Field(name: "c", type: .decimal(precision: 9, scale: 3)),
            Field(name: "d", type: .timestamptz),
        ]
        let error = try #require(throws: IcebergError.self) { try evolve(current, incoming) }
        #expect(error.code == .schemaDrift)
        #expect(
            error.message.hasPrefix(
                "a: was int, source now gives string; "
                    + "c: was decimal(9, 2), source now gives decimal(9, 3); "
                    + "d: was timestamp, source now gives timestamptz"
            )
        )
        let partly = try #require(throws: IcebergError.self) {
            try evolve(current, incoming, observed: ["a", "d"])
        }
        #expect(partly.message.hasPrefix("c: was"))
    }

    @Test func `a type that may change takes a new id under the old name`() throws {
        for (observed, allow) in [(Set(["a"]), false), ([], true)] {
            let evolution = try evolve(
                [
                    Field(id: 1, name: "a", type: .int, isRequired: true),
                    Field(id: 2, name: "b", type: .int),
                ],
                [Field(name: "a", type: .string, isRequired: true), Field(name: "b", type: .int)],
                observed: observed,
                allow: allow
            )
            #expect(
                evolution.table.fields
                    == [
                        Field(id: 3, name: "a", type: .string), Field(id: 2, name: "b", type: .int),
                    ]
            )
            #expect(evolution.changes == [.retyped(name: "a", from: .int, to: .string)])
        }
    }

    @Test func `nested fields are matched like columns, but go when they are gone`() throws {
        func structure(_ members: [Field]) -> [Field] {
            [
                Field(
                    id: 1,
                    name: "s",
                    type: .list(
                        element: Field(id: 2, name: "element", type: .structure(members))
                    )
                )
            ]
        }
        let current = structure([
            Field(id: 3, name: "x", type: .int, isRequired: true),
            Field(id: 4, name: "y", type: .int),
        ])
        let incoming = structure([
            Field(name: "z", type: .int, isRequired: true), Field(name: "x", type: .long),
        ])
        let evolution = try evolve(current, incoming)
        #expect(
            evolution.table.fields
                == structure([
                    Field(id: 5, name: "z", type: .int), Field(id: 3, name: "x", type: .long),
                ])
        )
        #expect(
            evolution.changes == [
                .added(name: "s.element.z", type: .int),
                .widened(name: "s.element.x", from: .int, to: .long),
                .madeOptional(name: "s.element.x"), .gone(name: "s.element.y"),
            ]
        )
    }

    @Test func `a nested type that does not fit is the column's offence and leaves no trace`()
        throws
    {
        func map(_ value: DataType, ids: (Int, Int, Int)) -> Field {
            Field(
                id: ids.0,
                name: "m",
                type: .map(
                    key: Field(id: ids.1, name: "key", type: .string, isRequired: true),
                    value: Field(id: ids.2, name: "value", type: value)
                )
            )
        }
        let current = [map(.int, ids: (1, 2, 3))]
        let incoming = [map(.string, ids: (0, 0, 0))]
        let error = try #require(throws: IcebergError.self) { try evolve(current, incoming) }
        #expect(
            error.message.hasPrefix("m: was map<string, int>, source now gives map<string, string>")
        )
        let evolution = try evolve(current, incoming, allow: true)
        #expect(evolution.table.fields == [map(.string, ids: (4, 5, 6))])
        #expect(evolution.changes.count == 1)
    }

    @Test func `two columns of one name are refused`() {
        #expect(throws: IcebergError.self) {
            try evolve([], [Field(name: "a", type: .int), Field(name: "a", type: .int)])
        }
        #expect(throws: IcebergError.self) {
            try SchemaEvolution.first(
                Schema([Field(name: "a", type: .int), Field(name: "a", type: .int)])
            )
        }
    }

    private static let pair = Field(name: "a", type: .structure([Field(name: "b", type: .int)]))

    @Test func `a column whose name reads like a member's is refused`() throws {
        let dotted = Field(name: "a.b", type: .int)
        for columns in [[Self.pair, dotted], [dotted, Self.pair]] {
            let error = #expect(throws: IcebergError.self) {
                try SchemaEvolution.first(Schema(columns))
            }
            #expect(error?.code == .schemaDrift)
            #expect(error?.message.contains("a.b") == true)
        }
        let list = Field(name: "l", type: .list(element: Field(name: "element", type: .int)))
        #expect(throws: IcebergError.self) {
            try SchemaEvolution.first(Schema([list, Field(name: "l.element", type: .int)]))
        }
        #expect(throws: Never.self) {
            try SchemaEvolution.first(
                Schema([dotted, list, Field(name: "a.c", type: Self.pair.type)])
            )
        }
        // What is gone from the source keeps its name in the table.
        let start = try SchemaEvolution.first(Schema([Self.pair]))
        #expect(throws: IcebergError.self) { try evolve(start.table.fields, [dotted], last: 2) }
    }
}
