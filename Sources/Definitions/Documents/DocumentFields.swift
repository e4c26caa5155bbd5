package import Basics
package import FoundationEssentials
package import JSON
import Scheduling

/// The fields of a JSON object, read one by one; what nobody asked for is an error, since a misspelt field
/// would otherwise be a setting that does nothing.
package struct DocumentFields {
    private let values: JSONObject
    private let path: String
    /// Whether a field that is null takes its default: so it is where fields are changed one by one (RFC 7396).
    private let allowsNull: Bool
    private var seen: Set<String> = []

    /// Reads an object.
    ///
    /// - Throws: `DefinitionError` `malformed` for anything else.
    package init(parsing bytes: Data) throws(DefinitionError) {
        let value = try JSONValue(document: bytes)
        guard case .object(let values) = value else {
            throw DefinitionError(.malformed, "it is no JSON object")
        }
        self.init(values, path: "")
    }

    /// Takes the fields of an object that was read already.
    package init(
        _ values: JSONObject,
        path: String = "",
        allowsNull: Bool = false
    ) {
        self.values = values
        self.path = path
        self.allowsNull = allowsNull
    }

    /// The names of all fields, in their order.
    package var names: [String] { values.sorted.names }

    /// The name of a field as errors show it.
    package func name(_ field: String) -> String { path + field }

    /// A field's value; nil where it is missing.
    ///
    /// - Throws: `DefinitionError` `invalid` for null, which may be meant as "no value" or as the word.
    private mutating func value(_ field: String) throws(DefinitionError) -> JSONValue? {
        seen.insert(field)
        guard case .null? = values[field] else { return values[field] }
        if allowsNull { return nil }
        throw DefinitionError(
            .invalid,
            field: name(field),
            "it is null: leave the field out for its default, or write \"null\" in quotes for the word"
        )
    }

    /// A text; nil where it is missing.
    package mutating func text(_ field: String) throws(DefinitionError) -> String? {
        switch try value(field) {
        case nil: return nil
        case .string(let text)?:
            guard !text.utf8.contains(0) else {
                throw DefinitionError(
                    .invalid,
                    field: name(field),
                    "it holds a character of code 0, take it out"
                )
            }
            return text
        default: throw DefinitionError(.invalid, field: name(field), "it is a text")
        }
    }

    /// A text that has to be there.
    package mutating func requiredText(_ field: String) throws(DefinitionError) -> String {
        guard let text = try text(field) else {
            throw DefinitionError(.invalid, field: name(field), "it is missing")
        }
        guard !text.isEmpty else {
            throw DefinitionError(.invalid, field: name(field), "it is empty")
        }
        return text
    }

    /// A whole number in a range; nil where it is missing.
    package mutating func integer(
        _ field: String,
        in range: ClosedRange<Int>
    ) throws(DefinitionError) -> Int? {
        guard let value = try value(field) else { return nil }
        guard let number = value.integer.flatMap({ Int(exactly: $0) }), range.contains(number)
        else {
            throw DefinitionError(
                .invalid,
                field: name(field),
                "it is a number from \(range.lowerBound) to \(range.upperBound)"
            )
        }
        return number
    }

    /// True or false; nil where it is missing.
    package mutating func boolean(_ field: String) throws(DefinitionError) -> Bool? {
        switch try value(field) {
        case nil: return nil
        case .boolean(let value)?: return value
        default: throw DefinitionError(.invalid, field: name(field), "it is true or false")
        }
    }

    /// One of the cases of an enumeration; nil where it is missing.
    package mutating func choice<Choice: CaseIterable & RawRepresentable>(
        _ field: String,
        _ type: Choice.Type = Choice.self
    ) throws(DefinitionError) -> Choice? where Choice.RawValue == String {
        guard let value = try value(field) else { return nil }
        guard case .string(let text) = value, let choice = Choice(rawValue: text) else {
            throw DefinitionError(
                .invalid,
                field: name(field),
                "it is one of " + Choice.allCases.map(\.rawValue).joined(separator: ", ")
            )
        }
        return choice
    }

    /// A span such as `90s` or `1h30m`; nil where it is missing.
    package mutating func span(_ field: String) throws(DefinitionError) -> Duration? {
        guard let value = try value(field) else { return nil }
        guard case .string(let text) = value, let span = Duration(parsing: text),
            span <= Limits.span
        else {
            throw DefinitionError(
                .invalid,
                field: name(field),
                "it is a time such as 90s, 15m, 1h30m or 2d, of at most ten years"
            )
        }
        return span
    }

    /// An instant such as `2026-11-21T08:00:00Z`; nil where it is missing.
    package mutating func instant(_ field: String) throws(DefinitionError) -> Instant? {
        guard let value = try value(field) else { return nil }
        guard case .string(let text) = value, let instant = Instant(parsing: text) else {
            throw DefinitionError(
                .invalid,
                field: name(field),
                "it is a time such as 2026-11-21T08:00:00Z"
            )
        }
        return instant
    }

    /// A list of texts; nil where it is missing.
    package mutating func texts(_ field: String) throws(DefinitionError) -> [String]? {
        guard let value = try value(field) else { return nil }
        guard case .array(let items) = value else {
            throw DefinitionError(.invalid, field: name(field), "it is a list of texts")
        }
        var texts: [String] = []
        for item in items {
            guard case .string(let text) = item else {
                throw DefinitionError(.invalid, field: name(field), "it is a list of texts")
            }
            texts.append(text)
        }
        return texts
    }

    /// A value whose sort the caller looks at; nil where it is missing.
    package mutating func any(_ field: String) throws(DefinitionError) -> JSONValue? {
        try value(field)
    }

    /// All fields nobody has asked for yet; what they mean is looked at elsewhere.
    ///
    /// - Throws: `DefinitionError` `invalid` for null, as of any field.
    package mutating func rest() throws(DefinitionError) -> JSONObject {
        var rest = JSONObject()
        for name in names where !seen.contains(name) {
            if let value = try value(name) { rest[name] = value }
        }
        return rest
    }

    /// The fields of an object in a field; nil where it is missing.
    package mutating func object(_ field: String) throws(DefinitionError) -> DocumentFields? {
        guard let value = try value(field) else { return nil }
        guard case .object(let values) = value else {
            throw DefinitionError(.invalid, field: name(field), "it is an object")
        }
        return DocumentFields(values, path: name(field) + ".", allowsNull: allowsNull)
    }

    /// Ends the reading.
    ///
    /// - Throws: `DefinitionError` `invalid` for a field nobody asked for.
    package func end() throws(DefinitionError) {
        guard let unknown = values.sorted.names.first(where: { !seen.contains($0) }) else {
            return
        }
        throw DefinitionError(
            .invalid,
            field: name(unknown),
            seen.isEmpty
                ? "there is no such field; nothing is to be said here"
                : "there is no such field; there are " + seen.sorted().joined(separator: ", ")
        )
    }
}
