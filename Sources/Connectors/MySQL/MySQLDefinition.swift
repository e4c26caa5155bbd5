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

    /// Looks at the relation and the condition of a read.
    init(
        of relation: MySQLRelation,
        filter: String?,
        in session: MySQLSession
    ) async throws {
        evaluatesUserText =
            filter != nil || relation.kind == .view
            || relation.columns.contains { $0.expression != nil }
        if let filter {
            let condition = SQLText(filter, .mysql)
            causes += condition.outsideRow.map { "the condition: \($0)" }
        }
        guard relation.kind == .view else {
            // A table that was made again, or that another one has taken the place of. Its time of
            // creation changes with each change of its definition, its number only where rows are copied.
            identity = try await Self.tableID(relation, session) ?? relation.createdAt
            return
        }
        let rows = try await session.query(
            """
            SELECT view_definition FROM information_schema.views
            WHERE table_schema = \(MySQLSyntax.literal(relation.name.namespace ?? ""))
                AND table_name = \(MySQLSyntax.literal(relation.name.name))
            """
        )
        guard let definition = rows.first?.first ?? nil, !definition.isEmpty else {
            causes.append("the view: its definition cannot be seen (SHOW VIEW)")
            return
        }
        text = definition
        causes += SQLText(definition, .mysql).outsideRowOfView.map { "the view: \($0)" }
    }

    /// The number of an InnoDB table, which changes when it is made again; nil for a user who may not
    /// see it (PROCESS).
    private static func tableID(
        _ relation: MySQLRelation,
        _ session: MySQLSession
    ) async throws -> String? {
        let name = "\(relation.name.namespace ?? "")/\(relation.name.name)"
        do {
            let rows = try await session.query(
                """
                SELECT table_id FROM information_schema.innodb_\(session.isMariaDB ? "sys_" : "")tables
                WHERE name = \(MySQLSyntax.literal(name))
                """
            )
            return rows.first?.first ?? nil
        } catch is SourceError {
            return nil
        }
    }
}
