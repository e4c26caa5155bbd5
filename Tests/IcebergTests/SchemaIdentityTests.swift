import Columnar
import Iceberg
import Testing

/// Columns that are told apart by more than their names.
@Suite struct SchemaIdentityTests {
    /// A table of `a` (1, int), `b` (2, int) and `c` (3, string), and what a source makes of it.
    struct Case: Sendable, CustomTestStringConvertible {
        var testDescription: String
        /// The source's columns and their identities.
        var source: [(name: String, type: DataType, identity: String)]
        var known: [Int: String] = [1: "7.1", 2: "7.2", 3: "7.3"]
        /// The table's columns afterward.
        var table: [(id: Int, name: String)]
        var changes: [SchemaChange]
        var identities: [Int: String]?
    }

    private static let current = Schema([
        Field(id: 1, name: "a", type: .int, isRequired: true), Field(id: 2, name: "b", type: .int),
        Field(id: 3, name: "c", type: .string),
    ])

    private static func evolve(
        _ incoming: [Field],
        _ identities: ColumnIdentities,
        contract: SchemaContract = .evolve
    ) throws -> SchemaEvolution {
        try SchemaEvolution.evolve(
            current: current,
            lastColumnID: 3,
            incoming: Schema(incoming),
            identities: identities,
            contract: contract
        )
    }

    private static let renames: [Case] = [
        Case(
            testDescription: "nothing changed",
            source: [("a", .int, "7.1"), ("b", .int, "7.2"), ("c", .string, "7.3")],
            table: [(1, "a"), (2, "b"), (3, "c")],
            changes: [],
            identities: [1: "7.1", 2: "7.2", 3: "7.3"]
        ),
        Case(
            testDescription: "renamed",
            source: [("a", .int, "7.1"), ("bb", .int, "7.2"), ("c", .string, "7.3")],
            table: [(1, "a"), (2, "bb"), (3, "c")],
            changes: [.renamed(from: "b", to: "bb")]
        ),
        Case(
            testDescription: "renamed and widened",
            source: [("a", .int, "7.1"), ("bb", .long, "7.2"), ("c", .string, "7.3")],
            table: [(1, "a"), (2, "bb"), (3, "c")],
            changes: [.renamed(from: "b", to: "bb"), .widened(name: "bb", from: .int, to: .long)]
        ),
        Case(
            testDescription: "renamed to another type, which makes it a new column",
            source: [("a", .int, "7.1"), ("bb", .date, "7.2"), ("c", .string, "7.3")],
            table: [(1, "a"), (2, "b"), (3, "c"), (4, "bb")],
            changes: [.added(name: "bb", type: .date), .gone(name: "b")],
            identities: [1: "7.1", 4: "7.2", 3: "7.3"]
        ),
        Case(
            testDescription: "two swapped",
            source: [("b", .int, "7.1"), ("a", .int, "7.2"), ("c", .string, "7.3")],
            table: [(1, "b"), (2, "a"), (3, "c")],
            changes: [.renamed(from: "a", to: "b"), .renamed(from: "b", to: "a")]
        ),
        Case(
            testDescription: "moved on by one",
            source: [("b", .int, "7.1"), ("d", .int, "7.2"), ("c", .string, "7.3")],
            table: [(1, "b"), (2, "d"), (3, "c")],
            changes: [.renamed(from: "a", to: "b"), .renamed(from: "b", to: "d")]
        ),
        Case(
            testDescription: "renamed into the name of a dropped one",
            source: [("a", .int, "7.2"), ("c", .string, "7.3")],
            table: [(2, "a"), (3, "c")],
            changes: [
                .renamed(from: "b", to: "a"), .replaced(name: "a", from: .int, to: .int),
            ],
            identities: [1: "7.1", 2: "7.2", 3: "7.3"]
        ),
        Case(
            testDescription: "renamed, and a new one under the old name",
            source: [
                ("a", .int, "7.1"), ("bb", .int, "7.2"), ("c", .string, "7.3"), ("b", .int, "7.4"),
            ],
            table: [(1, "a"), (2, "bb"), (3, "c"), (4, "b")],
            changes: [.renamed(from: "b", to: "bb"), .added(name: "b", type: .int)],
            identities: [1: "7.1", 2: "7.2", 3: "7.3", 4: "7.4"]
        ),
    ]

