extension PostgresRelation {
    /// `pg_class.relkind`, of what has rows to be read.
    enum Kind: String, Sendable, CaseIterable {
        case table = "r"
        case partitionedTable = "p"
        case view = "v"
        case materializedView = "m"
        case foreignTable = "f"

        /// The letter of a composite type, which has columns and no rows.
        static let compositeType = "c"

        /// Whether its rows lie in files of the server itself.
        var hasRows: Bool {
            switch self {
            case .table, .partitionedTable, .materializedView: true
            case .view, .foreignTable: false
            }
        }

        /// Whether it has a file of its own; a partitioned table has those of its partitions.
        var keepsFile: Bool { hasRows && self != .partitionedTable }

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

        /// The letter as SQL writes it.
        var sql: String { "'\(rawValue)'" }

        /// The letters of all kinds that meet a condition, as a list of SQL.
        static func sql(where isMeant: (Kind) -> Bool = { _ in true }) -> String {
            allCases.filter(isMeant).map(\.sql).joined(separator: ", ")
        }
    }
}
