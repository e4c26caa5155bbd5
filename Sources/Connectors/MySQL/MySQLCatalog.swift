import Streams

/// A table or view as the server describes it.
struct MySQLRelation: Sendable {
    struct Column: Sendable {
        var name: String
        /// `int`, `varchar` and so on.
        var dataType: String
        /// As written, with `unsigned` and lengths.
        var typeName: String
        var isRequired: Bool
        /// nil where it holds no text.
        var characterSet: String?
        var collation: String?
        var precision: Int?
        var scale: Int?
        var comment: String?
        /// Only read when named: `INVISIBLE`.
        var isHidden: Bool
    }

    var name: StreamName
    /// `BASE TABLE`, `VIEW`, `SYSTEM VERSIONED`.
    var kind: String
    /// nil for a view.
    var engine: String?
    var estimatedRowCount: Int64?
    var byteCount: Int64
    var columns: [Column] = []
    var primaryKey: [String] = []

    var kindName: String {
        switch kind {
        case "VIEW": "view"
        case "SYSTEM VERSIONED": "system-versioned table"
        default: "table"
        }
    }

    /// Whether reads of it see one state while others write.
    var hasSnapshots: Bool {
        guard kind != "VIEW" else { return true }
        return ["InnoDB", "ROCKSDB", "TokuDB"].contains(engine ?? "")
    }

    /// As it stands behind FROM.
    var fromClause: String { MySQLSyntax.name(name) }
}

/// How names and values are written in statements.
enum MySQLSyntax {
    /// An identifier in backticks.
    static func quoted(_ name: String) -> String {
        var text = "`"
        for scalar in name.unicodeScalars {
            if scalar == "`" { text.unicodeScalars.append(scalar) }
            text.unicodeScalars.append(scalar)
        }
        text.unicodeScalars.append("`")
        return text
    }

    /// A stream's name with its database.
    static func name(_ stream: StreamName) -> String {
        (stream.namespace.map { quoted($0) + "." } ?? "") + quoted(stream.name)
    }

    /// A text, whatever the session takes backslashes for.
    static func literal(_ text: String) -> String {
        let digits = text.utf8.flatMap { byte in
            [byte >> 4, byte & 15].map { Character(String($0, radix: 16)) }
        }
        return "_utf8mb4 X'\(String(digits))'"
    }
}

/// The server's own description of what can be read.
struct MySQLCatalog {
    let session: MySQLSession
    /// The only database that counts; nil for all.
    let database: String?

    /// What a server keeps for itself.
    private static let systemDatabases = [
        "information_schema", "mysql", "performance_schema", "sys",
    ]

    /// Relations, ordered by name, without columns; `stream` for one alone.
    func relations(matching stream: StreamName? = nil) async throws -> [MySQLRelation] {
        var conditions = ["table_type IN ('BASE TABLE', 'VIEW', 'SYSTEM VERSIONED')"]
        if let space = stream?.namespace ?? database {
            conditions.append("table_schema = \(MySQLSyntax.literal(space))")
        } else {
            let names = Self.systemDatabases.map { "'\($0)'" }.joined(separator: ", ")
            conditions.append("table_schema NOT IN (\(names))")
        }
        if let stream { conditions.append("table_name = \(MySQLSyntax.literal(stream.name))") }
        let rows = try await session.query(
            """
            SELECT table_schema, table_name, table_type, engine, table_rows,
                COALESCE(data_length, 0)
            FROM information_schema.tables WHERE \(conditions.joined(separator: " AND "))
            ORDER BY table_schema, table_name
            """
        )
        return rows.map { row in
            MySQLRelation(
                name: StreamName(namespace: row[0], name: row[1] ?? ""),
                kind: row[2] ?? "",
                engine: row[3],
                estimatedRowCount: row[4].flatMap { Int64($0) },
                byteCount: row[5].flatMap { Int64($0) } ?? 0
            )
        }
    }

    /// One relation with its columns.
    ///
    /// - Throws: `SourceError`, `notFound` with names that are like it.
    func relation(_ stream: StreamName, place: String) async throws -> MySQLRelation {
        let found = try await relations(matching: stream)
        // A server may or may not tell names apart by case; what is written exactly comes first.
        let exact = found.first { $0.name.name == stream.name } ?? found.first
        guard let exact, stream.namespace != nil || found.count == 1 || database != nil else {
            throw try await missing(stream, among: found, place: place)
        }
        return try await withColumns([exact])[0]
    }

    private func missing(
        _ stream: StreamName,
        among found: [MySQLRelation],
        place: String
    ) async throws -> SourceError {
        if found.count > 1 {
            return SourceError(
                .notFound,
                "\(place): there are several: "
                    + found.prefix(3).map(\.name.description).joined(separator: ", ")
                    + "; name the database too"
            )
        }
        let similar = try await relations().map(\.name.description).filter {
            $0.lowercased().contains(stream.name.lowercased())
        }.prefix(3)
        return SourceError(
            .notFound,
            "\(place): there is no table or view \(stream)"
                + (similar.isEmpty
                    ? "; `tributary discover` lists what there is"
                    : "; did you mean \(similar.joined(separator: " or "))?")
        )
    }

    /// The relations with their columns and keys filled in.
    func withColumns(_ relations: [MySQLRelation]) async throws -> [MySQLRelation] {
        guard !relations.isEmpty else { return [] }
        let spaces = Set(relations.compactMap(\.name.namespace)).sorted()
            .map(MySQLSyntax.literal).joined(separator: ", ")
        let one =
            relations.count == 1
            ? " AND table_name = \(MySQLSyntax.literal(relations[0].name.name))" : ""
        let rows = try await session.query(
            """
            SELECT table_schema, table_name, column_name, data_type, column_type, is_nullable,
                character_set_name, collation_name, numeric_precision, numeric_scale,
                column_comment, extra
            FROM information_schema.columns WHERE table_schema IN (\(spaces))\(one)
            ORDER BY table_schema, table_name, ordinal_position
            """
        )
        let keys = try await session.query(
            """
            SELECT table_schema, table_name, column_name FROM information_schema.statistics
            WHERE table_schema IN (\(spaces))\(one) AND index_name = 'PRIMARY'
            ORDER BY table_schema, table_name, seq_in_index
            """
        )
        var columns: [StreamName: [MySQLRelation.Column]] = [:]
        for row in rows {
            columns[StreamName(namespace: row[0], name: row[1] ?? ""), default: []].append(
                MySQLRelation.Column(
                    name: row[2] ?? "",
                    dataType: (row[3] ?? "").lowercased(),
                    typeName: row[4] ?? "",
                    isRequired: row[5] == "NO",
                    characterSet: row[6],
                    collation: row[7],
                    precision: row[8].flatMap { Int($0) },
                    scale: row[9].flatMap { Int($0) },
                    comment: row[10].flatMap { $0.isEmpty ? nil : $0 },
                    isHidden: (row[11] ?? "").uppercased().contains("INVISIBLE")
                )
            )
        }
        var primaryKeys: [StreamName: [String]] = [:]
        for row in keys {
            primaryKeys[StreamName(namespace: row[0], name: row[1] ?? ""), default: []]
                .append(row[2] ?? "")
        }
        return relations.map { relation in
            var relation = relation
            relation.columns = columns[relation.name] ?? []
            relation.primaryKey = primaryKeys[relation.name] ?? []
            return relation
        }
    }
}
