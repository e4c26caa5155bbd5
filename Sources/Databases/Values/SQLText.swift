/// The words of a piece of SQL, without its comments: enough to see what it asks for.
package struct SQLText {
    /// How the text is quoted.
    package enum Dialect: Sendable {
        case postgres
        /// `"…"` is a text, unless the session says otherwise: both are passed over alike.
        case mysql
        case sqlite
    }

    enum Token: Equatable {
        /// A word without quotes, in lower case.
        case word(String)
        /// A name in quotes.
        case name(String)
        /// A text, without its quotes.
        case text(String)
        case number
        case sign(Character)
    }

    private(set) var tokens: [Token] = []
    private let dialect: Dialect

    /// Takes a text apart; what makes no sense becomes signs.
    package init(_ text: String, _ dialect: Dialect) {
        self.dialect = dialect
        var rest = Array(text.unicodeScalars)[...]
        while let scalar = rest.popFirst() {
            switch scalar {
            case "-" where rest.first == "-" && Self.isComment(rest.dropFirst(), dialect):
                rest = rest.drop { $0 != "\n" }
            case "#" where dialect == .mysql: rest = rest.drop { $0 != "\n" }
            case "/" where rest.first == "*" && dialect == .mysql && Self.enterProgram(&rest): break
            case "/" where rest.first == "*": Self.dropComment(&rest, nests: dialect == .postgres)
            case "'": append(text: Self.quoted(&rest, by: "'", dialect == .mysql))
            case "\"":
                let text = Self.quoted(&rest, by: "\"", dialect == .mysql)
                if dialect == .mysql { append(text: text) } else { tokens.append(.name(text)) }
            case "`": tokens.append(.name(Self.quoted(&rest, by: "`", false)))
            case "[" where dialect == .sqlite:
                tokens.append(.name(Self.quoted(&rest, by: "]", false)))
            case "$" where dialect == .postgres:
                if let (text, end) = Self.dollarText(rest) {
                    append(text: text)
                    rest = end
                } else {
                    tokens.append(.sign("$"))
                }
            case _ where Self.begins(scalar):
                var word = String(scalar)
                while let next = rest.first, Self.begins(next) || ("0"..."9" ~= next) || next == "$"
                {
                    word.unicodeScalars.append(next)
                    rest.removeFirst()
                }
                if dialect == .postgres, ["e", "E"].contains(word), rest.first == "'" {
                    rest.removeFirst()
                    append(text: Self.quoted(&rest, by: "'", true))
                } else if dialect == .postgres, ["u", "U"].contains(word),
                    rest.starts(with: ["&", "'"])
                {
                    rest.removeFirst(2)
                    append(text: Self.decoded(Self.quoted(&rest, by: "'", false)))
                } else {
                    tokens.append(.word(word.lowercased()))
                }
            case "0"..."9":
                rest = rest.drop { $0.properties.isAlphabetic || "0"..."9" ~= $0 || $0 == "." }
                tokens.append(.number)
            case _ where scalar.properties.isWhitespace: break
            default: tokens.append(.sign(Character(scalar)))
            }
        }
    }

    /// Texts that follow each other are one.
    private mutating func append(text: String) {
        if case .text(let before)? = tokens.last {
            tokens[tokens.count - 1] = .text(before + text)
        } else {
            tokens.append(.text(text))
        }
    }

    /// Whether two hyphens begin a comment: MySQL wants a blank behind them.
    private static func isComment(
        _ rest: ArraySlice<Unicode.Scalar>,
        _ dialect: Dialect
    ) -> Bool {
        dialect != .mysql || rest.first.map { $0.value <= 0x20 } ?? true
    }

    /// Steps into `/*! … */`, which MySQL and MariaDB run; false where it is a comment.
    private static func enterProgram(_ rest: inout ArraySlice<Unicode.Scalar>) -> Bool {
        var inner = rest.dropFirst()
        if inner.first == "M" { inner.removeFirst() }
        guard inner.first == "!" else { return false }
        rest = inner.dropFirst().drop { "0"..."9" ~= $0 }
        return true
    }

    /// A text with `\006e` and `\+00006e` for characters.
    private static func decoded(_ text: String) -> String {
        var result = ""
        var rest = Array(text.unicodeScalars)[...]
        while let scalar = rest.popFirst() {
            guard scalar == "\\" else {
                result.unicodeScalars.append(scalar)
                continue
            }
            let count = rest.first == "+" ? 6 : 4
            if count == 6 { rest.removeFirst() }
            let digits = rest.prefix(count)
            rest = rest.dropFirst(digits.count)
            appendCode(String(String.UnicodeScalarView(digits)), radix: 16, to: &result)
        }
        return result
    }

    private static func appendCode(_ digits: String, radix: UInt32, to text: inout String) {
        guard let code = UInt32(digits, radix: Int(radix)), let scalar = Unicode.Scalar(code) else {
            return
        }
        text.unicodeScalars.append(scalar)
    }

    private static func begins(_ scalar: Unicode.Scalar) -> Bool {
        scalar == "_" || scalar.properties.isAlphabetic
    }

    private static func quoted(
        _ rest: inout ArraySlice<Unicode.Scalar>,
        by quote: Unicode.Scalar,
        _ takesBackslash: Bool
    ) -> String {
        var text = ""
        while let scalar = rest.popFirst() {
            if scalar == quote {
                guard rest.first == quote else { return text }
                rest.removeFirst()
            } else if scalar == "\\", takesBackslash, let escaped = rest.popFirst() {
                appendEscape(escaped, &rest, to: &text)
                continue
            }
            text.unicodeScalars.append(scalar)
        }
        return text
    }

    /// What stands for a character behind a backslash.
    private static func appendEscape(
        _ escaped: Unicode.Scalar,
        _ rest: inout ArraySlice<Unicode.Scalar>,
        to text: inout String
    ) {
        let (length, radix): (Int, UInt32)
        switch escaped {
        case "b", "f", "n", "r", "t": return text.append(" ")
        case "x": (length, radix) = (2, 16)
        case "u": (length, radix) = (4, 16)
        case "U": (length, radix) = (8, 16)
        case "0"..."7":
            rest = [escaped] + rest
            (length, radix) = (3, 8)
        default: return text.unicodeScalars.append(escaped)
        }
        let digits = rest.prefix(length).prefix { $0.properties.isASCIIHexDigit }
        rest = rest.dropFirst(digits.count)
        appendCode(String(String.UnicodeScalarView(digits)), radix: radix, to: &text)
    }

    private static func dropComment(_ rest: inout ArraySlice<Unicode.Scalar>, nests: Bool) {
        var depth = 1
        rest.removeFirst()
        while depth > 0, let scalar = rest.popFirst() {
            if scalar == "*", rest.first == "/" {
                rest.removeFirst()
                depth -= 1
            } else if nests, scalar == "/", rest.first == "*" {
                rest.removeFirst()
                depth += 1
            }
        }
    }

    /// What stands in `$tag$…$tag$`, whose first sign is gone, and what follows it; nil where it is none.
    private static func dollarText(
        _ rest: ArraySlice<Unicode.Scalar>
    ) -> (text: String, rest: ArraySlice<Unicode.Scalar>)? {
        let tag = rest.prefix { begins($0) || "0"..."9" ~= $0 }
        guard rest.dropFirst(tag.count).first == "$" else { return nil }
        let end = Array("$".unicodeScalars) + tag + Array("$".unicodeScalars)
        var body = rest.dropFirst(tag.count + 1)
        var text = ""
        while !body.isEmpty, !body.starts(with: end) {
            text.unicodeScalars.append(body.removeFirst())
        }
        return (text, body.dropFirst(end.count))
    }

    // MARK: What it asks for

    /// What the text asks for besides the row at hand, one phrase each: its answer for a row may then
    /// change without a write to the row.
    package var outsideRow: [String] {
        var found: [String] = []
        func note(_ phrase: String) { if !found.contains(phrase) { found.append(phrase) } }
        for (index, token) in tokens.enumerated() {
            let isCalled = index + 1 < tokens.count && tokens[index + 1] == .sign("(")
            switch token {
            case .word(let word):
                if isTable(behind: index) { note("it asks other rows (IN)") }
                if Self.queryWords.contains(word) {
                    note("it asks other rows (\(word.uppercased()))")
                }
                if Self.timeWords.contains(word) { note("it asks for the time (\(word))") }
                if Self.sessionWords.contains(word) { note("it asks for the session (\(word))") }
                if isCalled, !Self.harmless.contains(word), !Self.timeWords.contains(word),
                    !Self.queryWords.contains(word), !Self.sessionWords.contains(word)
                {
                    note("it calls \(word)()")
                }
            case .name(let name): if isCalled { note("it calls \(name)()") }
            case .text(let text):
                if dialect != .mysql, let word = Self.timeWord(in: text) {
                    note("it asks for the time ('\(word)')")
                }
            case .sign("@") where dialect != .postgres: note("it asks for a variable (@)")
            case .sign, .number: break
            }
        }
        return found
    }

    /// Whether the word at a place is an IN behind which a table's name stands, as SQLite takes it.
    private func isTable(behind index: Int) -> Bool {
        guard dialect == .sqlite, tokens[index] == .word("in"), index + 1 < tokens.count else {
            return false
        }
        return tokens[index + 1] != .sign("(")
    }

    /// The word by which a text asks for the time, wherever it stands, as in `[2020-01-01,now]`; nil in a
    /// text that says more.
    private static func timeWord(in text: String) -> String? {
        let words = text.lowercased().split { !$0.isLetter }.map(String.init)
        return words.count == 1 ? words.first { timeTexts.contains($0) } : nil
    }

    /// The same of the definition of a view, which is a query itself: one over the rows of one table, each
    /// by itself, asks for nothing.
    package var outsideRowOfView: [String] {
        var found = outsideRow.filter { !$0.contains("(SELECT)") }
        let words = tokens.compactMap { if case .word(let word) = $0 { word } else { nil } }
        if words.count(where: { $0 == "select" }) > 1 {
            found.append("it asks other rows (SELECT)")
        }
        for word in Self.gatheringWords where words.contains(word) {
            found.append("it joins or gathers rows (\(word.uppercased()))")
        }
        if hasSeveralRelations { found.append("it joins rows of several relations") }
        return found
    }

    /// Drops all up to the query of a `CREATE VIEW` statement.
    package mutating func dropViewHead() {
        var depth = 0
        for (index, token) in tokens.enumerated() {
            switch token {
            case .sign("("): depth += 1
            case .sign(")"): depth -= 1
            case .word("as") where depth == 0:
                tokens.removeFirst(index + 1)
                return
            default: break
            }
        }
    }

    /// Whether every parenthesis has its other one, in order: a condition stands between two of ours.
    var isBalanced: Bool {
        var depth = 0
        for token in tokens {
            if token == .sign("(") { depth += 1 }
            if token == .sign(")") { depth -= 1 }
            if depth < 0 { return false }
        }
        return depth == 0
    }

    /// All names, in quotes or not, in lower case.
    var names: Set<String> {
        Set(
            tokens.compactMap { token in
                switch token {
                case .word(let name): name
                case .name(let name), .text(let name): name.lowercased()
                case .number, .sign: nil
                }
            }
        )
    }

    /// Names, in lower case, each with the one behind a dot; nil where it stands alone.
    var members: [(name: String, member: String?)] {
        tokens.indices.compactMap { index in
            guard let name = name(at: index), index == 0 || tokens[index - 1] != .sign(".") else {
                return nil
            }
            let hasDot = index + 1 < tokens.count && tokens[index + 1] == .sign(".")
            return (name, hasDot ? self.name(at: index + 2) : nil)
        }
    }

    private func name(at index: Int) -> String? {
        guard tokens.indices.contains(index) else { return nil }
        return switch tokens[index] {
        case .word(let name): name
        case .name(let name): name.lowercased()
        case .text, .number, .sign: nil
        }
    }

    /// Whether FROM is followed by more than one relation.
    private var hasSeveralRelations: Bool {
        var depth = 0
        var isFrom = false
        for token in tokens {
            switch token {
            case .sign("("): depth += 1
            case .sign(")"): depth -= 1
            case .word("from") where depth == 0: isFrom = true
            case .word("where") where depth == 0: isFrom = false
            case .sign(",") where isFrom: return true
            default: break
            }
        }
        return false
    }

    /// The functions that are called by a name that no dialect brings along, in lower case.
    var calledNames: [String] {
        var found: Set<String> = []
        for (index, token) in tokens.enumerated().dropLast() where tokens[index + 1] == .sign("(") {
            switch token {
            case .word(let word) where !Self.harmless.contains(word): found.insert(word)
            case .name(let name): found.insert(name)
            default: break
            }
        }
        return found.sorted()
    }

    private static let queryWords: Set<String> = ["select", "values", "table"]

    private static let timeWords: Set<String> = [
        "current_date", "current_time", "current_timestamp", "localtime", "localtimestamp", "now",
        "sysdate", "curdate", "curtime", "utc_date", "utc_time", "utc_timestamp",
    ]

    private static let timeTexts: Set<String> = ["now", "today", "tomorrow", "yesterday"]

    private static let sessionWords: Set<String> = [
        "current_user", "session_user", "current_role", "current_catalog", "current_schema",
        "system_user",
    ]

    private static let gatheringWords = [
        "join", "group", "having", "distinct", "union", "intersect", "except", "limit", "offset",
        "fetch",
        "over", "window", "recursive", "lateral", "straight_join",
    ]

    /// Functions whose answer depends on their arguments alone, and words that brackets follow.
    private static let harmless: Set<String> = [
        "abs", "ceil", "ceiling", "floor", "round", "trunc", "truncate", "mod", "power", "pow",
        "sign",
        "sqrt", "coalesce", "nullif", "ifnull", "greatest", "least", "lower", "upper", "lcase",
        "ucase",
        "length", "char_length", "character_length", "octet_length", "trim", "ltrim", "rtrim",
        "btrim",
        "substr", "substring", "left", "right", "replace", "position", "strpos", "instr", "concat",
        "concat_ws", "reverse", "md5", "hex", "cast", "convert", "extract", "date_part",
        "date_trunc",
        "year", "month", "day", "hour", "minute", "second", "typeof", "iif", "if", "json_extract",
        "json_value", "json_unquote", "jsonb_typeof", "json_typeof", "jsonb_array_length",
        "starts_with",
        "and", "or", "not", "in", "any", "all", "some", "between", "like", "ilike", "is", "case",
        "when",
        "then", "else", "end", "where", "from", "as", "on", "using", "by", "escape", "similar",
        "to", "row",
        "array", "interval", "collate", "exists", "using", "regexp", "rlike", "glob", "xor", "div",
        "numeric", "decimal", "varchar", "char", "character", "varying", "binary", "varbinary",
        "bit",
        "timestamp", "time", "datetime", "float", "double", "int", "integer", "bigint", "smallint",
        "text",
    ]
}
