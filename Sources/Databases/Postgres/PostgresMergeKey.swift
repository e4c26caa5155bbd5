import Columnar
import Streams

extension PostgresTypeMap {
    /// Types of the server whose values have other bytes here exactly where its `=` is false.
    private static let exactTypes: Set<String> = [
        "bool", "int2", "int4", "int8", "oid", "xid", "xid8", "cid", "text", "varchar", "name",
        "char",
        "uuid", "date", "timestamp", "timestamptz", "time", "timetz", "bytea", "money", "inet",
        "cidr",
        "macaddr", "macaddr8", "bit", "varbit", "pg_lsn", "tid", "int4range", "int8range",
        "daterange",
        "int4multirange", "int8multirange", "datemultirange",
    ]

    /// Whether rows can be merged by a column of this type that is read like that.
    func mergeForm(
        of column: PostgresRelation.Column,
        as reading: PostgresReading
    ) -> MergeKeyForm {
        if column.hasLooseCollation {
            return .none("its collation takes different texts for equal, and says not which")
        }
        var type = types[column.typeID]
        var modifier = column.modifier
        while let domain = type, domain.kind == "d" {
            if domain.baseModifier >= 0 { modifier = domain.baseModifier }
            type = types[domain.baseID]
        }
        guard let type else { return .none("its type \(column.typeName) is not known here") }
        if reading.type.dataType.isNested { return .none("a \(reading.type.dataType) is no key") }
        guard type.schema == "pg_catalog" else {
            switch (type.kind, type.name) {
            case ("e", _): return .same
            case (_, "citext"):
                return .expression(
                    "pg_catalog.lower(\(quoted(column.name))::text COLLATE pg_catalog.\"default\")"
                )
            default: return .none("what is equal among values of \(type.name) is not known here")
            }
        }
        switch type.name {
        case _ where Self.exactTypes.contains(type.name): return .same
        case "bpchar":
            // Values of one length are padded to it; others are equal with and without blanks.
            return modifier > 0
                ? .same : .expression("pg_catalog.rtrim(\(quoted(column.name))::text, ' ')")
        case "float4", "float8":
            return reading.type == .text ? .none("as text, 0 and -0 differ") : .same
        case "numeric":
            return reading.type == .text
                ? .none("as text, equal numbers differ, as 1 and 1.0 do") : .same
        default:
            return .none("equal values of \(type.name) may be written in different ways")
        }
    }
}

/// Looks for rows that a key does not tell apart.
struct PostgresKeyCheck {
    let session: PostgresSession
    let read: PostgresRead
    let key: [String]

    /// Whether the server itself keeps the key unique, and without nulls.
    func isEnforced() async throws -> Bool {
        let rows = try await session.query(
            """
            SELECT EXISTS (
                SELECT FROM pg_catalog.pg_index i
                WHERE i.indrelid = $1::oid AND i.indisunique AND i.indisvalid
                    AND i.indpred IS NULL AND i.indexprs IS NULL
                    AND NOT EXISTS (
                        SELECT FROM pg_catalog.unnest(i.indkey) WITH ORDINALITY k(number, place)
                            LEFT JOIN pg_catalog.pg_attribute a
                                ON a.attrelid = i.indrelid AND a.attnum = k.number
                        WHERE k.place <= i.indnkeyatts
                            AND (a.attname IS NULL OR NOT a.attnotnull
                                OR a.attname <> ALL ($2::text[]))))
            """,
            [read.relationID, PostgresSyntax.array(key)]
        )
        return rows.first?.first == "t"
    }

    /// Requires that the key tells all rows of the snapshot apart, or those that meet a condition.
    ///
    /// Where nulls are taken, they are equal to each other.
    ///
    /// - Throws: `SourceError` `unusableKey`, naming some keys.
    func requireUnique(
        among condition: String? = nil,
        takesNulls: Bool = false
    ) async throws {
        if !takesNulls { try await requireNoNulls() }
        let names = key.map(quoted)
        let rows = try await session.cancelling {
            try await session.query(
                """
                SELECT \(names.map { "pg_catalog.left(\($0)::text, 60)" }.joined(separator: ", "))
                FROM \(read.fromClause)\(MergeKey.condition(read.filter, condition))
                GROUP BY \(names.joined(separator: ", ")) HAVING pg_catalog.count(*) > 1
                LIMIT \(Limits.duplicateExamples)
                """
            )
        }
        guard !rows.isEmpty else { return }
        throw MergeKey.duplicates(
            rows.map { row in row.map { $0 ?? "null" }.joined(separator: ", ") },
            of: key,
            stream: read.plan.stream
        )
    }

    private func requireNoNulls() async throws {
        let isNull = key.map { "\(quoted($0)) IS NULL" }.joined(separator: " OR ")
        let condition = MergeKey.condition(read.filter, "(\(isNull))")
        let nulls = try await session.cancelling {
            try await session.query("SELECT EXISTS (SELECT FROM \(read.fromClause)\(condition))")
        }
        if nulls.first?.first == "t" { throw MergeKey.nulls(in: key, stream: read.plan.stream) }
    }
}
