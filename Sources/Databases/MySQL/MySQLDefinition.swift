import Streams

/// What the rows of a read depend on besides themselves.
struct MySQLDefinition: Sendable {
    /// All definitions, to be compared.
    var text = ""
    /// What the server knows a table by; nil for a view.
    var identity: String?
    /// What of it changes without a write to a row, one phrase each.
    var causes: [String] = []
    /// Whether anything is evaluated that a user wrote.
    var evaluatesUserText: Bool

    /// Engines whose tables have their rows elsewhere.
    private static let enginesOfOthers: Set<String> = [
        "mrg_myisam", "federated", "connect", "spider",
    ]

    /// Looks at the relation and the condition of a read.
    init(
        of relation: MySQLRelation,
        filter: String?,
        in session: MySQLSession
    ) async throws {
        evaluatesUserText =
            filter != nil || relation.kind == .view
            || relation.columns.contains { $0.expression != nil }
        if evaluatesUserText { text += await session.ownSettingsText }
        if let filter {
            let condition = SQLText(filter, .mysql)
            causes += condition.outsideRow.map { "the condition: \($0)" }
            for column in relation.columns where condition.names.contains(column.name.lowercased())
            {
                text += "\n\(column.name) \(column.definition)"
            }
        }
        if let engine = relation.engine, Self.enginesOfOthers.contains(engine.lowercased()) {
            causes.append("the table has the rows of others (\(engine))")
        }
        guard relation.kind == .view else {
            // A table that was made again or changed, or that another one has taken the place of: its time
            // tells seconds apart, its number only tables whose rows were copied.
            let (space, name) = (relation.name.namespace ?? "", relation.name.name)
            identity = try await ([relation.createdAt ?? "", Self.identity(space, name, session)])
                .joined(separator: "; ")
            return
        }
        try await addView(relation.name.namespace ?? "", relation.name.name, session)
    }

    /// Adds what a view is made of, all the way down; it may read whatever it names.
    private mutating func addView(
        _ space: String,
        _ name: String,
        _ session: MySQLSession
    ) async throws {
        var pending = [(space: space, name: name)]
        var seen: Set<String> = []
        var names: Set<String> = []
        while let view = pending.popLast() {
            guard seen.insert("\(view.space)/\(view.name)").inserted else { continue }
            let rows = try await session.query(
                """
                SELECT view_definition FROM information_schema.views
                WHERE table_schema = \(MySQLSyntax.literal(view.space))
                    AND table_name = \(MySQLSyntax.literal(view.name))
                """
            )
            guard let definition = rows.first?.first ?? nil, !definition.isEmpty else {
                causes.append("the view: the definition of \(view.name) cannot be seen (SHOW VIEW)")
                continue
            }
            text += "\n" + definition
            let query = SQLText(definition, .mysql)
            names.formUnion(query.names)
            causes += query.outsideRowOfView.map { "the view: \($0)" }.filter {
                !causes.contains($0)
            }
            pending += try await Self.views(named: query.names, session)
        }
        text += try await Self.identities(named: names, session)
    }

    /// Views that a definition may read: all of those names.
    private static func views(
        named names: Set<String>,
        _ session: MySQLSession
    ) async throws -> [(space: String, name: String)] {
        let list = names.sorted().map(MySQLSyntax.literal).joined(separator: ", ")
        guard !list.isEmpty else { return [] }
        let rows = try await session.query(
            """
            SELECT table_schema, table_name FROM information_schema.views
            WHERE LOWER(table_schema) IN (\(list)) AND LOWER(table_name) IN (\(list)) ORDER BY 1, 2
            """
        )
        return rows.map { (space: ($0.first ?? nil) ?? "", name: ($0.last ?? nil) ?? "") }
    }

    /// When a table and its partitions were made, and the numbers of those of InnoDB, which a user without
    /// PROCESS may not see.
    private static func identity(
        _ space: String,
        _ name: String,
        _ session: MySQLSession
    ) async throws -> String {
        let made = try await session.query(
            """
            SELECT COALESCE(partition_name, ''), COALESCE(subpartition_name, ''), create_time
            FROM information_schema.partitions WHERE table_schema = \(MySQLSyntax.literal(space))
                AND table_name = \(MySQLSyntax.literal(name)) ORDER BY 1, 2
            """
        )
        var parts = made.map { $0.map { $0 ?? "" }.joined(separator: " ") }
        do {
            let path = "\(space)/\(name)"
            let rows = try await session.query(
                """
                SELECT name, table_id
                FROM information_schema.innodb_\(session.isMariaDB ? "sys_" : "")tables
                WHERE name = \(MySQLSyntax.literal(path))
                    OR LEFT(name, CHAR_LENGTH(\(MySQLSyntax.literal(path + "#p#")))) =
                        \(MySQLSyntax.literal(path + "#p#"))
                ORDER BY 1
                """
            )
            parts += rows.map { $0.map { $0 ?? "" }.joined(separator: " ") }
        } catch is SourceError {
            // The times have to do.
        }
        return parts.joined(separator: "; ")
    }

    /// When the tables that a view may read were made, and what columns they have: all of those names.
    private static func identities(
        named names: Set<String>,
        _ session: MySQLSession
    ) async throws -> String {
        let list = names.sorted().map(MySQLSyntax.literal).joined(separator: ", ")
        guard !list.isEmpty else { return "" }
        let rows = try await session.query(
            """
            SELECT t.table_schema, t.table_name, t.create_time, c.column_name, c.column_type,
                c.collation_name, c.generation_expression
            FROM information_schema.tables t JOIN information_schema.columns c
                ON c.table_schema = t.table_schema AND c.table_name = t.table_name
            WHERE LOWER(t.table_schema) IN (\(list)) AND LOWER(t.table_name) IN (\(list))
                AND LOWER(c.column_name) IN (\(list))
            ORDER BY 1, 2, c.ordinal_position
            """
        )
        var text = rows.map { "\n" + $0.map { $0 ?? "" }.joined(separator: " ") }.joined()
        var seen: Set<String> = []
        for row in rows {
            guard let space = row[0], let name = row[1], seen.insert("\(space)/\(name)").inserted
            else { continue }
            text += "\n" + (try await identity(space, name, session))
        }
        return text
    }
}
