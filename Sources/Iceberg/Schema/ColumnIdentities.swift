import JSON

internal import Columnar

/// What tells columns apart for ever, whatever their names: the source's word for each.
///
/// An identity is a text `<table>.<column>`, for Postgres the table's oid and the column's
/// attnum. Two identities of one table can be compared: equal ones are one column, others are
/// two. Identities of different tables say nothing of each other, as after a table was created again.
package struct ColumnIdentities: Hashable, Sendable {
    /// By the names the columns have at the source now; empty where a source has none.
    package var source: [String: String]
    /// By field id, as the last run left them.
    package var table: [Int: String]

    /// Makes the identities of source and table.
    package init(source: [String: String] = [:], table: [Int: String] = [:]) {
        self.source = source
        self.table = table
    }

    /// Whether two identities are those of two columns of one table.
    static func areDistinct(_ one: String, _ other: String) -> Bool {
        one != other && table(of: one) == table(of: other)
    }

    /// The part before the last dot; nothing in an identity without one.
    private static func table(of identity: String) -> Substring? {
        identity.lastIndex(of: ".").map { identity[..<$0] }
    }

    /// The entries whose identity is that of one key only: what two share tells nothing apart.
    static func distinct<Key>(_ identities: [Key: String]) -> [Key: String] {
        var counts: [String: Int] = [:]
        for identity in identities.values { counts[identity, default: 0] += 1 }
        return identities.filter { !$0.value.isEmpty && counts[$0.value] == 1 }
    }

    /// What to keep once the source's columns are written as `fields`: the source's word for
    /// them, and of all others what was kept before.
    func stored(for fields: [Field]) -> [Int: String] {
        let names = Set(fields.map(\.name))
        let now = Self.distinct(source.filter { names.contains($0.key) })
        let used = Set(now.values)
        // An identity is one column's: a field that lost its column has none.
        var stored = table.filter { !used.contains($0.value) }
        for field in fields {
            if let identity = now[field.name] { stored[field.id] = identity }
        }
        return stored
    }
}

// MARK: The table's property

extension ColumnIdentities {
    /// The property of a table that keeps its identities.
    package static let property = "tributary.column-identities"

    /// The identities by field id as compact JSON, in the order of the ids.
    package static func text(of identities: [Int: String]) -> String {
        let members = identities.sorted { $0.key < $1.key }
        let json = JSONObject(members.map { (String($0.key), .string($0.value)) })
        return String(decoding: JSONValue.object(json).bytes(), as: UTF8.self)
    }

    /// Reads what `text(of:)` wrote.
    ///
    /// - Throws: `IcebergError` `corrupt`.
    package static func parse(_ text: String) throws -> [Int: String] {
        do {
            guard let json = try JSONValue(document: Array(text.utf8)).object else {
                throw IcebergError(.corrupt, "no object")
            }
            var identities: [Int: String] = [:]
            for (name, identity) in try json.strings() {
                guard let id = Int32(name), id > 0 else {
                    throw IcebergError(.corrupt, "`\(name)` is no field id")
                }
                identities[Int(id)] = identity
            }
            return identities
        } catch let error as IcebergError {
            throw IcebergError(
                .corrupt,
                "the table's property `\(property)` is damaged: \(error.message). Remove it, and "
                    + "columns are matched by name once"
            )
        }
    }
}

extension TableMetadata {
    /// The identities of the table's columns as of the last run; none in a table without them.
    ///
    /// - Throws: `IcebergError` `corrupt`.
    package func columnIdentities() throws -> [Int: String] {
        try properties[ColumnIdentities.property].map(ColumnIdentities.parse) ?? [:]
    }
}

extension TableTransaction {
    /// Keeps the identities of the table's columns with it; none removes them.
    package mutating func setColumnIdentities(_ identities: [Int: String]) {
        let text = identities.isEmpty ? nil : ColumnIdentities.text(of: identities)
        setProperties([ColumnIdentities.property: text])
    }
}
