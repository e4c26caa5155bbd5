/// SQL that the source writes.
enum SQLiteSyntax {
    /// A name in double quotes, whatever it holds.
    static func quoted(_ name: String) -> String { Databases.quoted(name) }

    /// The condition of a read; on a line of its own, so that a comment in it ends there.
    static func condition(_ filter: String?) -> String {
        filter.map { " WHERE (\($0)\n)" } ?? ""
    }

    /// The statement that reads some expressions over a table.
    static func select(_ expressions: [String], from table: String, filter: String?) -> String {
        "SELECT " + expressions.joined(separator: ", ") + " FROM main." + quoted(table)
            + condition(filter)
    }

    /// What stands of each column in the text that made a table; nil where it cannot be taken apart.
    static func columnTexts(of sql: String) -> [(name: String, text: String)]? {
        let scalars = Array(sql.unicodeScalars)
        guard let start = scalars.firstIndex(of: "(") else { return nil }
        var items: [String] = [""]
        var depth = 1
        var place = start + 1
        /// Takes over what is quoted, up to the sign that ends it.
        func takeQuoted(by end: Unicode.Scalar) {
            repeat {
                items[items.count - 1].unicodeScalars.append(scalars[place])
                place += 1
            } while place < scalars.count && scalars[place] != end
        }
        while place < scalars.count {
            let scalar = scalars[place]
            let next = place + 1 < scalars.count ? scalars[place + 1] : " "
            switch scalar {
            case "'", "\"", "`": takeQuoted(by: scalar)
            case "[": takeQuoted(by: "]")
            case "-" where next == "-":
                while place < scalars.count, scalars[place] != "\n" { place += 1 }
                continue
            case "/" where next == "*":
                place += 2
                while place + 1 < scalars.count, scalars[place] != "*" || scalars[place + 1] != "/"
                {
                    place += 1
                }
                place += 2
                continue
            case "(": depth += 1
            case ")": depth -= 1
            case "," where depth == 1:
                items.append("")
                place += 1
                continue
            default: break
            }
            if depth == 0 { break }
            if place < scalars.count {
                items[items.count - 1].unicodeScalars.append(scalars[place])
            }
            place += 1
        }
        guard depth == 0 else { return nil }
        return items.compactMap { item in
            let text = item.split(whereSeparator: \.isWhitespace).joined(separator: " ")
            return switch SQLText(text, .sqlite).tokens.first {
            case .word(let name), .name(let name), .text(let name): (name, text)
            case .number, .sign, nil: nil
            }
        }
    }

    /// The value of an expression as a literal that is read as the same value.
    ///
    /// `quote` ends a text at a character of code 0, and what is no UTF-8 does not outlive being fetched.
    static func literalQuery(_ expression: String) -> String {
        let isOdd = "(\(expression) GLOB '*[^ -~]*' OR instr(\(expression), char(0)) > 0)"
        return "CASE WHEN typeof(\(expression)) = 'text' AND \(isOdd) "
            + "THEN 'CAST(X''' || hex(\(expression)) || ''' AS TEXT)' ELSE quote(\(expression)) END"
    }

    /// A value as a literal: what is one already, else as text.
    static func literal(_ value: String) -> String {
        let isNumber = value.wholeMatch(of: /-?[0-9]+(\.[0-9]*)?([eE][-+]?[0-9]+)?/) != nil
        let isText =
            value.wholeMatch(of: /[xX]?'([^']|'')*'|CAST\(X'[0-9A-F]*' AS TEXT\)/) != nil
        if isNumber || isText || value == "NULL" { return value }
        return "'" + value.replacing("'", with: "''") + "'"
    }
}
