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
    /// What a view is made by, and a table whose text cannot be taken apart.
    var definition = ""
    /// The file, its schema's version and where the table lies in it, one of which is another when the
    /// table is made again; nil for others.
    var identity: String?
    /// Queries of the view, its own first and those of the views it reads behind it.
    var viewQueries: [String] = []
    /// Indexes that keep some of its columns unique.
    var uniqueIndexes: [SQLiteUniqueIndex] = []

    /// The index that keeps columns unique; nil where none does, and for an integer primary key.
    func uniqueIndex(within key: [String]) -> SQLiteUniqueIndex? {
        uniqueIndexes.first { index in index.parts.allSatisfy { key.contains($0.column) } }
    }

    /// Whether the database keeps the columns of a key unique.
    func keepsUnique(_ key: [String]) -> Bool {
        columns.contains { $0.isRowID && key.contains($0.name) } || uniqueIndex(within: key) != nil
    }

    /// By what a column of a key is compared.
    func collation(of name: String, in key: [String]) -> String {
        uniqueIndex(within: key)?.parts.first { $0.column == name }?.collation
            ?? columns.first { $0.name == name }?.collation ?? "BINARY"
    }

    /// Whether the tables are those of Apple's Core Data, whose times count from 2001.
    var isCoreData: Bool {
        let names = Set(columns.map { $0.name.uppercased() })
        return names.isSuperset(of: ["Z_PK", "Z_ENT", "Z_OPT"])
    }

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
    /// By what its values are compared.
    var collation = "BINARY"
    /// What stands of it in the text that made the table; nil where that is not known.
    var definition: String?

    /// The declaration as a user is told it.
    var sourceType: String { declaration.isEmpty ? "untyped" : declaration }
}

/// An index without a condition that keeps rows unique by columns alone.
struct SQLiteUniqueIndex: Hashable {
    struct Part: Hashable {
        var column: String
        var collation: String
    }

    var parts: [Part]
}
