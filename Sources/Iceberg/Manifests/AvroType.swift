import JSON

/// The Avro types of manifests, put together as Iceberg wants them: every field with its id.
enum AvroType {
    static func field(_ id: Int, _ name: String, _ type: JSONValue) -> JSONValue {
        .object(
            JSONObject([("name", .string(name)), ("type", type), ("field-id", .integer(Int64(id)))])
        )
    }

    static func optional(_ id: Int, _ name: String, _ type: JSONValue) -> JSONValue {
        .object(
            JSONObject([
                ("name", .string(name)), ("type", .array([.string("null"), type])),
                ("default", .null), ("field-id", .integer(Int64(id))),
            ])
        )
    }

    static func record(_ name: String, _ fields: [JSONValue]) -> JSONValue {
        .object(
            JSONObject([
                ("type", .string("record")), ("name", .string(name)), ("fields", .array(fields)),
            ])
        )
    }

    static func array(elementID: Int, _ element: JSONValue) -> JSONValue {
        .object(
            JSONObject([
                ("type", .string("array")), ("items", element),
                ("element-id", .integer(Int64(elementID))),
            ])
        )
    }

    /// A map by field ids: an array of pairs, as Avro's maps have keys of text only.
    static func map(keyID: Int, valueID: Int, _ value: JSONValue) -> JSONValue {
        .object(
            JSONObject([
                ("type", .string("array")), ("logicalType", .string("map")),
                (
                    "items",
                    record(
                        "k\(keyID)_v\(valueID)",
                        [field(keyID, "key", .string("int")), field(valueID, "value", value)]
                    )
                ),
            ])
        )
    }
}
