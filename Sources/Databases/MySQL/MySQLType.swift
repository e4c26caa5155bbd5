import Streams

/// How a column is read: by which expression, and as what.
struct MySQLReading {
    var kind: MySQLKind
    /// Around the column; nil to read it as it is.
    var expression: ((String) -> String)?
    var note: String?

    init(_ kind: MySQLKind, note: String? = nil, expression: ((String) -> String)? = nil) {
        self.kind = kind
        self.note = note
        self.expression = expression
    }

    /// The value cast to text on the server.
    static func text(note: String? = nil) -> MySQLReading {
        MySQLReading(.text, note: note) { "CAST(\($0) AS CHAR CHARACTER SET utf8mb4)" }
    }

    /// Decides how a column is read (docs/types.md, "MySQL and MariaDB").
    ///
    /// MySQL 8 writes latitude first where the SRID has it so, unless told; MariaDB never does.
    init(
        of column: MySQLRelation.Column,
        policy: ConversionPolicy,
        isMariaDB: Bool,
        isInUTC: Bool
    ) {
        let plain = Self.plain(column, isMariaDB: isMariaDB)
        switch plain.kind {
        case .text, .bytes: self = plain
        case .timestamptz where !isInUTC && policy != .string:
            // Written in the session's own zone, an hour of each autumn would be another's.
            self = MySQLReading(.timestamptz, note: "the instant, whatever the session's time zone")
            {
                "IF(UNIX_TIMESTAMP(\($0)) = 0, \($0), TIMESTAMP'1970-01-01 00:00:00' + "
                    + "INTERVAL UNIX_TIMESTAMP(\($0)) SECOND)"
            }
        case .float4 where policy == .string:
            // Its own text has six digits.
            self = MySQLReading(.text, note: "as text, by policy") {
                "CAST(CAST(\($0) AS DOUBLE) AS CHAR CHARACTER SET utf8mb4)"
            }
        case .bits where policy == .string:
            self = MySQLReading(.text, note: "as text, by policy") {
                "CAST(\($0) + 0 AS CHAR CHARACTER SET utf8mb4)"
            }
        case _ where policy == .string: self = .text(note: "as text, by policy")
        default: self = plain
        }
    }

    private static func plain(
        _ column: MySQLRelation.Column,
        isMariaDB: Bool
    ) -> MySQLReading {
        let isUnsigned = column.typeName.lowercased().contains("unsigned")
        switch column.dataType {
        case "tinyint": return MySQLReading(.int1(isUnsigned: isUnsigned))
        case "smallint": return MySQLReading(.int2(isUnsigned: isUnsigned))
        case "year": return MySQLReading(.int2(isUnsigned: true))
        // Three bytes are sent as four, those of an unsigned one fit a signed one.
        case "mediumint": return MySQLReading(.int4(isUnsigned: false))
        case "int", "integer": return MySQLReading(.int4(isUnsigned: isUnsigned))
        case "bigint": return MySQLReading(.int8(isUnsigned: isUnsigned))
        case "float": return MySQLReading(.float4)
        case "double", "real": return MySQLReading(.float8)
        case "decimal", "numeric": return decimal(column)
        case "bit":
            // An expression of a view is called a BIT and sent as a number.
            return MySQLReading(.bits(column.precision ?? 1)) {
                "CAST(\($0) + 0 AS CHAR CHARACTER SET utf8mb4)"
            }
        case "date": return MySQLReading(.date)
        case "datetime": return MySQLReading(.timestamp)
        case "timestamp": return MySQLReading(.timestamptz)
        case "time":
            return .text(note: "time as text: it reaches from -838:59:59 to 838:59:59")
        case "json": return MySQLReading(.text)
        case "enum", "set": return MySQLReading(.text)
        case "uuid":
            return MySQLReading(.uuid) { "UNHEX(REPLACE(CAST(\($0) AS CHAR), '-', ''))" }
        case "inet4", "inet6": return .text()
        case "geometry", "point", "linestring", "polygon", "multipoint", "multilinestring",
            "multipolygon", "geometrycollection", "geomcollection":
            let order = isMariaDB ? "" : ", 'axis-order=long-lat'"
            return MySQLReading(
                .bytes,
                note: "well-known binary; the SRID is not part of it"
            ) { "ST_AsBinary(\($0)\(order))" }
        default: return MySQLReading(column.characterSet == nil ? .bytes : .text)
        }
    }

    private static func decimal(_ column: MySQLRelation.Column) -> MySQLReading {
        let precision = column.precision ?? 10
        guard precision <= 38 else {
            return .text(note: "more than 38 digits: no Iceberg decimal holds it")
        }
        return MySQLReading(.decimal(precision: precision, scale: column.scale ?? 0))
    }
}
