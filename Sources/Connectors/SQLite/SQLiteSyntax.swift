/// SQL that the source writes.
enum SQLiteSyntax {
    /// A name in double quotes, whatever it holds.
    static func quoted(_ name: String) -> String { Connectors.quoted(name) }

    /// The condition of a read; on a line of its own, so that a comment in it ends there.
    static func condition(_ filter: String?) -> String {
        filter.map { " WHERE (\($0)\n)" } ?? ""
    }

    /// The statement that reads some expressions over a table.
    static func select(_ expressions: [String], from table: String, filter: String?) -> String {
        "SELECT " + expressions.joined(separator: ", ") + " FROM main." + quoted(table)
            + condition(filter)
    }

    /// A value as a literal: what is one already, else as text.
    static func literal(_ value: String) -> String {
        let isNumber = value.wholeMatch(of: /-?[0-9]+(\.[0-9]*)?([eE][-+]?[0-9]+)?/) != nil
        let isText = value.wholeMatch(of: /[xX]?'([^']|'')*'/) != nil
        if isNumber || isText || value == "NULL" { return value }
        return "'" + value.replacing("'", with: "''") + "'"
    }
}
