import Columnar
import Iceberg
import Testing

/// What each contract makes of each kind of change, and which key a table is merged by.
@Suite struct SchemaContractTests {
    struct Case: Sendable, CustomTestStringConvertible {
        var testDescription: String
        var incoming: [Field]
        var identities: [String: String] = ["a": "7.1", "b": "7.2"]
        var allowsTypeChange = false
        /// What `evolve` notes, and `freeze` names.
        var changes: [SchemaChange]
        /// Under `discard`: the names written, those left out, and the table's names.
        var written: [String]
        var ignored: [String] = []
        var kept: [String]
    }

    private static let current = Schema([
        Field(id: 1, name: "a", type: .int, isRequired: true),
        Field(
            id: 2,
            name: "b",
            type: .structure([Field(id: 3, name: "x", type: .decimal(precision: 9, scale: 2))])
        ),
    ])
    private static let a = Field(name: "a", type: .int, isRequired: true)
    private static let b = structure([("x", .decimal(precision: 9, scale: 2))])

    private static func structure(_ members: [(String, DataType)]) -> Field {
        Field(name: "b", type: .structure(members.map { Field(name: $0.0, type: $0.1) }))
    }

    private static let cases: [Case] = [
        Case(
            testDescription: "nothing",
            incoming: [b, a],
            changes: [],
            written: ["b", "a"],
            kept: ["a", "b"]
        ),
        Case(
            testDescription: "add column",
            incoming: [a, Field(name: "n", type: .date), b],
            changes: [.added(name: "n", type: .date)],
            written: ["a", "b"],
            ignored: ["n"],
            kept: ["a", "b"]
        ),
        Case(
            testDescription: "add member",
            incoming: [a, structure([("y", .int), ("x", .decimal(precision: 9, scale: 2))])],
            changes: [.added(name: "b.y", type: .int)],
            written: ["a", "b"],
            ignored: ["b.y"],
            kept: ["a", "b"]
        ),
        Case(
            testDescription: "drop column",
            incoming: [b],
            changes: [.gone(name: "a")],
            written: ["b"],
            kept: ["a", "b"]
        ),
        Case(
            testDescription: "rename",
            incoming: [Field(name: "aa", type: .int, isRequired: true), b],
            identities: ["aa": "7.1", "b": "7.2"],
            changes: [.renamed(from: "a", to: "aa")],
            written: ["aa", "b"],
            kept: ["aa", "b"]
        ),
        Case(
            testDescription: "drop and add under one name",
            incoming: [a, b],
            identities: ["a": "7.5", "b": "7.2"],
            changes: [.replaced(name: "a", from: .int, to: .int)],
            written: ["b"],
            ignored: ["a"],
            kept: ["a", "b"]
        ),
        Case(
            testDescription: "promotion",
            incoming: [
                Field(name: "a", type: .long, isRequired: true),
                structure([("x", .decimal(precision: 12, scale: 2))]),
            ],
            changes: [
                .widened(name: "a", from: .int, to: .long),
                .widened(
                    name: "b.x",
                    from: .decimal(precision: 9, scale: 2),
                    to: .decimal(precision: 12, scale: 2)
                ),
            ],
            written: ["a", "b"],
            kept: ["a", "b"]
        ),
        Case(
            testDescription: "NOT NULL to NULL",
            incoming: [Field(name: "a", type: .int), b],
            changes: [.madeOptional(name: "a")],
            written: ["a", "b"],
            kept: ["a", "b"]
        ),
        Case(
            testDescription: "another type that is allowed",
            incoming: [Field(name: "a", type: .string), b],
            allowsTypeChange: true,
            changes: [.retyped(name: "a", from: .int, to: .string)],
            written: ["a", "b"],
            kept: ["a", "b"]
        ),
    ]

    private func evolve(_ example: Case, _ contract: SchemaContract) throws -> SchemaEvolution {
        try SchemaEvolution.evolve(
            current: Self.current,
            lastColumnID: 3,
            incoming: Schema(example.incoming),
            allowTypeChange: example.allowsTypeChange,
            identities: ColumnIdentities(
                source: example.identities,
                table: [1: "7.1", 2: "7.2"]
            ),
            contract: contract
        )
    }

    @Test(arguments: cases)
    func `evolve takes every change`(example: Case) throws {
        let evolution = try evolve(example, .evolve)
        #expect(evolution.changes == example.changes)
        #expect(evolution.columnNames == example.incoming.map(\.name))
        #expect(evolution.ignored.isEmpty)
    }

