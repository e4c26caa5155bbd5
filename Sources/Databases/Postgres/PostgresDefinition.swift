import Streams

/// What the rows of a view, a condition or a policy depend on besides the rows themselves.
struct PostgresDefinition: Sendable {
    /// All definitions, to be compared; empty where there is none.
    var text = ""
    /// What of it changes without a write to a row, one phrase each.
    var causes: [String] = []
    /// Functions of users that are called: what they read is seen only when they have run.
    var functions: [String] = []

    /// Whether anything is evaluated that a user wrote.
    var evaluatesUserText = false

    /// What could surprise, one sentence each.
    var risks: [String] {
        guard !functions.isEmpty else { return [] }
        let names = functions.map { $0 + "()" }.joined(separator: ", ")
        return [
            "\(names) may read other tables, which is looked at after the read only: if one of them was "
                + "rewritten at that moment, the run fails and has to be run again"
        ]
    }

    /// Looks at the relation, which has columns of those names, and the condition of a read.
    init(
        of relation: PostgresRelation,
        columnNames: [String],
        filter: String?,
        in session: PostgresSession
    ) async throws {
        if relation.kind == .view { try await addViews(of: relation, in: session) }
        if relation.filtersRows { try await addPolicies(of: relation, in: session) }
        if let filter {
            let condition = SQLText(filter, .postgres)
            causes += condition.outsideRow.map { "the condition: \($0)" }
            try await addFunctions(named: condition.calledNames, in: session)
            let columns = Set(columnNames.map { $0.lowercased() } + Self.systemColumns)
            try await addHiddenCalls(of: condition, filter, on: relation, columns, in: session)
        }
        if relation.kind != .view { try await addForeignTables(of: relation, in: session) }
        evaluatesUserText = filter != nil || relation.kind == .view || relation.filtersRows
    }

    /// What a view is made of, all the way down: queries of views, functions, and of tables the columns that
    /// views name, with all that decides what is in them.
    private static let partsOfView = """
        WITH RECURSIVE parts(class, id) AS (
            SELECT 'pg_catalog.pg_class'::regclass::oid, $1::oid
            UNION
            SELECT d.refclassid, d.refobjid FROM parts p
                JOIN pg_catalog.pg_class c ON c.oid = p.id AND c.relkind = \(PostgresRelation.Kind.view.sql)
                    AND p.class = 'pg_catalog.pg_class'::regclass
                JOIN pg_catalog.pg_rewrite r ON r.ev_class = c.oid
                JOIN pg_catalog.pg_depend d ON d.objid = r.oid
                    AND d.classid = 'pg_catalog.pg_rewrite'::regclass
            WHERE d.refclassid IN
                ('pg_catalog.pg_class'::regclass, 'pg_catalog.pg_proc'::regclass)
        )
        SELECT c.relkind::text, p.id, CASE WHEN c.relkind = \(PostgresRelation.Kind.view.sql)
            THEN pg_catalog.pg_get_viewdef(p.id) ELSE COALESCE((
                SELECT pg_catalog.string_agg(pg_catalog.concat_ws(' ', a.attnum, a.attname,
                    a.atttypid, a.atttypmod, a.attcollation, (
                        SELECT pg_catalog.pg_get_expr(f.adbin, f.adrelid)
                        FROM pg_catalog.pg_attrdef f WHERE f.adrelid = a.attrelid
                            AND f.adnum = a.attnum AND a.attgenerated = 'v'), (
                        WITH RECURSIVE types(id) AS (
                            SELECT a.atttypid
                            UNION
                            SELECT w.id FROM types y JOIN pg_catalog.pg_type t ON t.oid = y.id,
                                LATERAL (SELECT t.typelem AS id UNION ALL SELECT t.typbasetype
                                    UNION ALL SELECT g.rngsubtype FROM pg_catalog.pg_range g
                                    WHERE g.rngtypid = t.oid
                                    UNION ALL SELECT m.atttypid FROM pg_catalog.pg_attribute m
                                    WHERE t.typrelid <> 0 AND m.attrelid = t.typrelid
                                        AND m.attnum > 0 AND NOT m.attisdropped) w
                            WHERE w.id <> 0)
                        SELECT pg_catalog.string_agg(e.enumlabel, ','
                            ORDER BY e.enumtypid, e.enumsortorder)
                        FROM pg_catalog.pg_enum e JOIN types y ON y.id = e.enumtypid)), ','
                    ORDER BY a.attnum)
                FROM pg_catalog.pg_attribute a
                WHERE a.attrelid = p.id AND EXISTS (
                    SELECT FROM pg_catalog.pg_depend u WHERE u.refobjid = p.id
                        AND u.refobjsubid = a.attnum
                        AND u.classid = 'pg_catalog.pg_rewrite'::regclass)
            ), '') || COALESCE((
                WITH RECURSIVE tree(id) AS (
                    SELECT p.id
                    UNION
                    SELECT i.inhrelid FROM tree r
                        JOIN pg_catalog.pg_inherits i ON i.inhparent = r.id)
                SELECT ' ' || pg_catalog.string_agg(r.id::text || COALESCE(' ' || \(foreignOptions), ''), ','
                    ORDER BY r.id) FROM tree r), '') END,
            c.relrowsecurity, c.relname
        FROM parts p JOIN pg_catalog.pg_class c ON c.oid = p.id
            AND p.class = 'pg_catalog.pg_class'::regclass
        UNION ALL
        SELECT '()', p.id, o.proname, false, ''
        FROM parts p JOIN pg_catalog.pg_proc o ON o.oid = p.id
            AND p.class = 'pg_catalog.pg_proc'::regclass
        ORDER BY 1, 2
        """

