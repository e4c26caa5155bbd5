internal import Columnar

/// The property by which engines find columns in files without field ids.
enum NameMapping {
    static let property = "schema.name-mapping.default"

    /// The mapping of every field of a schema to its name.
    static func text(of schema: Schema) -> String {
        String(decoding: JSONValue.array(schema.fields.map(entry)).serialized(), as: UTF8.self)
    }

    private static func entry(_ field: Field) -> JSONValue {
        var json = JSONObject([
            ("field-id", .integer(Int64(field.id))), ("names", .array([.string(field.name)])),
        ])
        let children = field.type.children
        if !children.isEmpty { json["fields"] = .array(children.map(entry)) }
        return .object(json)
    }
}
