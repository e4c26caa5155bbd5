package import FoundationEssentials

/// Any JSON value.
package enum JSONValue: Hashable, Sendable, Codable {
    case null
    case boolean(Bool)
    case integer(Int)
    case number(Double)
    case string(String)
    case array([JSONValue])
    case object([String: JSONValue])

    /// Reads a value that somebody sent or left.
    ///
    /// - Parameters:
    ///   - bytes: The text.
    ///   - limit: The most bytes it may have.
    /// - Throws: `DefinitionError` `malformed` for what is too long, too deep or no JSON.
    package init(
        parsing bytes: Data,
        limit: Int = Limits.documentByteCount
    ) throws(DefinitionError) {
        guard bytes.count <= limit else {
            throw DefinitionError(
                .malformed,
                "a document has at most \(limit) bytes, not \(bytes.count)"
            )
        }
        do {
            self = try JSONReader.value(bytes, depth: Limits.documentDepth)
        } catch {
            throw DefinitionError(.malformed, error.message)
        }
    }

    package init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        if container.decodeNil() {
            self = .null
            return
        }
        // Each sort is tried in turn: the decoder tells the sort of a value in no other way.
        if let value = try? container.decode(Bool.self) {
            self = .boolean(value)
        } else if let value = try? container.decode(String.self) {  // As above.
            self = .string(value)
        } else if let value = try? container.decode(Int.self) {  // As above.
            self = .integer(value)
        } else if let value = try? container.decode(Double.self) {  // As above.
            self = .number(value)
        } else if let value = try? container.decode([JSONValue].self) {  // As above.
            self = .array(value)
        } else {
            self = .object(try container.decode([String: JSONValue].self))
        }
    }

    package func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        switch self {
        case .null: try container.encodeNil()
        case .boolean(let value): try container.encode(value)
        case .integer(let value): try container.encode(value)
        case .number(let value): try container.encode(value)
        case .string(let value): try container.encode(value)
        case .array(let value): try container.encode(value)
        case .object(let value): try container.encode(value)
        }
    }
}

extension JSONValue: ExpressibleByStringLiteral {
    /// A text.
    package init(stringLiteral value: String) { self = .string(value) }
}
