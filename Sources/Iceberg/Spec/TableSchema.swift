package import Columnar
import JSON

/// A schema of a table, with its number and its key.
package struct TableSchema: Hashable, Sendable {
    package var id: Int
    package var schema: Schema
    /// Fields that together identify a row; all are required and none is a float.
    package var identifierFieldIDs: [Int]
    /// The first type in it that has no equal here; such a schema is kept as it was read.
    package private(set) var foreignType: String?
    /// What was read, written back as it is.
    private var source: JSONObject?

    /// Makes a schema.
    package init(id: Int, schema: Schema, identifierFieldIDs: [Int] = []) {
        self.id = id
        self.schema = schema
        self.identifierFieldIDs = identifierFieldIDs
    }

    /// Whether both say the same, whatever their numbers.
    package func isSame(as other: TableSchema) -> Bool {
        schema == other.schema && identifierFieldIDs == other.identifierFieldIDs
            && foreignType == nil && other.foreignType == nil
    }

    /// The key made of the named columns, if Iceberg allows it; empty otherwise.
    ///
    /// Iceberg wants every column of a key required and of no floating type.
    package static func identifier(of names: [String], in schema: Schema) -> [Int] {
        var ids: [Int] = []
        for name in names {
            guard let field = schema.fields.first(where: { $0.name == name }), field.isRequired,
                !field.type.isNested, field.type != .float, field.type != .double
            else { return [] }
            ids.append(field.id)
        }
        return ids.sorted()
    }

    // MARK: JSON

    init(json: JSONObject) throws {
        id = try json.optionalInt("schema-id") ?? 0
        identifierFieldIDs =
            try json.optional("identifier-field-ids", \.array)?.map { value in
                guard let id = value.integer.flatMap({ Int32(exactly: $0) }) else {
                    throw IcebergError(.corrupt, "`identifier-field-ids` holds no field id")
                }
                return Int(id)
            } ?? []
        var reader = TypeReader()
        schema = Schema(try reader.fields(of: json, depth: 0))
        foreignType = reader.foreignType
        source = json
    }

    var json: JSONObject {
        if let source { return source }
        var json = JSONObject([("type", .string("struct")), ("schema-id", .integer(Int64(id)))])
        if !identifierFieldIDs.isEmpty {
            json["identifier-field-ids"] = .array(identifierFieldIDs.map { .integer(Int64($0)) })
        }
        json["fields"] = .array(schema.fields.map(\.json))
        return json
    }
}

/// Reads types, noting the first one that has no equal here.
private struct TypeReader {
    var foreignType: String?

    mutating func fields(of json: JSONObject, depth: Int) throws -> [Field] {
        try json.required("fields", \.array).map { value in
            guard let member = value.object else {
                throw IcebergError(.corrupt, "a field is no object")
            }
            return Field(
                id: try member.requiredInt("id"),
                name: try member.required("name", \.string),
                type: try type(member, "type", depth: depth),
                isRequired: try member.required("required", \.boolean),
                documentation: try member.optional("doc", \.string)
            )
        }
    }

    mutating func type(_ owner: JSONObject, _ name: String, depth: Int) throws -> DataType {
        guard depth < Limits.typeDepth else {
            throw IcebergError(.corrupt, "types nest too deeply")
        }
        switch owner[name] {
        case .string(let text): return primitive(text)
        case .object(let json): return try nested(json, depth: depth + 1)
        default: throw IcebergError(.corrupt, "`\(name)` is no type")
        }
    }

    mutating func nested(_ json: JSONObject, depth: Int) throws -> DataType {
        switch try json.required("type", \.string) {
        case "struct": return .structure(try fields(of: json, depth: depth))
        case "list":
            return .list(element: try member(json, "element", isRequired: nil, depth: depth))
        case "map":
            return .map(
                key: try member(json, "key", isRequired: true, depth: depth),
                value: try member(json, "value", isRequired: nil, depth: depth)
            )
        case let other: throw IcebergError(.corrupt, "`\(other)` is no nested type")
        }
    }

    mutating func member(
        _ json: JSONObject,
        _ name: String,
        isRequired: Bool?,
        depth: Int
    ) throws -> Field {
        Field(
            id: try json.requiredInt(name + "-id"),
            name: name,
            type: try type(json, name, depth: depth),
            isRequired: try isRequired ?? json.required(name + "-required", \.boolean)
        )
    }

    mutating func primitive(_ text: String) -> DataType {
        switch text {
        case "boolean": return .boolean
        case "int": return .int
        case "long": return .long
        case "float": return .float
        case "double": return .double
        case "date": return .date
        case "time": return .time
        case "timestamp": return .timestamp
        case "timestamptz": return .timestamptz
        case "string": return .string
        case "binary": return .binary
        case "uuid": return .uuid
        default:
            if text.hasPrefix("decimal("), text.hasSuffix(")") {
                let parts = text.dropFirst(8).dropLast().split(separator: ",").map {
                    Int(String($0.drop { $0 == " " }))
                }
                if parts.count == 2, let precision = parts[0], let scale = parts[1],
                    1...38 ~= precision, 0...precision ~= scale
                {
                    return .decimal(precision: precision, scale: scale)
                }
            }
            if foreignType == nil { foreignType = text }
            return .binary
        }
    }
}

extension Field {
    /// The field as a schema's JSON writes it.
    var json: JSONValue {
        var json = JSONObject([
            ("id", .integer(Int64(id))), ("name", .string(name)),
            ("required", .boolean(isRequired)),
            ("type", type.json),
        ])
        if let documentation { json["doc"] = .string(documentation) }
        return .object(json)
    }
}

extension DataType {
    /// The type as a schema's JSON writes it.
    var json: JSONValue {
        switch self {
        case .structure(let fields):
            .object(
                JSONObject([("type", .string("struct")), ("fields", .array(fields.map(\.json)))])
            )
        case .list(let element):
            .object(
                JSONObject([
                    ("type", .string("list")), ("element-id", .integer(Int64(element.id))),
                    ("element", element.type.json),
                    ("element-required", .boolean(element.isRequired)),
                ])
            )
        case .map(let key, let value):
            .object(
                JSONObject([
                    ("type", .string("map")), ("key-id", .integer(Int64(key.id))),
                    ("key", key.type.json), ("value-id", .integer(Int64(value.id))),
                    ("value", value.type.json), ("value-required", .boolean(value.isRequired)),
                ])
            )
        default: .string(description)
        }
    }
}
