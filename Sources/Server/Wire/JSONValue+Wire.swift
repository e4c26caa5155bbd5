import Basics
import Definitions
import JSON

/// Ways to write JSON where fields may be missing.
extension JSONValue {
    /// An object of the fields that are there.
    static func object(_ fields: KeyValuePairs<String, JSONValue?>) -> JSONValue {
        .object(JSONObject(fields.compactMap { field in field.value.map { (field.key, $0) } }))
    }

    /// A moment.
    static func instant(_ instant: Instant) -> JSONValue { .string(instant.description) }

    /// A page of a list.
    static func page(_ items: [JSONValue], next: String?) -> JSONValue {
        .object(["items": .array(items), "next": next.map(JSONValue.string)])
    }
}
