import Streams

/// A row of `pg_type` with what it refers to.
struct PostgresType: Sendable {
    var id: String
    var name: String
    var schema: String
    /// `b`ase, `c`omposite, `d`omain, `e`num, `p`seudo, `r`ange, `m`ultirange.
    var kind: String
    var category: String
    var elementID: String
    /// The type behind a domain, the bounds of a range.
    var baseID: String
    var baseModifier: Int
    /// Attributes of a composite: name, type, modifier.
    var members: [(name: String, typeID: String, modifier: Int)]
}

/// How a column or a part of it is read.
struct PostgresReading: Sendable {
    /// What the server is asked to do with the value first.
    enum Expression: Sendable {
        case direct
        /// `value::cast`.
        case cast(String)
        /// `function(value)`.
        case function(String)
        /// A row rebuilt member by member, because some member needs an expression.
        case rebuilt([(name: String, reading: PostgresReading)])
    }

    var type: CopyType
    var expression: Expression = .direct
    /// A numeric without precision: its size has to be asked for.
    var isUnconstrainedNumeric = false
    /// A text that the server makes of dates.
    var isTextOfDates = false
    var note: String?

    /// The value cast to text on the server: for what has no binary form we may rely on.
    static func text(note: String? = nil) -> PostgresReading {
        PostgresReading(type: .text, expression: .cast("text"), note: note)
    }

    /// Whether the server writes dates into a text, in a form that settings of the session choose.
    var printsDates: Bool {
        if case .rebuilt(let members) = expression {
            return members.contains { $0.reading.printsDates }
        }
        return isTextOfDates
    }

    /// The SQL that reads `value`.
    func sql(_ value: String) -> String {
        switch expression {
        case .direct: value
        case .cast(let type): "\(value)::\(type)"
        case .function(let name): "\(name)(\(value))"
        case .rebuilt(let members):
            // A plain IS NULL would also be true for a row of nulls.
            "CASE WHEN \(value) IS NOT DISTINCT FROM NULL THEN NULL ELSE ROW("
                + members.map { $0.reading.sql("(\(value)).\(quoted($0.name))") }
                .joined(separator: ", ") + ") END"
        }
    }
}

/// Decides how each type is read (docs/types.md, "PostgreSQL").
struct PostgresTypeMap {
    let types: [String: PostgresType]
    /// Digits behind the point of `money`, which the server's locale sets.
    let moneyScale: Int

    /// The enumerations among the types.
    var enumerationIDs: [String] { types.values.filter { $0.kind == "e" }.map(\.id).sorted() }

    /// A type among them whose text tells names of the catalog, which change without a write to any
    /// row; nil when there is none.
    var namingType: String? {
        types.values.filter { $0.schema == "pg_catalog" && Self.namingTypes.contains($0.name) }
            .map(\.name).min()
    }

    private static let namingTypes: Set<String> = [
        "aclitem", "regclass", "regcollation", "regconfig", "regdictionary", "regnamespace",
        "regoper", "regoperator", "regproc", "regprocedure", "regrole", "regtype",
    ]

    /// What values of a column depend on besides writes to its rows: the expression of a computed one,
    /// the members of a structure; nil where there is no such thing.
    func definition(of column: PostgresRelation.Column) -> String? {
        var parts = column.expression.map { [$0] } ?? []
        var pending = [column.typeID]
        var seen: Set<String> = []
        while let id = pending.popLast() {
            guard let type = types[id], seen.insert(id).inserted else { continue }
            pending += [type.elementID, type.baseID] + type.members.map(\.typeID)
            if type.kind == "c" {
                parts += type.members.map { "\(id) \($0.name) \($0.typeID) \($0.modifier)" }
            }
        }
        return parts.isEmpty ? nil : parts.joined(separator: "; ")
    }

