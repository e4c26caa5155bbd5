import Basics

/// The name of a table in a catalog.
///
/// Names are compared by their bytes, as sources do: `é` may be one code point or two, and those are
/// two names.
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
            guard part.utf8.count <= Limits.nameByteCount else {
                throw IcebergError(
                    .unsupported,
                    "\"\(part.prefix(40))…\" is longer than \(Limits.nameByteCount) bytes; choose "
                        + "another table with \(Remedy.dataset)"
                )
            }
        }
        self.namespace = namespace
        self.name = name
    }

    package var description: String { namespace + "." + name }

    package static func == (left: TableIdentifier, right: TableIdentifier) -> Bool {
        left.namespace.utf8.elementsEqual(right.namespace.utf8)
            && left.name.utf8.elementsEqual(right.name.utf8)
    }

    package func hash(into hasher: inout Hasher) {
        for part in [namespace, name] {
            var part = part
            part.withUTF8 { hasher.combine(bytes: UnsafeRawBufferPointer($0)) }
            hasher.combine(UInt8(0xFF))
        }
    }

    package static func < (left: TableIdentifier, right: TableIdentifier) -> Bool {
        if left.namespace.utf8.elementsEqual(right.namespace.utf8) {
            return left.name.utf8.lexicographicallyPrecedes(right.name.utf8)
        }
        return left.namespace.utf8.lexicographicallyPrecedes(right.namespace.utf8)
    }
}

// MARK: Names that folders cannot hold

extension TableIdentifier {
    private static let namespaceProperty = "tributary.table-namespace"
    private static let nameProperty = "tributary.table-name"

    /// The properties that keep the name of a table whose folder does not.
    var nameProperties: [String: String] {
        var properties: [String: String] = [:]
        if PathName.isShort(PathName.encode(namespace)) {
            properties[Self.namespaceProperty] = namespace
        }
        if PathName.isShort(PathName.encode(name)) { properties[Self.nameProperty] = name }
        return properties
    }

    /// The name of a table by its two folders, and by its properties where those are short forms;
    /// nil for folders that no name has.
    static func of(
        folders: (namespace: String, name: String),
        properties: [String: String]
    ) -> TableIdentifier? {
        let namespace =
            PathName.isShort(folders.namespace)
            ? properties[namespaceProperty] : PathName.decode(folders.namespace)
        let name =
            PathName.isShort(folders.name)
            ? properties[nameProperty] : PathName.decode(folders.name)
        guard let namespace, let name,
            PathName.encode(namespace) == folders.namespace, PathName.encode(name) == folders.name
        else { return nil }
        // A name that is none was not made by this catalog.
        return try? TableIdentifier(namespace: namespace, name: name)
    }
}
