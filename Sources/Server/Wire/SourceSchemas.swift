import JSON
import Streams

/// The shapes of sources: an address, or the fields of a kind.
extension Schemas {
    /// The shapes for these kinds of sources.
    static func sources(_ kinds: SourceKinds) -> JSONObject {
        let own: JSONObject = [
            "format_version": integer(1, 1), "id": id, "description": text,
            "created_at": instant, "created_by": text,
        ]
        let broken = object(["id": id, "problem": text], required: ["id", "problem"])
        return [
            "SourceAddress": variants(kinds, [:], required: []),
            "SourceDefinition": variants(kinds, own, required: ["id"]),
            "ListedSource": .object([
                "oneOf": .array([reference("SourceDefinition"), broken])
            ]),
        ]
    }

    /// An address with those fields beside it, or any kind's own fields.
    private static func variants(
        _ kinds: SourceKinds,
        _ others: JSONObject,
        required: [String]
    ) -> JSONValue {
        let descriptions = kinds.descriptions
        let common = others.merging(limits)
        let byAddress = object(
            common.merging([
                "kind": words(descriptions.map(\.kind)),
                "dsn": .object([
                    "type": "string", "minLength": .integer(1),
                    "description":
                        "postgres://user:secret:NAME@host/database, or a reference to a whole address.",
                ]),
            ]),
            required: required + ["dsn"]
        )
        let byKind = descriptions.map { description in
            var fields = common.merging(["kind": words([description.kind])])
            for field in description.fields { fields[field.name] = schema(of: field) }
            return object(
                fields,
                required: required + ["kind"]
                    + description.fields.filter(\.isRequired).map(\.name)
            )
        }
        return .object(["oneOf": .array([byAddress] + byKind)])
    }

    private static let limits: JSONObject = [
        "parallel": integer(1, 1_000), "max_connections": integer(1, 100_000),
        "lock_timeout": Schemas.span,
        "max_bytes_per_second": .object(["type": "integer", "minimum": .integer(1)]),
    ]

    private static func words(_ words: [String]) -> JSONValue {
        .object(["type": "string", "enum": .array(words.map(JSONValue.string))])
    }

    private static func schema(of field: SourceDescription.Field) -> JSONValue {
        var schema: JSONObject
        switch field.form {
        case .text: schema = ["type": "string", "minLength": .integer(1)]
        case .number(let range):
            schema = integer(range.lowerBound, range.upperBound).object ?? [:]
        case .ports:
            let several: JSONValue = .object([
                "type": "string", "pattern": "^[0-9]{1,5}(,[0-9]{1,5})*$",
            ])
            schema = ["oneOf": .array([integer(1, 65_535), several])]
        case .choice(let choices): schema = words(choices).object ?? [:]
        case .secret:
            schema = [
                "type": "string",
                "pattern": "^(secret:[a-z0-9][a-z0-9_-]{0,62}|env:[A-Za-z0-9_]+|file:/.*|exec:.+)$",
            ]
        case .texts: schema = ["type": "object", "additionalProperties": text]
        }
        schema["description"] = .string(field.summary)
        return .object(schema)
    }
}
