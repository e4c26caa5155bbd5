#if canImport(Glibc)
    import Glibc
#else
    import Musl
#endif

/// The name of a table: a namespace, and a name within it.
///
/// It is written `namespace.name`. A namespace that holds a dot stands in double quotes, as in
/// `"sales.eu".orders`; a quote within them is doubled. What is written is read as the same name.
///
/// Names are compared by their bytes, as sources do: `é` may be one code point or two, and those are
/// two names.
package struct TableName: Hashable, Sendable, Comparable, CustomStringConvertible {
    package let namespace: String
    package let name: String

    /// Makes a name; both parts are any text but the empty one.
    ///
    /// - Throws: `TableNameError` for an empty part, or one that is too long.
    package init(namespace: String, name: String) throws(TableNameError) {
        for part in [namespace, name] {
            guard !part.isEmpty else {
                throw TableNameError(.empty, "a table's namespace and name cannot be empty")
            }
            guard part.utf8.count <= Limits.nameByteCount else {
                throw TableNameError(
                    .tooLong,
                    "\"\(part.prefix(40))…\" is longer than \(Limits.nameByteCount) bytes; choose "
                        + "another table with \(Remedy.dataset)"
                )
            }
        }
        self.namespace = namespace
        self.name = name
    }

    /// Stands for a text that is no name: shown as it is, and no table.
    package init(unreadable text: String) {
        namespace = ""
        name = text
    }

    /// Reads a name as it is written.
    ///
    /// - Throws: `TableNameError`.
    package init(parsing text: String) throws(TableNameError) {
        var rest = text[...]
        guard rest.utf8.first == Self.quote else {
            guard let dot = rest.utf8.firstIndex(of: UInt8(ascii: ".")) else {
                throw Self.malformed(text)
            }
            try self.init(
                namespace: String(rest[..<dot]),
                name: String(rest[rest.utf8.index(after: dot)...])
            )
            return
        }
        guard let namespace = Self.takeQuoted(&rest), rest.utf8.first == UInt8(ascii: ".") else {
            throw Self.malformed(text)
        }
        rest = rest[rest.utf8.index(after: rest.startIndex)...]
        guard rest.utf8.first == Self.quote else {
            try self.init(namespace: namespace, name: String(rest))
            return
        }
        guard let name = Self.takeQuoted(&rest), rest.isEmpty else { throw Self.malformed(text) }
        try self.init(namespace: namespace, name: name)
    }

    package var description: String {
        guard !namespace.isEmpty else { return name }
        let isPlain =
            namespace.utf8.first != Self.quote && !namespace.utf8.contains(UInt8(ascii: "."))
        if isPlain { return namespace + "." + name }
        return Self.quoted(namespace) + "."
            + (name.utf8.first == Self.quote ? Self.quoted(name) : name)
    }

    private static let quote = UInt8(ascii: "\"")

    private static func malformed(_ text: String) -> TableNameError {
        TableNameError(
            .malformed,
            "\"\(text.prefix(80))\" is no name of a table: it is written namespace.table, as in main.orders"
        )
    }

    private static func quoted(_ part: String) -> String {
        let doubled = part.utf8.flatMap { $0 == quote ? [quote, quote] : [$0] }
        return "\"" + String(decoding: doubled, as: UTF8.self) + "\""
    }

    /// Takes a quoted part off the front; nil where its end is missing.
    private static func takeQuoted(_ rest: inout Substring) -> String? {
        var bytes: [UInt8] = []
        var index = rest.utf8.index(after: rest.utf8.startIndex)
        while index < rest.utf8.endIndex {
            let byte = rest.utf8[index]
            index = rest.utf8.index(after: index)
            guard byte == quote else {
                bytes.append(byte)
                continue
            }
            guard index < rest.utf8.endIndex, rest.utf8[index] == quote else {
                rest = rest[index...]
                return String(decoding: bytes, as: UTF8.self)
            }
            bytes.append(byte)
            index = rest.utf8.index(after: index)
        }
        return nil
    }

    // MARK: Comparison by bytes

    package static func == (left: TableName, right: TableName) -> Bool {
        isSame(left.name, right.name) && isSame(left.namespace, right.namespace)
    }

    /// Compares whole buffers: the scheduler's locks are looked up by these names, some ten times a run.
    private static func isSame(_ left: String, _ right: String) -> Bool {
        var (left, right) = (left, right)
        return left.withUTF8 { left in
            right.withUTF8 { right in
                guard left.count == right.count else { return false }
                guard let start = left.baseAddress, let other = right.baseAddress else {
                    return true
                }
                return memcmp(start, other, left.count) == 0
            }
        }
    }

    package func hash(into hasher: inout Hasher) {
        var (namespace, name) = (namespace, name)
        namespace.withUTF8 { hasher.combine(bytes: UnsafeRawBufferPointer($0)) }
        name.withUTF8 { hasher.combine(bytes: UnsafeRawBufferPointer($0)) }
    }

    package static func < (left: TableName, right: TableName) -> Bool {
        if left.namespace.utf8.elementsEqual(right.namespace.utf8) {
            return left.name.utf8.lexicographicallyPrecedes(right.name.utf8)
        }
        return left.namespace.utf8.lexicographicallyPrecedes(right.namespace.utf8)
    }
}

/// What is wrong with a table's name.
package struct TableNameError: Failure {
    /// Which kind of fault.
    package enum Code: String, FailureCode {
        case empty, tooLong, malformed

        package var failureClass: FailureClass { .configuration }
    }

    package let code: Code
    package let message: String
    package var domain: FailureDomain { .request }

    init(_ code: Code, _ message: String) {
        self.code = code
        self.message = message
    }
}
