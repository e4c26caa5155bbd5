import JSON

/// A type of Avro (specification 1.11, "Schema Declaration"), with Iceberg's field ids.
indirect enum AvroSchema: Sendable {
    case null
    case boolean
    case int
    case long
    case float
    case double
    case bytes
    case string
    case fixed(byteCount: Int)
    case enumeration(symbolCount: Int)
    case array(AvroSchema)
    case map(AvroSchema)
    case union([AvroSchema])
    case record([AvroField])
}

/// A field of an Avro record.
struct AvroField: Sendable {
    let name: String
    let id: Int?
    let type: AvroSchema
}

extension AvroSchema {
    /// Reads the schema of a file.
    ///
    /// - Throws: `IcebergError` `corrupt`; a type that refers to itself is refused.
    init(parsing text: [UInt8]) throws {
        var named: [String: AvroSchema] = [:]
        self = try Self.parse(try JSONValue(document: text), named: &named, depth: 0)
    }

    private static func parse(
        _ json: JSONValue,
        named: inout [String: AvroSchema],
        depth: Int
    ) throws -> AvroSchema {
        guard depth < Limits.avroDepth else {
            throw IcebergError(.corrupt, "the Avro schema nests too deeply")
        }
        switch json {
        case .string(let name):
            return try simple(name, named: named)
        case .array(let branches):
            return .union(
                try branches.map { try parse($0, named: &named, depth: depth + 1) }
            )
        case .object(let object):
            return try complex(object, named: &named, depth: depth)
        default:
            throw IcebergError(.corrupt, "the Avro schema holds no type where one is due")
        }
    }

    private static func simple(_ name: String, named: [String: AvroSchema]) throws -> AvroSchema {
        switch name {
        case "null": return .null
        case "boolean": return .boolean
        case "int": return .int
        case "long": return .long
        case "float": return .float
        case "double": return .double
        case "bytes": return .bytes
        case "string": return .string
        default:
            guard let schema = named[name] else {
                throw IcebergError(.corrupt, "the Avro schema has no type `\(name)` before its use")
            }
            return schema
        }
    }

    private static func complex(
        _ json: JSONObject,
        named: inout [String: AvroSchema],
        depth: Int
    ) throws -> AvroSchema {
        guard let type = json["type"]?.string else {
            guard let inner = json["type"] else {
                throw IcebergError(.corrupt, "the Avro schema has a type without `type`")
            }
            return try parse(inner, named: &named, depth: depth + 1)
        }
        let schema: AvroSchema
        switch type {
        case "array", "map":
            guard let inner = json[type == "array" ? "items" : "values"] else {
                throw IcebergError(.corrupt, "the Avro schema has an \(type) of nothing")
            }
            let element = try parse(inner, named: &named, depth: depth + 1)
            return type == "array" ? .array(element) : .map(element)
        case "fixed":
            let count = try json.requiredInt("size")
            guard count >= 0 else { throw IcebergError(.corrupt, "an Avro size is negative") }
            schema = .fixed(byteCount: count)
        case "enum":
            schema = .enumeration(symbolCount: try json.required("symbols", \.array).count)
        case "record", "error":
            schema = .record(
                try json.required("fields", \.array).map { value in
                    guard let member = value.object, let inner = member["type"] else {
                        throw IcebergError(.corrupt, "the Avro schema has a field without a type")
                    }
                    return AvroField(
                        name: try member.required("name", \.string),
                        id: try member.optionalInt("field-id"),
                        type: try parse(inner, named: &named, depth: depth + 1)
                    )
                }
            )
        default:
            return try simple(type, named: named)
        }
        if let name = json["name"]?.string {
            named[name] = schema
            if let space = json["namespace"]?.string { named[space + "." + name] = schema }
        }
        return schema
    }
}
