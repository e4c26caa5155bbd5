/// The name of a table in a catalog.
package struct TableIdentifier: Hashable, Sendable, Comparable, CustomStringConvertible {
    package let namespace: String
    package let name: String

    /// Makes a name; both parts are any text but the empty one.
    ///
    /// - Throws: `IcebergError` `unsupported` for an empty part, or one that is too long.
    package init(namespace: String, name: String) throws {
        for part in [namespace, name] {
            guard !part.isEmpty else {
                throw IcebergError(.unsupported, "a table's namespace and name cannot be empty")
            }
            guard PathName.encode(part).utf8.count <= Limits.pathNameByteCount else {
                throw IcebergError(
                    .unsupported,
                    "\"\(part)\" is too long for a folder; choose another table with --into"
                )
            }
        }
        self.namespace = namespace
        self.name = name
    }

    package var description: String { namespace + "." + name }

    package static func < (left: TableIdentifier, right: TableIdentifier) -> Bool {
        (left.namespace, left.name) < (right.namespace, right.name)
    }
}

/// Names as folders, in letters every engine and file system takes as they are.
///
/// ASCII letters, digits, `-` and `_` stand for themselves; every other byte of the name's UTF-8
/// is written `_xHH_` with two upper-case hexadecimal digits. An `_` of the name that an `x`
/// follows is written so too, which makes the way back exact: `a.b` is `a_x2E_b`, `a_x` is
/// `a_x5F_x`. Engines disagree on percent signs, spaces and other letters in locations.
package enum PathName {
    /// The folder of a name.
    package static func encode(_ name: String) -> String {
        var path: [UInt8] = []
        let bytes = Array(name.utf8)
        for (index, byte) in bytes.enumerated() {
            let isEscape =
                byte == UInt8(ascii: "_") && index + 1 < bytes.count
                && bytes[index + 1] == UInt8(ascii: "x")
            if isPlain(byte), !isEscape {
                path.append(byte)
            } else {
                let digits = String(byte, radix: 16, uppercase: true)
                path += "_x\(digits.utf8.count < 2 ? "0" : "")\(digits)_".utf8
            }
        }
        return String(decoding: path, as: UTF8.self)
    }

    /// The name of a folder; nil when no name has it.
    package static func decode(_ path: String) -> String? {
        var name: [UInt8] = []
        var rest = Array(path.utf8)[...]
        while let byte = rest.popFirst() {
            if byte == UInt8(ascii: "_"), rest.first == UInt8(ascii: "x") {
                guard rest.count >= 4, rest[rest.startIndex + 3] == UInt8(ascii: "_"),
                    let code = UInt8(
                        String(decoding: rest.dropFirst().prefix(2), as: UTF8.self),
                        radix: 16
                    )
                else { return nil }
                name.append(code)
                rest = rest.dropFirst(4)
            } else {
                name.append(byte)
            }
        }
        guard let text = String(validating: name, as: UTF8.self), encode(text) == path else {
            return nil
        }
        return text
    }

    private static func isPlain(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"), UInt8(ascii: "-"):
            true
        default: false
        }
    }
}
