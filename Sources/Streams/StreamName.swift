/// The name of a stream in its source: a table, a view, an endpoint.
package struct StreamName: Hashable, Sendable, CustomStringConvertible {
    /// The schema or database; nil where the source has none (SQLite).
    package let namespace: String?
    package let name: String

    /// Makes a name of its parts, which are taken as they are.
    package init(namespace: String?, name: String) {
        self.namespace = namespace
        self.name = name
    }

    /// Reads `name` or `namespace.name`; a part in double quotes may hold dots or nothing, `""` in it is a
    /// quote.
    ///
    /// Returns nil for empty parts without quotes, an open quote or more than two parts.
    package init?(parsing text: String) {
        var parts = [""]
        var isNamed = true
        var isQuoted = false
        var wasQuoted = false
        var characters = Array(text.unicodeScalars)[...]
        while let scalar = characters.popFirst() {
            switch scalar {
            case "\"" where isQuoted && characters.first == "\"":
                characters.removeFirst()
                parts[parts.count - 1].unicodeScalars.append(scalar)
            case "\"" where isQuoted:
                isQuoted = false
            case "\"" where parts[parts.count - 1].isEmpty && !wasQuoted:
                isQuoted = true
                wasQuoted = true
            case "." where !isQuoted:
                isNamed = isNamed && (wasQuoted || !parts[parts.count - 1].isEmpty)
                parts.append("")
                wasQuoted = false
            default:
                parts[parts.count - 1].unicodeScalars.append(scalar)
            }
        }
        isNamed = isNamed && (wasQuoted || !parts[parts.count - 1].isEmpty)
        guard isNamed, !isQuoted, parts.count <= 2 else { return nil }
        self.init(namespace: parts.count == 2 ? parts[0] : nil, name: parts[parts.count - 1])
    }

    /// `namespace.name`; a part that `init(parsing:)` would read differently stands in quotes.
    package var description: String {
        [namespace, name].compactMap { $0 }.map(Self.quotedIfNeeded).joined(separator: ".")
    }

    /// What its table is called unless somebody chooses: its own name, which SQLite lets be empty and a
    /// lake does not.
    package var tableName: String { name.isEmpty ? "unnamed" : name }

    /// Names are compared by their bytes, as sources do: `é` in one code point and in two are two names.
    package static func == (left: StreamName, right: StreamName) -> Bool {
        guard left.name.isSameBytes(as: right.name) else { return false }
        guard let one = left.namespace, let other = right.namespace else {
            return left.namespace == nil && right.namespace == nil
        }
        return one.isSameBytes(as: other)
    }

    package func hash(into hasher: inout Hasher) {
        for part in [namespace ?? "", name] {
            var part = part
            part.withUTF8 { hasher.combine(bytes: UnsafeRawBufferPointer($0)) }
            hasher.combine(UInt8(0xFF))
        }
    }

    private static func quotedIfNeeded(_ part: String) -> String {
        guard part.isEmpty || part.unicodeScalars.contains(where: { $0 == "." || $0 == "\"" })
        else {
            return part
        }
        return "\""
            + part.unicodeScalars.map { $0 == "\"" ? "\"\"" : String($0) }.joined() + "\""
    }
}

extension String {
    /// Whether two texts are the same bytes; `==` takes canonically equal ones for one.
    package func isSameBytes(as other: String) -> Bool { utf8.elementsEqual(other.utf8) }
}
