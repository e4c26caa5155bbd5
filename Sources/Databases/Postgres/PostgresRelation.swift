import Streams

/// A table, view or the like, as the server's catalog describes it.
struct PostgresRelation: Sendable {
    struct Column: Sendable {
        var name: String
        var typeID: String
        var modifier: Int
        var typeName: String
        var isRequired: Bool
        var comment: String?
        /// Relation and number of the column, which stay when it is renamed.
        var identity: String?
        /// The expression of a column that is computed whenever it is read.
        var expression: String?
        /// Whether its collation takes texts of other bytes for equal.
        var hasLooseCollation = false
    }

    var id: String
    var name: StreamName
    var kind: Kind
    var hasChildren: Bool
    var filtersRows: Bool
    /// Why this user may not read it; nil where nothing is in the way.
    var obstacle: String?
    var estimatedRowCount: Int64?
    var estimatedByteCount: Int64?
    var columns: [Column] = []
    var primaryKey: [String] = []

    /// The relation as it stands behind FROM.
    var fromClause: String {
        kind.fromClause(
            [name.namespace, name.name].compactMap { $0 }.map(quoted).joined(separator: ".")
        )
    }
}
