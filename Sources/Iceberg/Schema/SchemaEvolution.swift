import Basics
package import Columnar

/// How a table's schema follows its source.
package struct SchemaEvolution: Hashable, Sendable {
    /// The table's new schema: its fields in their order, then the new ones.
    package let table: Schema
    /// What the data files hold: the source's columns in their order, with the table's ids and
    /// types.
    ///
    /// Types may be wider than the source's. Columns that are not taken over are missing.
    package let written: Schema
    /// The highest id ever given out.
    package let lastColumnID: Int
    package let changes: [SchemaChange]
    /// Columns, and members of structures as `column.member`, that are not taken over.
    package let ignored: [String]
    /// The identities to keep with the table, by field id; those of dropped fields stay, so that
    /// a table that is rolled back still has them.
    package let identities: [Int: String]

    /// The columns to read, in the source's order.
    package var columnNames: [String] { written.fields.map(\.name) }

    /// Numbers the fields of a first schema.
    ///
    /// - Parameters:
    ///   - incoming: The source's columns; their ids are ignored.
    ///   - identities: The source's identities of them, by name.
    /// - Returns: The schema, which is that of table and files.
    /// - Throws: `IcebergError` `schemaDrift` for two columns of one name.
    package static func first(
        _ incoming: Schema,
        identities: [String: String] = [:]
    ) throws -> SchemaEvolution {
        try checkNames(incoming.fields, "the source")
        try checkFullNames(incoming.fields)
        return first(incoming, lastID: 0, identities: ColumnIdentities(source: identities))
    }

    /// Matches the source's columns with the table's, by identity where both sides have one and
    /// by name otherwise.
    ///
    /// - A column of equal type keeps its id. `int` to `long`, `float` to `double` and more digits
    ///   of a decimal of the same scale widen the column; a table's type that is wider already
    ///   stays.
    /// - A column of the same identity under another name is renamed and keeps its id, also when
    ///   columns change names with each other. One that was dropped and added again is another
    ///   column with an id of its own, and the former one leaves the schema.
    /// - A new column, or member of a structure, is optional.
    /// - A column the source no longer has stays as an optional one; a member of a structure goes.
    ///   It goes on when it comes back, unless identities say that it is another one.
    /// - Elements of lists, structures and maps are matched in the same way, by name.
    /// - A table without columns takes those of the source under any contract.
    ///
    /// - Parameters:
    ///   - current: The table's schema.
    ///   - lastColumnID: The highest id the table ever gave out.
    ///   - incoming: The source's columns; their ids are ignored.
    ///   - observed: Columns whose type was chosen from their values: another type is no drift.
    ///   - allowTypeChange: Whether any column may take another type, under a new id.
    ///   - identities: What tells columns apart besides their names.
    ///   - alreadyGone: Ids of fields the source was without before: no change.
    ///   - contract: What may change.
    /// - Returns: The schemas of table and files, and what changed.
    /// - Throws: `IcebergError` `schemaDrift` naming every column whose type does not fit, or all
    ///   changes where none is allowed.
    package static func evolve(
        current: Schema,
        lastColumnID: Int,
        incoming: Schema,
        observed: Set<String> = [],
        allowTypeChange: Bool = false,
        identities: ColumnIdentities = ColumnIdentities(),
        alreadyGone: Set<Int> = [],
        contract: SchemaContract = .evolve
    ) throws -> SchemaEvolution {
        try checkNames(incoming.fields, "the source")
        try checkNames(current.fields, "the table")
        let lastID = max(lastColumnID, current.lastFieldID)
        guard !current.fields.isEmpty else {
            return first(incoming, lastID: lastID, identities: identities)
        }
        var steps = EvolutionSteps(
            matcher: FieldMatcher(lastID: lastID, takesNewMembers: contract != .discard),
            takesNewColumns: contract != .discard
        )
        let pairing = ColumnPairing(current: current, incoming: incoming, identities: identities)
        for (column, origin) in zip(incoming.fields, pairing.origins(of: incoming.fields)) {
            let mayChange = allowTypeChange || observed.contains(column.name)
            steps.take(column, origin, mayChangeType: mayChange)
        }
        let table = steps.table(after: current, alreadyGone: alreadyGone)
        try check(steps, contract: contract)
        try checkFullNames(table)
        return SchemaEvolution(
            table: Schema(table),
            written: Schema(steps.written),
            lastColumnID: steps.matcher.lastID,
            changes: steps.matcher.changes,
            ignored: steps.matcher.ignored,
            identities: identities.stored(for: steps.written)
        )
    }

    private static func first(
        _ incoming: Schema,
        lastID: Int,
        identities: ColumnIdentities
    ) -> SchemaEvolution {
        var matcher = FieldMatcher(lastID: lastID)
        let fields = incoming.fields.map { matcher.numbered($0, isOptional: false) }
        return SchemaEvolution(
            table: Schema(fields),
            written: Schema(fields),
            lastColumnID: matcher.lastID,
            changes: [],
            ignored: [],
            identities: identities.stored(for: fields)
        )
    }

    private static func check(_ steps: EvolutionSteps, contract: SchemaContract) throws {
        if contract == .freeze {
            let news = steps.matcher.changes.map(\.description) + steps.offences
            guard news.isEmpty else {
                throw IcebergError(
                    .schemaDrift,
                    "the source's columns changed, and the table's are frozen: "
                        + news.joined(separator: "; ")
                        + ". Allow the changes with \(Remedy.schema.to("evolve")), or take them back at the "
                        + "source"
                )
            }
        }
        guard steps.offences.isEmpty else {
            throw IcebergError(
                .schemaDrift,
                steps.offences.joined(separator: "; ")
                    + ". Allow it with \(Remedy.allowTypeChange), cast the column, or sync into another table"
            )
        }
    }

    /// Engines refuse a schema in which a full name stands for two fields.
    private static func checkFullNames(_ fields: [Field]) throws {
        guard let name = Schema(fields).repeatedFullName else { return }
        throw IcebergError(
            .schemaDrift,
            "the table would have two fields of the full name \(name): members of a column are known "
                + "by its name, a dot and their own. Rename or leave out one; a column that is gone "
                + "from the source keeps its name in the table, so sync into another table then"
        )
    }

    private static func checkNames(_ fields: [Field], _ owner: String) throws {
        var seen: Set<String> = []
        for field in fields where !seen.insert(field.name).inserted {
            throw IcebergError(
                .schemaDrift,
                "\(owner) has two columns \(field.name); rename or leave out one"
            )
        }
    }
}

