package import Columnar

/// How a table's schema follows its source when the table is replaced as a whole.
package struct SchemaEvolution: Hashable, Sendable {
    /// The table's new schema: its fields in their order, then the new ones.
    package let table: Schema
    /// What the data files hold: the source's columns in their order, with the table's ids and
    /// types, which may be wider than the source's.
    package let written: Schema
    /// The highest id ever given out.
    package let lastColumnID: Int
    package let changes: [SchemaChange]

    /// Numbers the fields of a first schema.
    ///
    /// - Throws: `IcebergError` `schemaDrift` for two columns of one name.
    package static func first(_ incoming: Schema) throws -> SchemaEvolution {
        try checkNames(incoming.fields, "the source")
        var matcher = FieldMatcher(lastID: 0)
        let fields = incoming.fields.map { matcher.numbered($0, isOptional: false) }
        return SchemaEvolution(
            table: Schema(fields),
            written: Schema(fields),
            lastColumnID: matcher.lastID,
            changes: []
        )
    }

    /// Matches the source's columns with the table's by name.
    ///
    /// - A column of equal type keeps its id. `int` to `long`, `float` to `double` and more digits
    ///   of a decimal of the same scale widen the column; a table's type that is wider already
    ///   stays.
    /// - A new column, or member of a structure, is optional.
    /// - A column the source no longer has stays as an optional one; a member of a structure goes.
    /// - Elements of lists, structures and maps are matched in the same way.
    ///
    /// - Parameters:
    ///   - current: The table's schema.
    ///   - lastColumnID: The highest id the table ever gave out.
    ///   - incoming: The source's columns; their ids are ignored.
    ///   - observed: Columns whose type was chosen from their values: another type is no drift.
    ///   - allowTypeChange: Whether any column may take another type, under a new id.
    /// - Returns: The schemas of table and files, and what changed.
    /// - Throws: `IcebergError` `schemaDrift` naming every column whose type does not fit.
    package static func evolve(
        current: Schema,
        lastColumnID: Int,
        incoming: Schema,
        observed: Set<String> = [],
        allowTypeChange: Bool = false
    ) throws -> SchemaEvolution {
        try checkNames(incoming.fields, "the source")
        try checkNames(current.fields, "the table")
        var matcher = FieldMatcher(lastID: max(lastColumnID, current.lastFieldID))
        let old = Dictionary(current.fields.map { ($0.name, $0) }, uniquingKeysWith: { $1 })
        var written: [Field] = []
        var offences: [String] = []
        for field in incoming.fields {
            guard let before = old[field.name] else {
                matcher.changes.append(.added(name: field.name, type: field.type))
                written.append(matcher.numbered(field, isOptional: true))
                continue
            }
            let trial = matcher
            if let matched = matcher.match(before, field, path: field.name) {
                written.append(matched)
            } else if allowTypeChange || observed.contains(field.name) {
                matcher = trial
                let change = SchemaChange.retyped(
                    name: field.name,
                    from: before.type,
                    to: field.type
                )
                matcher.changes.append(change)
                written.append(matcher.numbered(field, isOptional: true))
            } else {
                matcher = trial
                offences.append("\(field.name): was \(before.type), source now gives \(field.type)")
            }
        }
        guard offences.isEmpty else {
            throw IcebergError(
                .schemaDrift,
                offences.joined(separator: "; ")
                    + ". Allow the change of type, cast the column, or sync into another table"
            )
        }
        return merge(current: current, written: written, matcher: matcher)
    }

    private static func merge(
        current: Schema,
        written: [Field],
        matcher: FieldMatcher
    ) -> SchemaEvolution {
        var matcher = matcher
        let new = Dictionary(written.map { ($0.name, $0) }, uniquingKeysWith: { $1 })
        var table: [Field] = []
        for field in current.fields {
            if let after = new[field.name] {
                table.append(after)
            } else {
                matcher.changes.append(.gone(name: field.name))
                var gone = field
                gone.isRequired = false
                table.append(gone)
            }
        }
        let known = Set(current.fields.map(\.name))
        table += written.filter { !known.contains($0.name) }
        return SchemaEvolution(
            table: Schema(table),
            written: Schema(written),
            lastColumnID: matcher.lastID,
            changes: matcher.changes
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

/// Matches fields one by one, giving out ids and noting changes.
private struct FieldMatcher {
    var lastID: Int
    var changes: [SchemaChange] = []

    init(lastID: Int) {
        self.lastID = lastID
    }

    /// The field with new ids for itself and all within.
    mutating func numbered(_ field: Field, isOptional: Bool) -> Field {
        var field = field
        lastID += 1
        field.id = lastID
        if isOptional { field.isRequired = false }
        switch field.type {
        case .list(let element):
            field.type = .list(element: numbered(element, isOptional: false))
        case .structure(let members):
            field.type = .structure(members.map { numbered($0, isOptional: false) })
        case .map(let key, let value):
            let key = numbered(key, isOptional: false)
            field.type = .map(key: key, value: numbered(value, isOptional: false))
        default: break
        }
        return field
    }

    /// The field as it goes on; nil when the types do not fit.
    mutating func match(_ before: Field, _ after: Field, path: String) -> Field? {
        guard let type = match(before.type, after.type, path: path) else { return nil }
        var field = after
        field.id = before.id
        field.type = type
        field.isRequired = before.isRequired && after.isRequired
        field.documentation = after.documentation ?? before.documentation
        if before.isRequired, !after.isRequired { changes.append(.madeOptional(name: path)) }
        return field
    }

    private mutating func match(
        _ before: DataType,
        _ after: DataType,
        path: String
    ) -> DataType? {
        switch (before, after) {
        case (.list(let old), .list(let new)):
            return match(old, new, path: path + ".element").map { .list(element: $0) }
        case (.map(let oldKey, let oldValue), .map(let newKey, let newValue)):
            guard var key = match(oldKey, newKey, path: path + ".key"),
                let value = match(oldValue, newValue, path: path + ".value")
            else { return nil }
            // A map's key is never null, whatever the source says of it.
            key.isRequired = true
            return .map(key: key, value: value)
        case (.structure(let old), .structure(let new)):
            return match(members: old, new, path: path).map { .structure($0) }
        default:
            guard let wider = Self.common(before, after) else { return nil }
            if wider != before { changes.append(.widened(name: path, from: before, to: wider)) }
            return wider
        }
    }

    private mutating func match(members old: [Field], _ new: [Field], path: String) -> [Field]? {
        let byName = Dictionary(old.map { ($0.name, $0) }, uniquingKeysWith: { $1 })
        var members: [Field] = []
        for member in new {
            let place = path + "." + member.name
            if let before = byName[member.name] {
                guard let matched = match(before, member, path: place) else { return nil }
                members.append(matched)
            } else {
                changes.append(.added(name: place, type: member.type))
                members.append(numbered(member, isOptional: true))
            }
        }
        let names = Set(new.map(\.name))
        for member in old where !names.contains(member.name) {
            changes.append(.gone(name: path + "." + member.name))
        }
        return members
    }

    /// The one of two types that holds the values of both; nil when neither does.
    private static func common(_ before: DataType, _ after: DataType) -> DataType? {
        switch (before, after) {
        case (.int, .long), (.long, .int): .long
        case (.float, .double), (.double, .float): .double
        case (.decimal(let old, let oldScale), .decimal(let new, let newScale)):
            oldScale == newScale ? .decimal(precision: max(old, new), scale: oldScale) : nil
        default: before == after ? before : nil
        }
    }
}
