package import Columnar
package import Streams

/// How a value of a binary row is read: what the server sends, not what it is called.
package enum MySQLKind: Hashable, Sendable {
    case int1(isUnsigned: Bool)
    case int2(isUnsigned: Bool)
    case int4(isUnsigned: Bool)
    case int8(isUnsigned: Bool)
    case float4
    case float8
    /// Digits as text.
    case decimal(precision: Int, scale: Int)
    case text
    case bytes
    /// Bits as a number, in digits: one is a boolean, up to 63 a long, 64 a decimal.
    case bits(Int)
    case date
    case timestamp
    case timestamptz
    /// 16 bytes.
    case uuid

    /// The lake's type of such a value.
    package var dataType: DataType {
        switch self {
        case .int1, .int2, .int4(isUnsigned: false): .int
        case .int4(isUnsigned: true), .int8(isUnsigned: false): .long
        case .int8(isUnsigned: true): .decimal(precision: 20, scale: 0)
        case .float4: .float
        case .float8: .double
        case .decimal(let precision, let scale): .decimal(precision: precision, scale: scale)
        case .text: .string
        case .bytes: .binary
        case .bits(let count):
            count == 1 ? .boolean : count < 64 ? .long : .decimal(precision: 20, scale: 0)
        case .date: .date
        case .timestamp: .timestamp
        case .timestamptz: .timestamptz
        case .uuid: .uuid
        }
    }

    /// Whether some value of the type has no place in its column, so that a policy may null it.
    var canFail: Bool {
        switch self {
        case .date, .timestamp, .timestamptz, .text: true
        default: false
        }
    }

    /// How long a value is in a row.
    var width: Width {
        switch self {
        case .int1: .fixed(1)
        case .int2: .fixed(2)
        case .int4, .float4: .fixed(4)
        case .int8, .float8: .fixed(8)
        case .date, .timestamp, .timestamptz: .byte
        case .decimal, .text, .bytes, .bits, .uuid: .prefixed
        }
    }

    /// What tells a value's length.
    enum Width: Hashable {
        case fixed(Int)
        /// One byte before it.
        case byte
        /// A number of one to nine bytes before it (MariaDB documentation, "length-encoded integer").
        case prefixed
    }
}

/// One column of a binary row and what to do with values that do not fit it.
package struct MySQLColumn: Sendable {
    package let name: String
    package let kind: MySQLKind
    package let policy: ConversionPolicy

    /// Makes a column.
    package init(name: String, kind: MySQLKind, policy: ConversionPolicy) {
        self.name = name
        self.kind = kind
        self.policy = policy
    }
}
