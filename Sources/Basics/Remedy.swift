/// What somebody can set so that it works, or means something else, the next time.
///
/// A message names it as the field of a definition or request, between signs that nothing else has:
/// ‹primary_key›, or ‹on_conflict: append›. Each surface spells it as its own: the API as that field, the
/// command line as an option.
package struct Remedy: Hashable, Sendable, CustomStringConvertible {
    /// The field; for a column's policy its name follows a dot.
    package let field: String
    /// What to set it to; nil where that depends.
    package let value: String?

    private init(_ field: String, _ value: String? = nil) {
        self.field = field
        self.value = value
    }

    /// The same field, set to a value.
    package func to(_ value: String) -> Remedy { Remedy(field, value) }

    package var description: String { "‹\(words)›" }

    /// The field, with its value where there is one.
    private var words: String { value.map { "\(field): \($0)" } ?? field }

    /// The field as the API's texts quote it.
    package var quoted: String { "`\(words)`" }
}

extension Remedy {
    // MARK: What a run does with the rows there are

    /// The run starts over and replaces all rows.
    package static let restart = Remedy("rows", "restart")
    /// The run keeps rows that others brought.
    package static let adopt = Remedy("rows", "adopt")
    /// The run goes on where another process stands that still seems to work.
    package static let takeOver = Remedy("take_over")
    /// The table that rows land in.
    package static let dataset = Remedy("dataset")
    /// A place to begin from.
    package static let state = Remedy("state")

    // MARK: What is read

    package static let mode = Remedy("mode")
    package static let columns = Remedy("columns")
    package static let condition = Remedy("where")
    package static let cursor = Remedy("cursor")
    package static let primaryKey = Remedy("primary_key")
    package static let onConflict = Remedy("on_conflict")
    package static let lookback = Remedy("lookback")
    package static let schema = Remedy("schema")
    package static let allowTypeChange = Remedy("allow_type_change")
    package static let acceptUnseenChanges = Remedy("accept_unseen_changes")
    package static let requireEqual = Remedy("require_equal")

    /// What becomes of the values a column cannot hold.
    package static func policy(of column: String, _ value: String) -> Remedy {
        Remedy(policies + column, value)
    }

    // MARK: How the source is read

    package static let parallel = Remedy("parallel")
    package static let maxConnections = Remedy("max_connections")
    package static let maxSnapshotAge = Remedy("max_snapshot_age")

    // MARK: Where things are

    package static let stateFolder = Remedy("state_folder")
    package static let metastore = Remedy("metastore")
    package static let key = Remedy("key")
    package static let server = Remedy("server")

    private static let policies = "column_policies."

    /// The column whose policy this is.
    package var policyColumn: String? {
        field.hasPrefix(Self.policies) ? String(field.dropFirst(Self.policies.count)) : nil
    }

    /// All but those of columns.
    package static let all: [Remedy] = [
        restart, adopt, takeOver, dataset, state, mode, columns, condition, cursor, primaryKey,
        onConflict, lookback, schema, allowTypeChange, acceptUnseenChanges, requireEqual, parallel,
        maxConnections, maxSnapshotAge, stateFolder, metastore, key, server,
    ]
}

extension Remedy {
    /// A text with the remedies it names spelled by a surface.
    package static func spelled(_ text: String, _ spelling: (Remedy) -> String) -> String {
        var rest = text[...]
        var result = ""
        while let start = rest.firstIndex(of: "‹"), let end = rest[start...].firstIndex(of: "›") {
            result += rest[..<start]
            let inner = rest[rest.index(after: start)..<end]
            let behind = rest.index(after: end)
            result += Remedy(named: inner).map(spelling) ?? String(rest[start..<behind])
            rest = rest[behind...]
        }
        return result + rest
    }

    /// What stands between the signs; nil for what is none.
    private init?(named text: Substring) {
        let parts = text.split(separator: ": ", maxSplits: 1).map(String.init)
        guard let field = parts.first, Self.fields.contains(field) || field.hasPrefix(Self.policies)
        else { return nil }
        self.init(field, parts.count == 2 ? parts[1] : nil)
    }

    private static let fields = Set(all.map(\.field))
}
