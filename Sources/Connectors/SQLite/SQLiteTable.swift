/// One table or view as the database describes it.
struct SQLiteTable {
    /// What kind of object it is, which decides how it can be read.
    enum Kind: String {
        case table
        case view
        case virtual = "virtual table"
    }

    var name: String
    var kind: Kind
    var isStrict: Bool
    var isWithoutRowID: Bool
    var columns: [SQLiteColumn] = []

    /// The columns of the primary key, in its order.
    var primaryKey: [String] {
        columns.filter { $0.keyPosition > 0 }
            .sorted { $0.keyPosition < $1.keyPosition }
            .map(\.name)
    }

    /// A name of the row id that no column hides; nil where there is none.
    var rowIDName: String? {
        guard kind == .table, !isWithoutRowID else { return nil }
        let taken = Set(columns.map { $0.name.lowercased() })
        return ["rowid", "_rowid_", "oid"].first { !taken.contains($0) }
    }
}

/// One column as the database describes it.
struct SQLiteColumn {
    var name: String
    /// As written; empty if nothing was.
    var declaration: String
    var isNotNull: Bool
    /// 1 for the first column of the primary key; 0 outside it.
    var keyPosition: Int
    /// Whether rows that were there before the column came may have a value in it.
    var fillsOldRows = false
    /// Another name of the row id: always an integer, never null.
    var isRowID = false

    /// The declaration as a user is told it.
    var sourceType: String { declaration.isEmpty ? "untyped" : declaration }
}