    /// What a foreign table `r.id` reads: its options, its server's, and those of its columns; null for
    /// others.
    private static let foreignOptions = """
        (SELECT pg_catalog.concat_ws(' ', f.ftoptions, v.srvoptions, (
            SELECT pg_catalog.string_agg(pg_catalog.concat_ws(' ', m.attnum, m.attfdwoptions), ','
                ORDER BY m.attnum)
            FROM pg_catalog.pg_attribute m
            WHERE m.attrelid = f.ftrelid AND m.attfdwoptions IS NOT NULL))
        FROM pg_catalog.pg_foreign_table f
            JOIN pg_catalog.pg_foreign_server v ON v.oid = f.ftserver WHERE f.ftrelid = r.id)
        """

    /// What foreign tables among a table and its partitions read.
    private mutating func addForeignTables(
        of relation: PostgresRelation,
        in session: PostgresSession
    ) async throws {
        let rows = try await session.query(
            """
            WITH RECURSIVE tree(id) AS (
                SELECT $1::oid
                UNION
                SELECT i.inhrelid FROM tree r
                    JOIN pg_catalog.pg_inherits i ON i.inhparent = r.id)
            SELECT r.id, \(Self.foreignOptions) FROM tree r
                JOIN pg_catalog.pg_foreign_table f ON f.ftrelid = r.id ORDER BY 1
            """,
            [relation.id]
        )
        for row in rows { text += "\(row[0] ?? "") \(row[1] ?? "")\n" }
    }

    private static let systemColumns = ["tableoid", "ctid", "xmin", "xmax", "cmin", "cmax"]

