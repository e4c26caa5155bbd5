/// A value read from an Avro file.
indirect enum AvroValue: Sendable {
    case null
    case boolean(Bool)
    case integer(Int64)
    case float(Float)
    case double(Double)
    case bytes([UInt8])
    case string(String)
    case array([AvroValue])
    case map([String: AvroValue])
    case record(AvroRecord)
}

/// A record read from an Avro file; its fields are found by Iceberg's ids.
struct AvroRecord: Sendable {
    let fields: [AvroField]
    let values: [AvroValue]

    /// The value of the field of that id, or, in files without ids, of that name; nil when it is
    /// missing or null.
    subscript(id: Int, name: String) -> AvroValue? {
        guard
            let index = fields.firstIndex(where: { $0.id == id })
                ?? fields.firstIndex(where: { $0.id == nil && $0.name == name })
        else { return nil }
        if case .null = values[index] { return nil }
        return values[index]
    }

    /// A field that must be there, read by `read`.
    func required<Value>(
        _ id: Int,
        _ name: String,
        _ read: (AvroValue) -> Value?
    ) throws -> Value {
        guard let value = try optional(id, name, read) else {
            throw IcebergError(.corrupt, "field \(id) (\(name)) is missing")
        }
        return value
    }

    /// A field that may be missing, but not of another type.
    func optional<Value>(
        _ id: Int,
        _ name: String,
        _ read: (AvroValue) -> Value?
    ) throws -> Value? {
        guard let member = self[id, name] else { return nil }
        guard let value = read(member) else {
            throw IcebergError(.corrupt, "field \(id) (\(name)) is of the wrong type")
        }
        return value
    }
}

extension AvroValue {
    var boolean: Bool? {
        if case .boolean(let value) = self { value } else { nil }
    }

    var integer: Int64? {
        if case .integer(let value) = self { value } else { nil }
    }

    var string: String? {
        if case .string(let value) = self { value } else { nil }
    }

    var bytes: [UInt8]? {
        if case .bytes(let value) = self { value } else { nil }
    }

    var array: [AvroValue]? {
        if case .array(let value) = self { value } else { nil }
    }

    var record: AvroRecord? {
        if case .record(let value) = self { value } else { nil }
    }
}