/// Takes over the source's columns one by one.
private struct EvolutionSteps {
    var matcher: FieldMatcher
    let takesNewColumns: Bool
    var written: [Field] = []
    var offences: [String] = []
    /// What stands in the place of a table's column, by its id.
    private var successors: [Int: Field] = [:]

    init(matcher: FieldMatcher, takesNewColumns: Bool) {
        self.matcher = matcher
        self.takesNewColumns = takesNewColumns
    }

    mutating func take(_ column: Field, _ origin: ColumnPairing.Origin, mayChangeType: Bool) {
        switch origin {
        case .continues(let before): go(on: before, as: column, mayChangeType: mayChangeType)
        case .new, .replaces:
            guard takesNewColumns else {
                matcher.ignored.append(column.name)
                return
            }
            let field = matcher.numbered(column, isOptional: true)
            written.append(field)
            if case .replaces(let before) = origin {
                successors[before.id] = field
                note(.replaced(name: column.name, from: before.type, to: column.type))
            } else {
                note(.added(name: column.name, type: column.type))
            }
        }
    }

    private mutating func go(on before: Field, as column: Field, mayChangeType: Bool) {
        var trial = matcher
        if before.name != column.name {
            trial.changes.append(.renamed(from: before.name, to: column.name))
        }
        var field: Field
        if let matched = trial.match(before, column, path: column.name) {
            matcher = trial
            field = matched
        } else if mayChangeType {
            note(.retyped(name: column.name, from: before.type, to: column.type))
            field = matcher.numbered(column, isOptional: true)
        } else {
            offences.append("\(column.name): was \(before.type), source now gives \(column.type)")
            field = before
        }
        successors[before.id] = field
        written.append(field)
    }

    /// The table's columns: the old ones as they go on, then those that are new.
    mutating func table(after current: Schema, alreadyGone: Set<Int>) -> [Field] {
        let names = Dictionary(written.map { ($0.name, $0) }, uniquingKeysWith: { $1 })
        var table: [Field] = []
        for field in current.fields {
            if let successor = successors[field.id] {
                table.append(successor)
            } else if let namesake = names[field.name] {
                // A renamed column took the name, and no two can have it.
                note(.replaced(name: field.name, from: field.type, to: namesake.type))
            } else {
                if !alreadyGone.contains(field.id) { note(.gone(name: field.name)) }
                var gone = field
                gone.isRequired = false
                table.append(gone)
            }
        }
        let known = Set(table.map(\.id))
        return table + written.filter { !known.contains($0.id) }
    }

    private mutating func note(_ change: SchemaChange) {
        matcher.changes.append(change)
    }
}
