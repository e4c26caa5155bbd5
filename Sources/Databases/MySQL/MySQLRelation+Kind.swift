extension MySQLRelation {
    /// `table_type` of the information schema, of what has rows to be read.
    enum Kind: String, Sendable, CaseIterable {
        case table = "BASE TABLE"
        case view = "VIEW"
        case systemVersioned = "SYSTEM VERSIONED"

        /// The kind in words.
        var words: String {
            switch self {
            case .table: "table"
            case .view: "view"
            case .systemVersioned: "system-versioned table"
            }
        }

        /// The types as a list of SQL.
        static let list = allCases.map { "'\($0.rawValue)'" }.joined(separator: ", ")
    }
}