    private static let others: [Case] = [
        Case(
            testDescription: "dropped and added with its name and type",
            source: [("a", .int, "7.1"), ("c", .string, "7.3"), ("b", .int, "7.9")],
            table: [(1, "a"), (4, "b"), (3, "c")],
            changes: [.replaced(name: "b", from: .int, to: .int)],
            identities: [1: "7.1", 2: "7.2", 3: "7.3", 4: "7.9"]
        ),
        Case(
            testDescription: "dropped and added with another type",
            source: [("a", .int, "7.1"), ("c", .string, "7.3"), ("b", .date, "7.9")],
            table: [(1, "a"), (4, "b"), (3, "c")],
            changes: [.replaced(name: "b", from: .int, to: .date)]
        ),
        Case(
            testDescription: "the only column that is read was dropped and added",
            source: [("b", .int, "7.9")],
            table: [(1, "a"), (4, "b"), (3, "c")],
            changes: [
                .replaced(name: "b", from: .int, to: .int), .gone(name: "a"), .gone(name: "c"),
            ]
        ),
        Case(
            testDescription: "the table created again",
            source: [("b", .int, "8.1"), ("a", .int, "8.2"), ("d", .string, "8.3")],
            table: [(1, "a"), (2, "b"), (3, "c"), (4, "d")],
            changes: [.added(name: "d", type: .string), .gone(name: "c")],
            identities: [1: "8.2", 2: "8.1", 3: "7.3", 4: "8.3"]
        ),
        Case(
            testDescription: "a column kept since before the table was created again comes back",
            source: [("a", .int, "8.1"), ("b", .int, "8.2"), ("c", .string, "8.3")],
            known: [1: "8.1", 2: "8.2", 3: "7.3"],
            table: [(1, "a"), (2, "b"), (3, "c")],
            changes: [],
            identities: [1: "8.1", 2: "8.2", 3: "8.3"]
        ),
        Case(
            testDescription: "no identities known yet",
            source: [("a", .int, "7.1"), ("x", .int, "7.2"), ("c", .string, "7.3")],
            known: [:],
            table: [(1, "a"), (2, "b"), (3, "c"), (4, "x")],
            changes: [.added(name: "x", type: .int), .gone(name: "b")],
            identities: [1: "7.1", 3: "7.3", 4: "7.2"]
        ),
        Case(
            testDescription: "a source without identities",
            source: [("a", .int, ""), ("x", .int, ""), ("c", .string, "")],
            table: [(1, "a"), (2, "b"), (3, "c"), (4, "x")],
            changes: [.added(name: "x", type: .int), .gone(name: "b")],
            identities: [1: "7.1", 2: "7.2", 3: "7.3"]
        ),
        Case(
            testDescription: "one identity for two columns tells nothing",
            source: [("b", .int, "7.1"), ("a", .int, "7.1"), ("c", .string, "7.3")],
            table: [(1, "a"), (2, "b"), (3, "c")],
            changes: [],
            identities: [1: "7.1", 2: "7.2", 3: "7.3"]
        ),
        Case(
            testDescription: "identities without a table are of one table",
            source: [("b", .int, "one"), ("a", .int, "new"), ("c", .string, "three")],
            known: [1: "one", 2: "two", 3: "three"],
            table: [(1, "b"), (3, "c"), (4, "a")],
            changes: [
                .renamed(from: "a", to: "b"), .added(name: "a", type: .int),
                .replaced(name: "b", from: .int, to: .int),
            ]
        ),
    ]

