import Basics

/// Names that folders cannot hold.
extension TableName {
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
    ) -> TableName? {
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
        return try? TableName(namespace: namespace, name: name)
    }
}
