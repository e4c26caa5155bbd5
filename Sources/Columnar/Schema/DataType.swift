/// The type of a column, in the terms of the Iceberg v2 specification.
///
/// The same names are used for memory (`ColumnBuffer`), for Parquet files and for table schemas.
package indirect enum DataType: Hashable, Sendable {
    case boolean
    /// 32-bit signed integer.
    case int
    /// 64-bit signed integer.
    case long
    case float
    case double
    /// Exact number of `precision` digits (1 to 38), `scale` of them after the point.
    case decimal(precision: Int, scale: Int)
    /// Days since 1970-01-01.
    case date
    /// Microseconds since midnight.
    case time
    /// Microseconds since 1970-01-01 00:00, without a zone.
    case timestamp
    /// Microseconds since 1970-01-01 00:00 UTC.
    case timestamptz
    /// UTF-8 text.
    case string
    case binary
    /// 16 bytes, in the order they are printed.
    case uuid
    case list(element: Field)
    case structure([Field])
    case map(key: Field, value: Field)
}

/// One named, numbered column or nested member of a schema.
package struct Field: Hashable, Sendable {
    /// Iceberg field id, unique in the schema; 0 while none is assigned.
    package var id: Int
    package var name: String
    package var type: DataType
    /// A required field holds no nulls.
    package var isRequired: Bool
    package var documentation: String?

    /// Makes a field; `id` 0 stands for "not assigned yet".
    package init(
        id: Int = 0,
        name: String,
        type: DataType,
        isRequired: Bool = false,
        documentation: String? = nil
    ) {
        self.id = id
        self.name = name
        self.type = type
        self.isRequired = isRequired
        self.documentation = documentation
    }
}

/// The ordered columns of a batch, a file or a table.
package struct Schema: Hashable, Sendable {
    package var fields: [Field]

    /// Makes a schema of the given top-level fields.
    package init(_ fields: [Field]) {
        self.fields = fields
    }
}

extension DataType {
    /// How the values of this type lie in memory, and in Parquet where both agree.
    package enum Storage: Hashable, Sendable {
        /// `width` bytes per value: 1 (boolean), 4, 8 or 16.
        case fixed(width: Int)
        /// Bytes of any length, found by offsets.
        case variable
        /// Offsets into one child; a map is a list of structures of key and value.
        case list
        /// Children side by side.
        case structure
    }

    /// The storage class of the type.
    ///
    /// Decimals lie as little-endian two's complement of 4 bytes (precision to 9),
    /// 8 bytes (to 18) or 16 bytes (to 38).
    package var storage: Storage {
        switch self {
        case .boolean: .fixed(width: 1)
        case .int, .date, .float: .fixed(width: 4)
        case .long, .time, .timestamp, .timestamptz, .double: .fixed(width: 8)
        case .decimal(let precision, _):
            .fixed(width: precision <= 9 ? 4 : precision <= 18 ? 8 : 16)
        case .uuid: .fixed(width: 16)
        case .string, .binary: .variable
        case .list, .map: .list
        case .structure: .structure
        }
    }

    /// The nested fields of a list, structure or map; empty for others.
    package var children: [Field] {
        switch self {
        case .list(let element): [element]
        case .structure(let fields): fields
        case .map(let key, let value): [key, value]
        default: []
        }
    }

    /// Whether the type holds other fields.
    package var isNested: Bool {
        switch self {
        case .list, .structure, .map: true
        default: false
        }
    }
}

extension DataType: CustomStringConvertible {
    /// The type as Iceberg writes it; nested types as `list<…>`, `struct<…>`, `map<…>`.
    package var description: String {
        switch self {
        case .boolean: "boolean"
        case .int: "int"
        case .long: "long"
        case .float: "float"
        case .double: "double"
        case .decimal(let precision, let scale): "decimal(\(precision), \(scale))"
        case .date: "date"
        case .time: "time"
        case .timestamp: "timestamp"
        case .timestamptz: "timestamptz"
        case .string: "string"
        case .binary: "binary"
        case .uuid: "uuid"
        case .list(let element): "list<\(element.type)>"
        case .structure(let fields):
            "struct<" + fields.map { "\($0.name): \($0.type)" }.joined(separator: ", ") + ">"
        case .map(let key, let value): "map<\(key.type), \(value.type)>"
        }
    }
}

extension Schema {
    /// The highest field id in use, nested fields included; 0 in a schema without ids.
    package var lastFieldID: Int {
        func highest(_ fields: [Field]) -> Int {
            fields.reduce(0) { max($0, $1.id, highest($1.type.children)) }
        }
        return highest(fields)
    }
}