    @Test(arguments: cases)
    func `freeze refuses every change by name`(example: Case) throws {
        guard !example.changes.isEmpty else {
            #expect(try evolve(example, .freeze).table == Self.current)
            return
        }
        let error = try #require(throws: IcebergError.self) { try evolve(example, .freeze) }
        #expect(error.code == .schemaDrift)
        for change in example.changes { #expect(error.message.contains(change.description)) }
        #expect(error.message.contains("‹schema: evolve›"))
    }

    @Test(arguments: cases)
    func `discard takes all but new columns and members`(example: Case) throws {
        let evolution = try evolve(example, .discard)
        #expect(evolution.columnNames == example.written)
        #expect(evolution.ignored == example.ignored)
        #expect(evolution.table.fields.map(\.name) == example.kept)
        if example.ignored.isEmpty {
            #expect(evolution.changes == example.changes)
        } else {
            #expect(evolution.table.lastFieldID == 3)
            #expect(evolution.lastColumnID == 3)
        }
    }

    @Test func `a column another took the name of is gone where new ones are not taken over`()
        throws
    {
        let example = try #require(Self.cases.first { $0.ignored == ["a"] })
        let evolution = try evolve(example, .discard)
        #expect(evolution.changes == [.gone(name: "a")])
        #expect(evolution.identities == [1: "7.1", 2: "7.2"])
    }

    @Test(arguments: [
        (DataType.decimal(precision: 9, scale: 2), DataType.decimal(precision: 9, scale: 3)),
        (.string, .int), (.int, .string), (.timestamp, .timestamptz), (.timestamptz, .timestamp),
        (.long, .double), (.date, .timestamp),
        (.int, .list(element: Field(name: "element", type: .int))),
    ])
    func `no contract lets a type change that would lose values`(was: DataType, is now: DataType)
        throws
    {
        for contract in SchemaContract.allCases {
            let error = try #require(throws: IcebergError.self) {
                try SchemaEvolution.evolve(
                    current: Schema([
                        Field(id: 1, name: "a", type: was), Field(id: 2, name: "b", type: .int),
                    ]),
                    lastColumnID: 2,
                    incoming: Schema([Field(name: "a", type: now), Field(name: "b", type: .int)]),
                    contract: contract
                )
            }
            #expect(error.code == .schemaDrift)
            #expect(error.message.contains("a: was \(was), source now gives \(now)"))
        }
    }

    @Test func `freeze names what does not fit beside what changed`() throws {
        let error = try #require(throws: IcebergError.self) {
            try SchemaEvolution.evolve(
                current: Self.current,
                lastColumnID: 3,
                incoming: Schema([Field(name: "a", type: .string), Field(name: "z", type: .int)]),
                contract: .freeze
            )
        }
        for part in ["a: was int, source now gives string", "z: added as int", "b: gone"] {
            #expect(error.message.contains(part))
        }
    }

    @Test func `what was gone before is no change`() throws {
        for contract in SchemaContract.allCases {
            let evolution = try SchemaEvolution.evolve(
                current: Self.current,
                lastColumnID: 3,
                incoming: Schema([Self.b]),
                alreadyGone: [1],
                contract: contract
            )
            #expect(evolution.changes.isEmpty)
            #expect(evolution.table.fields.map(\.name) == ["a", "b"])
        }
    }

    @Test func `a table without columns takes the source's under any contract`() throws {
        for contract in SchemaContract.allCases {
            let evolution = try SchemaEvolution.evolve(
                current: Schema([]),
                lastColumnID: 8,
                incoming: Schema([Self.a, Self.b]),
                identities: ColumnIdentities(source: ["a": "7.1"]),
                contract: contract
            )
            #expect(evolution.changes.isEmpty)
            #expect(evolution.table.fields.map(\.id) == [9, 10])
            #expect(evolution.identities == [9: "7.1"])
        }
    }

    @Test func `contracts have the names the command line uses`() {
        #expect(SchemaContract.allCases.map(\.rawValue) == ["evolve", "freeze", "discard"])
    }

    // MARK: The key of a merge

    private static let renamed = cases.first { $0.testDescription == "rename" }
    private static let same = cases.first { $0.testDescription == "nothing" }
    private static let widened = cases.first { $0.testDescription == "promotion" }
    private static let replaced = cases.first { $0.ignored == ["a"] }
    private static let retyped = cases.first { $0.allowsTypeChange }

    @Test func `a key of the same columns is the same key`() throws {
        let fits: [(Case?, old: [String], new: [String])] = [
            (Self.same, ["a"], ["a"]), (Self.same, ["a", "b"], ["b", "a"]),
            (Self.widened, ["a"], ["a"]), (Self.renamed, ["a"], ["aa"]),
            (Self.renamed, ["b"], ["b"]), (Self.replaced, ["b"], ["b"]),
        ]
        for (example, old, new) in fits {
            let evolution = try evolve(try #require(example), .evolve)
            #expect(throws: Never.self) { try evolution.checkMergeKey(old: old, new: new) }
        }
    }

    @Test func `another key wants a full refresh`() throws {
        let others: [(Case?, old: [String], new: [String], text: String)] = [
            (Self.same, ["a"], ["b"], "was (a), it is (b) now"),
            (Self.same, ["a"], ["a", "b"], "was (a), it is (a, b) now"),
            (Self.same, [], ["a"], "there was no primary key, it is (a) now"),
            (Self.renamed, ["a"], ["b"], "was (a), it is (b) now"),
            (Self.replaced, ["a"], ["a"], "has other columns or types now: (a)"),
            (Self.retyped, ["a", "b"], ["a", "b"], "has other columns or types now: (a)"),
        ]
        for (example, old, new, text) in others {
            let evolution = try evolve(try #require(example), .evolve)
            let error = try #require(throws: IcebergError.self) {
                try evolution.checkMergeKey(old: old, new: new)
            }
            #expect(error.code == .schemaDrift)
            #expect(error.message.contains(text), "\(error.message)")
            #expect(error.message.contains("‹rows: restart›"))
        }
    }

    @Test func `a merge without a key is refused`() throws {
        let evolution = try evolve(try #require(Self.same), .evolve)
        let error = try #require(throws: IcebergError.self) {
            try evolution.checkMergeKey(old: ["a"], new: [])
        }
        #expect(error.message.contains("‹primary_key›"))
    }
}
