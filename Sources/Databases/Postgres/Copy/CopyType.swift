package import Columnar

/// How the binary form of a Postgres value is read: what the server sends, not what it is called.
package indirect enum CopyType: Hashable, Sendable {
    case boolean
    case int2
    case int4
    case int8
    /// Unsigned 32 bits: oid, xid, cid. Lands as long.
    case uint4
    /// Unsigned 64 bits: xid8. Lands as decimal(20, 0).
    case uint8
    case float4
    case float8
    case numeric(precision: Int, scale: Int)
    /// Microseconds, days and months: interval. Lands as text in the form of ISO 8601, whatever form the
    /// session would print.
    case interval
    /// Text as the client encoding has it; also everything cast to text on the server.
    case text
    /// Text behind one version byte: jsonb.
    case versionedText
    case bytes
    case date
    case timestamp
    case timestamptz
    case uuid
    /// 64-bit cents: money. Lands as decimal(19, `scale`).
    case money(scale: Int)
    case array(element: CopyType)
    case composite([Member])
    case hstore

    /// A named member of a composite.
    package struct Member: Hashable, Sendable {
        package let name: String
        package let type: CopyType

        /// Makes a member.
        package init(name: String, type: CopyType) {
            self.name = name
            self.type = type
        }
    }

    /// The lake's type of such a value.
    package var dataType: DataType {
        switch self {
        case .boolean: .boolean
        case .int2, .int4: .int
        case .int8, .uint4: .long
        case .uint8: .decimal(precision: 20, scale: 0)
        case .float4: .float
        case .float8: .double
        case .numeric(let precision, let scale): .decimal(precision: precision, scale: scale)
        case .text, .versionedText, .interval: .string
        case .bytes: .binary
        case .date: .date
        case .timestamp: .timestamp
        case .timestamptz: .timestamptz
        case .uuid: .uuid
        case .money(let scale): .decimal(precision: 19, scale: scale)
        case .array(let element): .list(element: Field(name: "element", type: element.dataType))
        case .composite(let members):
            .structure(members.map { Field(name: $0.name, type: $0.type.dataType) })
        case .hstore:
            .map(
                key: Field(name: "key", type: .string, isRequired: true),
                value: Field(name: "value", type: .string)
            )
        }
    }

    /// Whether some value of the type has no place in its column, so that a policy may null it.
    package var canFail: Bool {
        switch self {
        case .numeric, .date, .timestamp, .timestamptz, .array, .composite: true
        default: false
        }
    }
}
