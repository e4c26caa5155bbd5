import Streams

extension MySQLRelation.Column {
    /// Whether rows can be merged by the column: by its values, or by what its collation compares.
    ///
    /// By `prefix` characters only, where the key's index has no more.
    func mergeForm(prefix: Int?, isMariaDB: Bool) -> MergeKeyForm {
        let whole = MySQLSyntax.quoted(name)
        let value = prefix.map { "LEFT(\(whole), \($0))" } ?? whole
        switch dataType {
        case "float", "double", "real":
            return .none("a \(dataType) has no text that tells it apart")
        case "json", "geometry", "point", "linestring", "polygon", "multipoint", "multilinestring",
            "multipolygon", "geometrycollection", "geomcollection", "vector":
            return .none("a \(dataType) is no key")
        case "enum", "set": return .same
        default: break
        }
        guard let characterSet, let collation else {
            return prefix == nil ? .same : .expression(value)
        }
        let name = collation.lowercased()
        let isPadded = !name.contains("nopad") && !name.contains("_0900_") && name != "binary"
        if name.hasSuffix("_bin") {
            // Bytes decide, but for blanks at the end; those of a CHAR are not sent in the first place.
            guard isPadded, dataType != "char" else {
                return prefix == nil ? .same : .expression("CAST(\(value) AS BINARY)")
            }
            return .expression("CAST(RTRIM(\(value)) AS BINARY)")
        }
        if name.hasPrefix("big5_chinese") || name == "latin2_czech_cs" {
            return .none("\(collation) has weights that several texts share")
        }
        // Comparing fills the shorter text up with blanks, on each level by itself; without padding it
        // still passes over blanks behind the first one.
        let levels =
            isMariaDB && Self.hasLevels(name) ? [" LEVEL 1", " LEVEL 2", " LEVEL 3"] : [""]
        let forms = levels.enumerated().map { place, level in
            let weights = "WEIGHT_STRING(\(value)\(level))"
            guard isPadded || place > 0 else { return weights }
            let blank =
                "WEIGHT_STRING(CONVERT(' ' USING \(characterSet)) COLLATE \(collation)\(level))"
            return "TRIM(TRAILING \(blank) FROM \(weights))"
        }
        guard forms.count > 1 else { return .expression(forms[0]) }
        // No weight is zero.
        return .expression("CONCAT_WS(0x0000, \(forms.joined(separator: ", ")))")
    }

    /// Whether a collation of MariaDB compares accents or case after the letters; MySQL's that do never fill
    /// up with blanks.
    private static func hasLevels(_ collation: String) -> Bool {
        collation.contains("_as_") || collation.hasSuffix("_cs") || collation.hasSuffix("_w2")
    }
}

/// The unique indexes of a table.
struct MySQLUniqueIndex: Hashable, Sendable {
    struct Part: Hashable, Sendable {
        /// nil for an expression.
        var column: String?
        /// Characters that the index has of the column; nil for all.
        var prefix: Int?
    }

    var name: String
    var parts: [Part]
}

/// Looks for rows that a key does not tell apart.
struct MySQLKeyCheck {
    let session: MySQLSession
    let read: MySQLRead
    let key: [String]

    /// Whether the server itself keeps the key unique, and without nulls.
    ///
    /// An index of a part of a column keeps the whole unique too.
    var isEnforced: Bool {
        let required = read.relation.columns.filter(\.isRequired).map(\.name)
        return Set(key).isSubset(of: required)
            && read.relation.uniqueIndexes.contains { index in
                index.parts.allSatisfy { part in part.column.map(key.contains) ?? false }
            }
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
        let names = key.map(MySQLSyntax.quoted)
        let rows = try await session.query(
            """
            SELECT \(names.map { "LEFT(CAST(MIN(\($0)) AS CHAR), 60)" }.joined(separator: ", "))
            FROM \(read.relation.fromClause)\(MergeKey.condition(read.filter, condition))
            GROUP BY \(names.joined(separator: ", ")) HAVING COUNT(*) > 1
            LIMIT \(Limits.duplicateExamples)
            """
        )
        guard !rows.isEmpty else { return }
        throw MergeKey.duplicates(
            rows.map { row in row.map { $0 ?? "null" }.joined(separator: ", ") },
            of: key,
            stream: read.plan.stream
        )
    }

    private func requireNoNulls() async throws {
        let isNull = key.map { "\(MySQLSyntax.quoted($0)) IS NULL" }.joined(separator: " OR ")
        let condition = MergeKey.condition(read.filter, "(\(isNull))")
        let nulls = try await session.query(
            "SELECT EXISTS (SELECT 1 FROM \(read.relation.fromClause)\(condition))"
        )
        if nulls.first?.first == "1" { throw MergeKey.nulls(in: key, stream: read.plan.stream) }
    }
}