    @Test(arguments: renames + others)
    func `identity decides before the name does`(example: Case) throws {
        let incoming = example.source.map {
            Field(name: $0.name, type: $0.type, isRequired: $0.name == "a")
        }
        let identities = ColumnIdentities(
            source: Dictionary(uniqueKeysWithValues: example.source.map { ($0.name, $0.identity) }),
            table: example.known
        )
        let evolution = try Self.evolve(incoming, identities)
        #expect(evolution.table.fields.map(\.id) == example.table.map(\.id))
        #expect(evolution.table.fields.map(\.name) == example.table.map(\.name))
        #expect(evolution.changes.filter { !$0.isMadeOptional } == example.changes)
        #expect(evolution.columnNames == example.source.map(\.name))
        if let identities = example.identities { #expect(evolution.identities == identities) }
        // Every column written is the table's column of that name.
        for field in evolution.written.fields {
            #expect(evolution.table.fields.contains(field))
        }
        let again = try SchemaEvolution.evolve(
            current: evolution.table,
            lastColumnID: evolution.lastColumnID,
            incoming: Schema(incoming),
            identities: ColumnIdentities(source: identities.source, table: evolution.identities)
        )
        #expect(again.table == evolution.table)
        #expect(again.changes.filter { !$0.isGone } == [])
    }

    @Test func `three columns renamed in a ring keep their ids`() throws {
        let names = ["a", "b", "c"]
        let current = Schema(
            names.enumerated().map { Field(id: $0 + 1, name: $1, type: .int) }
        )
        let evolution = try SchemaEvolution.evolve(
            current: current,
            lastColumnID: 3,
            incoming: Schema(names.map { Field(name: $0, type: .int) }),
            identities: ColumnIdentities(
                source: ["b": "7.1", "c": "7.2", "a": "7.3"],
                table: [1: "7.1", 2: "7.2", 3: "7.3"]
            )
        )
        #expect(evolution.table.fields.map(\.name) == ["b", "c", "a"])
        #expect(evolution.written.fields.map(\.id) == [3, 1, 2])
        #expect(
            Set(evolution.changes) == [
                .renamed(from: "a", to: "b"), .renamed(from: "b", to: "c"),
                .renamed(from: "c", to: "a"),
            ]
        )
    }

    @Test func `a column that is left out for a time and renamed meanwhile is still the same`()
        throws
    {
        let known = [1: "7.1", 2: "7.2", 3: "7.3"]
        let narrow = try Self.evolve(
            [Field(name: "a", type: .int, isRequired: true)],
            ColumnIdentities(source: ["a": "7.1"], table: known)
        )
        #expect(narrow.identities == known)
        let wide = try SchemaEvolution.evolve(
            current: narrow.table,
            lastColumnID: 3,
            incoming: Schema([Field(name: "a", type: .int), Field(name: "z", type: .string)]),
            identities: ColumnIdentities(
                source: ["a": "7.1", "z": "7.3"],
                table: narrow.identities
            )
        )
        #expect(wide.changes.contains(.renamed(from: "c", to: "z")))
        #expect(wide.table.fields.map(\.name) == ["a", "b", "z"])
    }

    @Test func `a table that is rolled back knows the columns that were dropped since`() throws {
        let replaced = try Self.evolve(
            [Field(name: "b", type: .int)],
            ColumnIdentities(source: ["b": "7.9"], table: [1: "7.1", 2: "7.2", 3: "7.3"])
        )
        let back = try Self.evolve(
            [Field(name: "b", type: .int)],
            ColumnIdentities(source: ["b": "7.9"], table: replaced.identities)
        )
        #expect(back.changes.contains(.replaced(name: "b", from: .int, to: .int)))
    }

    @Test func `a type that does not fit is refused under its own identity`() throws {
        let error = try #require(throws: IcebergError.self) {
            try Self.evolve(
                [Field(name: "a", type: .string)],
                ColumnIdentities(source: ["a": "7.1"], table: [1: "7.1"])
            )
        }
        #expect(error.code == .schemaDrift)
        #expect(error.message.hasPrefix("a: was int, source now gives string"))
    }

    @Test func `the first schema has the source's identities`() throws {
        let evolution = try SchemaEvolution.first(
            Schema([
                Field(name: "a", type: .list(element: Field(name: "element", type: .int))),
                Field(name: "b", type: .int), Field(name: "c", type: .int),
            ]),
            identities: ["a": "7.1", "b": "7.2", "elsewhere": "7.3"]
        )
        #expect(evolution.identities == [1: "7.1", 3: "7.2"])
    }
}

extension SchemaChange {
    fileprivate var isGone: Bool {
        if case .gone = self { true } else { false }
    }

    fileprivate var isMadeOptional: Bool {
        if case .madeOptional = self { true } else { false }
    }
}