    /// How a value of type `id` is read.
    func reading(_ id: String, modifier: Int, depth: Int = 0) -> PostgresReading {
        guard let type = types[id], depth <= Limits.nestingDepth else { return .text() }
        switch type.kind {
        case "d":
            return reading(
                type.baseID,
                modifier: type.baseModifier >= 0 ? type.baseModifier : modifier,
                depth: depth + 1
            )
        case "e": return PostgresReading(type: .text)
        case "c": return composite(type, depth: depth)
        case "b" where type.category == "A" && type.elementID != "0":
            return array(type, modifier: modifier, depth: depth)
        case "b" where type.schema == "pg_catalog": return builtIn(type.name, modifier: modifier)
        case "b": return fromExtension(type)
        case "r", "m":
            var reading = PostgresReading.text()
            let bound = types[type.baseID]?.name ?? ""
            reading.isTextOfDates = ["date", "timestamp", "timestamptz"].contains(bound)
            return reading
        default: return .text()
        }
    }

    private func builtIn(_ name: String, modifier: Int) -> PostgresReading {
        switch name {
        case "bool": PostgresReading(type: .boolean)
        case "int2": PostgresReading(type: .int2)
        case "int4": PostgresReading(type: .int4)
        case "int8": PostgresReading(type: .int8)
        case "oid", "xid", "cid": PostgresReading(type: .uint4)
        case "xid8": PostgresReading(type: .uint8)
        case "float4": PostgresReading(type: .float4)
        case "float8": PostgresReading(type: .float8)
        case "numeric": numeric(modifier: modifier)
        case "money": PostgresReading(type: .money(scale: moneyScale))
        case "text", "varchar", "bpchar", "name", "json": PostgresReading(type: .text)
        case "jsonb": PostgresReading(type: .versionedText)
        case "bytea": PostgresReading(type: .bytes)
        case "date": PostgresReading(type: .date)
        case "timestamp": PostgresReading(type: .timestamp)
        case "timestamptz": PostgresReading(type: .timestamptz)
        case "uuid": PostgresReading(type: .uuid)
        case "interval": PostgresReading(type: .interval)
        case "time":
            .text(note: "time as text: a table with an Iceberg time column cannot be read by Spark")
        default: .text()
        }
    }

    /// The modifier packs precision and an 11-bit signed scale (numeric.c, `make_numeric_typmod`).
    private func numeric(modifier: Int) -> PostgresReading {
        guard modifier >= 4 else {
            var reading = PostgresReading.text()
            reading.isUnconstrainedNumeric = true
            return reading
        }
        let declared = ((modifier - 4) >> 16) & 0xFFFF
        let scale = (((modifier - 4) & 0x7FF) ^ 1024) - 1024
        let precision = scale < 0 ? declared - scale : max(declared, scale)
        guard precision <= 38 else {
            return .text(note: "more than 38 digits: no Iceberg decimal holds it")
        }
        return PostgresReading(type: .numeric(precision: precision, scale: max(scale, 0)))
    }

    private func composite(_ type: PostgresType, depth: Int) -> PostgresReading {
        guard !type.members.isEmpty else { return .text() }
        let members = type.members.map {
            (name: $0.name, reading: reading($0.typeID, modifier: $0.modifier, depth: depth + 1))
        }
        let isDirect = members.allSatisfy { member in
            if case .direct = member.reading.expression { true } else { false }
        }
        return PostgresReading(
            type: .composite(members.map { .init(name: $0.name, type: $0.reading.type) }),
            expression: isDirect ? .direct : .rebuilt(members)
        )
    }

    private func array(_ type: PostgresType, modifier: Int, depth: Int) -> PostgresReading {
        let element = reading(type.elementID, modifier: modifier, depth: depth + 1)
        switch element.expression {
        case .direct: return PostgresReading(type: .array(element: element.type))
        case .cast("text"):
            return PostgresReading(
                type: .array(element: .text),
                expression: .cast("text[]"),
                isTextOfDates: element.isTextOfDates
            )
        case .cast, .function, .rebuilt:
            return .text(note: "an array whose elements need a conversion each: read as text")
        }
    }

    private func fromExtension(_ type: PostgresType) -> PostgresReading {
        switch type.name {
        case "hstore": PostgresReading(type: .hstore)
        case "citext": PostgresReading(type: .text)
        case "vector", "halfvec":
            PostgresReading(type: .array(element: .float4), expression: .cast("real[]"))
        case "geometry", "geography":
            PostgresReading(
                type: .bytes,
                expression: .function("\(quoted(type.schema)).ST_AsBinary"),
                note: "well-known binary; the SRID is not part of it"
            )
        default: .text()
        }
    }
}
