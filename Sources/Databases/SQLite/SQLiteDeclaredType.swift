/// What a column was declared to hold; SQLite itself only takes it as a hint.
struct SQLiteDeclaredType {
    /// The meaning of the name, where it has one.
    enum Meaning: Hashable {
        case boolean
        case date
        case timestamp
        case decimal(precision: Int, scale: Int)
        case uuid
        case json
        /// Of a STRICT table: any value as it is.
        case any
        case none
    }

    /// SQLite's affinity, by its own rules.
    enum Affinity {
        case integer, text, blob, real, numeric
        /// Nothing was declared.
        case none
    }

    let meaning: Meaning
    let affinity: Affinity

    /// Reads a declaration as it stands in the table.
    init(_ declaration: String) {
        let name = declaration.uppercased()
        affinity = Self.affinity(of: name)
        let word = String(name.prefix { $0 != "(" && $0 != " " })
        switch word {
        case "BOOLEAN", "BOOL": meaning = .boolean
        case "DATE": meaning = .date
        case "DATETIME", "TIMESTAMP", "TIMESTAMPTZ", "DATETIME2", "SMALLDATETIME":
            meaning = .timestamp
        case "DECIMAL", "NUMERIC", "DEC", "NUMBER":
            meaning = Self.decimal(name) ?? .none
        case "UUID", "GUID", "UNIQUEIDENTIFIER": meaning = .uuid
        case "JSON", "JSONB": meaning = .json
        case "ANY": meaning = .any
        default: meaning = .none
        }
    }

    /// Section 3.1 of SQLite's "Datatypes" page, in its order.
    private static func affinity(of name: String) -> Affinity {
        if name.isEmpty { return .none }
        if name.contains("INT") { return .integer }
        if name.contains("CHAR") || name.contains("CLOB") || name.contains("TEXT") {
            return .text
        }
        if name.contains("BLOB") { return .blob }
        if name.contains("REAL") || name.contains("FLOA") || name.contains("DOUB") {
            return .real
        }
        return .numeric
    }

    /// Precision and scale in brackets, if a lake column can have them.
    private static func decimal(_ name: String) -> Meaning? {
        guard let open = name.firstIndex(of: "("), let close = name.firstIndex(of: ")"),
            open < close
        else { return nil }
        let parts = name[name.index(after: open)..<close].split(separator: ",")
        let numbers = parts.map { Int($0.filter { $0 != " " }) }
        guard 1...2 ~= numbers.count, let precision = numbers[0],
            let scale = numbers.count == 2 ? numbers[1] : 0,
            1...38 ~= precision, 0...precision ~= scale
        else { return nil }
        return .decimal(precision: precision, scale: scale)
    }
}