    /// Operators and functions of users that a condition calls without looking like it, and a row that is
    /// asked for as a whole.
    private mutating func addHiddenCalls(
        of condition: SQLText,
        _ filter: String,
        on relation: PostgresRelation,
        _ columns: Set<String>,
        in session: PostgresSession
    ) async throws {
        let table = relation.name.name.lowercased()
        for (name, member) in condition.members where name == table {
            switch member {
            case nil where !columns.contains(name):
                causes.append("the condition: it asks for the row as a whole (\(name))")
            case let member? where !columns.contains(member):
                causes.append("the condition: it calls \(member)()")
            default: break
            }
        }
        let rows = try await session.query(
            """
            SELECT DISTINCT o.oprname FROM pg_catalog.pg_operator o
            WHERE o.oprnamespace <> 'pg_catalog'::regnamespace
                AND pg_catalog.strpos($1, o.oprname) > 0
                AND NOT EXISTS (SELECT FROM pg_catalog.pg_depend d
                    WHERE d.classid = 'pg_catalog.pg_operator'::regclass AND d.objid = o.oid
                        AND d.deptype = 'e')
            ORDER BY 1
            """,
            [filter]
        )
        for row in rows {
            causes.append("the condition: it may call the operator \(row[0] ?? "") of users")
        }
    }

    private mutating func addViews(
        of relation: PostgresRelation,
        in session: PostgresSession
    ) async throws {
        let rows = try await session.query(Self.partsOfView, [relation.id])
        var relationCount = 0
        var names: [String] = []
        for row in rows {
            text += "\(row[1] ?? "") \(row[2] ?? "")\n"
            switch row[0] {
            case PostgresRelation.Kind.view.rawValue:
                causes += SQLText(row[2] ?? "", .postgres).outsideRowOfView.map {
                    "the view: \($0)"
                }
            case "()": names.append(row[2] ?? "")
            // One that a value is cast to has no rows.
            case PostgresRelation.Kind.compositeType: break
            default:
                relationCount += 1
                if row[3] == "t" {
                    causes.append(
                        "row-level security decides which rows of \(row[4] ?? "") there are"
                    )
                }
            }
        }
        if relationCount > 1 { causes.append("the view: it joins rows of several relations") }
        try await addFunctions(named: names, in: session)
    }

    private mutating func addPolicies(
        of relation: PostgresRelation,
        in session: PostgresSession
    ) async throws {
        let rows = try await session.query(
            """
            SELECT p.polname || ' ' || p.polcmd::text || ' ' || p.polpermissive::text || ' '
                || COALESCE(pg_catalog.pg_get_expr(p.polqual, p.polrelid), '')
            FROM pg_catalog.pg_policy p WHERE p.polrelid = $1::oid ORDER BY p.polname
            """,
            [relation.id]
        )
        for row in rows { text += (row[0] ?? "") + "\n" }
        causes.append("row-level security decides which rows there are")
        try await addFunctions(
            named: SQLText(rows.compactMap { $0[0] }.joined(separator: " "), .postgres).calledNames,
            in: session
        )
    }

    /// Adds the sources of functions that users made.
    private mutating func addFunctions(
        named names: [String],
        in session: PostgresSession
    ) async throws {
        guard !names.isEmpty else { return }
        let body =
            await session.serverVersion >= 140_000
            ? "COALESCE(pg_catalog.pg_get_function_sqlbody(o.oid), '')" : "''"
        let rows = try await session.query(
            """
            SELECT o.oid, o.proname, o.prosrc || \(body)
            FROM pg_catalog.pg_proc o
            WHERE pg_catalog.lower(o.proname) = ANY ($1::text[])
                AND o.pronamespace <> 'pg_catalog'::regnamespace
            ORDER BY o.oid
            """,
            [PostgresSyntax.array(names.map { $0.lowercased() })]
        )
        for row in rows {
            text += "\(row[0] ?? "") \(row[2] ?? "")\n"
            if let name = row[1], !functions.contains(name) { functions.append(name) }
        }
    }
}

/// How values are written in statements.
enum PostgresSyntax {
    /// Texts as an array's literal.
    static func array(_ texts: [String]) -> String {
        let quoted = texts.map { text in
            "\""
                + text.unicodeScalars.map { $0 == "\"" || $0 == "\\" ? "\\\($0)" : String($0) }
                .joined()
                + "\""
        }
        return "{" + quoted.joined(separator: ",") + "}"
    }
}
