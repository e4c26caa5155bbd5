import Basics
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
        /// The expression of a column that is computed whenever it is read.
        var expression: String?

        /// What its values depend on besides writes to its rows: what it was declared as, since a change
        /// of that rewrites values.
        var definition: String {
            [typeName, characterSet, collation, expression].map { $0 ?? "" }.joined(separator: " ")
        }
    }

    var name: StreamName
    var kind: Kind
    /// nil for a view.
    var engine: String?
    var estimatedRowCount: Int64?
    var byteCount: Int64
    /// When the server made it, or wrote it as a whole; nil where it does not say.
    var createdAt: String?
    var columns: [Column] = []
    var primaryKey: [String] = []
    /// Those of the primary key among them, and of its parts that do not have the whole column.
    var uniqueIndexes: [MySQLUniqueIndex] = []

    /// Characters that the primary key has of a column; nil for all.
    func prefix(of name: String) -> Int? {
        uniqueIndexes.first { $0.name == "PRIMARY" }?.parts.first { $0.column == name }?.prefix
    }

    /// Whether reads of it see one state while others write.
    var hasSnapshots: Bool {
        guard kind != .view else { return true }
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
        "_utf8mb4 X'\(Hexadecimal.text(text.utf8))'"
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
        var conditions = ["table_type IN (\(MySQLRelation.Kind.list))"]
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
                COALESCE(data_length, 0), create_time
            FROM information_schema.tables WHERE \(conditions.joined(separator: " AND "))
            ORDER BY table_schema, table_name
            """
        )
        return rows.compactMap { row in
            guard let kind = row[2].flatMap(MySQLRelation.Kind.init(rawValue:)) else { return nil }
            return MySQLRelation(
                name: StreamName(namespace: row[0], name: row[1] ?? ""),
                kind: kind,
                engine: row[3],
                estimatedRowCount: row[4].flatMap { Int64($0) },
                byteCount: row[5].flatMap { Int64($0) } ?? 0,
                createdAt: row[6]
            )
        }
    }

    /// One relation with its columns.
    ///
    /// - Throws: `SourceError`, `notFound` with names that are like it.
    func relation(_ stream: StreamName, place: String) async throws -> MySQLRelation {
        let found = try await relations(matching: stream)
        // A server may or may not tell names apart by case; what is written exactly comes first.
        let exact = found.first { $0.name.name.isSameBytes(as: stream.name) } ?? found.first
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
        return SourceError.missing(
            stream,
            place: place,
            among: try await relations().map(\.name)
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
        let scope = "table_schema IN (\(spaces))\(one)"
        let columns = try await columns(scope)
        let indexes = try await uniqueIndexes(scope)
        return relations.map { relation in
            var relation = relation
            relation.columns = columns[relation.name] ?? []
            relation.uniqueIndexes = indexes[relation.name] ?? []
            relation.primaryKey =
                relation.uniqueIndexes.first { $0.name == "PRIMARY" }?.parts.compactMap(\.column)
                ?? []
            return relation
        }
    }

    private func columns(_ scope: String) async throws -> [StreamName: [MySQLRelation.Column]] {
        let rows = try await session.query(
            """
            SELECT table_schema, table_name, column_name, data_type, column_type, is_nullable,
                character_set_name, collation_name, numeric_precision, numeric_scale,
                column_comment, extra, generation_expression
            FROM information_schema.columns WHERE \(scope)
            ORDER BY table_schema, table_name, ordinal_position
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
                    isHidden: (row[11] ?? "").uppercased().contains("INVISIBLE"),
                    expression: (row[11] ?? "").uppercased().contains("VIRTUAL") ? row[12] : nil
                )
            )
        }
        return columns
    }

    private func uniqueIndexes(
        _ scope: String
    ) async throws -> [StreamName: [MySQLUniqueIndex]] {
        let rows = try await session.query(
            """
            SELECT table_schema, table_name, index_name, column_name, sub_part
            FROM information_schema.statistics WHERE \(scope) AND non_unique = 0
            ORDER BY table_schema, table_name, index_name, seq_in_index
            """
        )
        var indexes: [StreamName: [MySQLUniqueIndex]] = [:]
        for row in rows {
            let name = StreamName(namespace: row[0], name: row[1] ?? "")
            let part = MySQLUniqueIndex.Part(
                column: row[3],
                prefix: row[4].flatMap { Int($0) }
            )
            if let last = indexes[name]?.indices.last, indexes[name]?[last].name == row[2] {
                indexes[name]?[last].parts.append(part)
            } else {
                indexes[name, default: []].append(
                    MySQLUniqueIndex(name: row[2] ?? "", parts: [part])
                )
            }
        }
        return indexes
    }
}
