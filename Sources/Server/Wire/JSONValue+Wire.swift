package import Definitions

/// Ways to write JSON where fields may be missing.
extension JSONValue {
    /// An object of the fields that are there.
    static func object(_ fields: [String: JSONValue?]) -> JSONValue {
        .object(fields.compactMapValues { $0 })
    }

    /// A number of 64 bits.
    static func integer(_ value: Int64) -> JSONValue { .integer(Int(value)) }

    /// A moment, in milliseconds since 1970.
    static func instant(_ milliseconds: Int64) -> JSONValue {
        .string(Instant(milliseconds).description)
    }

    /// A page of a list.
    static func page(_ items: [JSONValue], next: String?) -> JSONValue {
        .object(["items": .array(items), "next": next.map(JSONValue.string)])
    }

    /// The value of a field; nil where it is missing or this is no object.
    package subscript(field: String) -> JSONValue? {
        if case .object(let fields) = self { fields[field] } else { nil }
    }

    /// The text, if it is one.
    package var text: String? {
        if case .string(let text) = self { text } else { nil }
    }
}
