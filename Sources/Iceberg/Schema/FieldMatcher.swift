internal import Columnar

/// Matches fields one by one, giving out ids and noting changes.
struct FieldMatcher {
    var lastID: Int
    var changes: [SchemaChange] = []
    /// Members of structures that were left out.
    var ignored: [String] = []
    private let takesNewMembers: Bool

    init(lastID: Int, takesNewMembers: Bool = true) {
        self.lastID = lastID
        self.takesNewMembers = takesNewMembers
    }

    /// Whether a column of the table can go on as that one of the source.
    static func fits(_ before: Field, _ after: Field) -> Bool {
        var trial = FieldMatcher(lastID: 0)
        return trial.match(before, after, path: after.name) != nil
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
            } else if !takesNewMembers {
                ignored.append(place)
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
