import Streams

/// A table, view or the like, as the server's catalog describes it.
struct PostgresRelation: Sendable {
    /// `pg_class.relkind`, of what has rows to be read.
    enum Kind: String, Sendable, CaseIterable {
        case table = "r"
        case partitionedTable = "p"
        case view = "v"
        case materializedView = "m"
        case foreignTable = "f"

        /// Whether its rows lie in files of the server itself.
        var hasRows: Bool {
            switch self {
            case .table, .partitionedTable, .materializedView: true
            case .view, .foreignTable: false
            }
        }

        /// Whether `LOCK TABLE` takes it.
        var canBeLocked: Bool {
            switch self {
            case .table, .partitionedTable, .view: true
            case .materializedView, .foreignTable: false
            }
        }

        /// The kind in words.
        var words: String {
            switch self {
            case .table: "table"
            case .partitionedTable: "partitioned table"
            case .view: "view"
            case .materializedView: "materialized view"
            case .foreignTable: "foreign table"
            }
        }

        /// How the relation called `name` stands behind FROM.
        ///
        /// A parent of inheritance is read without its children, which are tables of their own; a
        /// partitioned table with its partitions.
        func fromClause(_ name: String) -> String { self == .table ? "ONLY \(name)" : name }

        /// The letters as a list of SQL.
        static let list = allCases.map { "'\($0.rawValue)'" }.joined(separator: ", ")
    }

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
