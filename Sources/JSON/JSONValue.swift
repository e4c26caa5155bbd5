/// A JSON value (RFC 8259) that keeps the order of members and the text of numbers.
package indirect enum JSONValue: Hashable, Sendable {
    case null
    case boolean(Bool)
    /// A whole number of 64 bits that is written as its digits.
    case integer(Int64)
    /// Any other number, as it is written: `1.0` and `1e3` are no integers to every reader.
    case number(String)
    case string(String)
    case array([JSONValue])
    case object(JSONObject)

    /// A whole number.
    package static func integer(_ value: Int) -> JSONValue { .integer(Int64(value)) }

    /// A number with a fraction; null for one that is infinite or none, which JSON has no words for.
    package static func number(_ value: Double) -> JSONValue {
        value.isFinite ? .number(String(value)) : .null
    }
}

extension JSONValue {
    /// The number if it is whole, however it is written: `1e3` is 1000.
    ///
    /// Beyond 2^53, where a number with a fraction may be taken for one without, only digits count.
    package var integer: Int64? {
        switch self {
        case .integer(let value): value
        case .number(let text):
            Double(text).flatMap { $0.magnitude <= 0x1p53 ? Int64(exactly: $0) : nil }
        default: nil
        }
    }

    /// The text, if it is one.
    package var string: String? {
        if case .string(let value) = self { value } else { nil }
    }

    /// The truth value, if it is one.
    package var boolean: Bool? {
        if case .boolean(let value) = self { value } else { nil }
    }

    /// The elements, if it is an array.
    package var array: [JSONValue]? {
        if case .array(let value) = self { value } else { nil }
    }

    /// The members, if it is an object.
    package var object: JSONObject? {
        if case .object(let value) = self { value } else { nil }
    }

    /// The member of that name; nil where it is missing or this is no object.
    package subscript(name: String) -> JSONValue? { object?[name] }

    /// What the value is, in words.
    package var kind: String {
        switch self {
        case .null: "null"
        case .boolean: "a truth value"
        case .integer, .number: "a number"
        case .string: "text"
        case .array: "an array"
        case .object: "an object"
        }
    }
}

extension JSONValue: ExpressibleByStringLiteral {
    /// A text.
    package init(stringLiteral value: String) { self = .string(value) }
}
