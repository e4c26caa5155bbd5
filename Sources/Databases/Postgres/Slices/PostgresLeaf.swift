/// A table with rows of its own: the relation itself, or a partition without partitions.
struct PostgresLeaf: Sendable {
    var id: String
    /// With its schema, in quotes.
    var name: String
    /// As it stands behind FROM.
    var fromClause: String
    /// The relation and the file its rows are in, which every rewrite changes.
    var heap: String
    /// The file alone, and how it is kept (`p`ermanent, `u`nlogged, `t`emporary).
    var file: String
    /// Whether its rows lie in pages, and this user may ask for them: `ctid` and `xmin` take the
    /// right to the whole table.
    var hasPages: Bool
    /// Whether reading it by itself gives this user the same rows as reading the root.
    var canBeRead: Bool
    var byteCount: Int64
    var pageByteCount: Int64

    /// Whole pages it has now.
    var pageCount: Int64 { byteCount / max(pageByteCount, 1) }

    /// The leaves of a relation as of the session's snapshot.
    static func all(of read: PostgresRead, in session: PostgresSession) async throws
        -> [PostgresLeaf]
    {
        // A partition may compute a column in another way than its root, whose answer counts.
        func computed(_ id: String) -> String {
            """
            COALESCE((SELECT pg_catalog.string_agg(
                    x.attname || ' ' || pg_catalog.pg_get_expr(f.adbin, f.adrelid), ',' ORDER BY x.attname)
                FROM pg_catalog.pg_attribute x JOIN pg_catalog.pg_attrdef f
                    ON f.adrelid = x.attrelid AND f.adnum = x.attnum
                WHERE x.attrelid = \(id) AND x.attgenerated = 'v'), '')
            """
        }
        // A partition on its way out is no part of its root any more.
        let isAttached = await session.serverVersion >= 140_000 ? "AND NOT i.inhdetachpending" : ""
        let rows = try await session.query(
            """
            WITH RECURSIVE tree(id) AS (
                SELECT $1::oid
                UNION ALL
                SELECT i.inhrelid FROM pg_catalog.pg_inherits i JOIN tree t ON i.inhparent = t.id
                    JOIN pg_catalog.pg_class p ON p.oid = t.id AND p.relkind = $2
                WHERE true \(isAttached)
            )
            SELECT c.oid, n.nspname, c.relname, c.relkind, a.amname = 'heap',
                pg_catalog.has_table_privilege(c.oid, 'SELECT')
                    AND pg_catalog.has_schema_privilege(n.oid, 'USAGE'),
                pg_catalog.row_security_active(c.oid),
                pg_catalog.pg_relation_size(c.oid), pg_catalog.current_setting('block_size'),
                pg_catalog.pg_relation_filenode(c.oid), c.relpersistence,
                \(computed("c.oid")) = \(computed("$1::oid"))
            FROM tree t JOIN pg_catalog.pg_class c ON c.oid = t.id
                JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
                LEFT JOIN pg_catalog.pg_am a ON a.oid = c.relam
            WHERE c.relkind <> $2
            ORDER BY n.nspname, c.relname
            """,
            [read.relationID, PostgresRelation.Kind.partitionedTable.rawValue]
        )
        let isRoot = read.kind == .partitionedTable
        return rows.map { row in
            let name = quoted(row[1] ?? "") + "." + quoted(row[2] ?? "")
            let isReadable = row[5] == "t"
            return PostgresLeaf(
                id: row[0] ?? "",
                name: name,
                fromClause: isRoot ? "ONLY \(name)" : read.fromClause,
                heap: "\(row[0] ?? "")/\(row[9] ?? "")",
                file: (row[9] ?? "") + (row[10] ?? ""),
                hasPages: row[4] == "t" && isReadable,
                canBeRead: !isRoot
                    || (isReadable && row[3] == PostgresRelation.Kind.table.rawValue
                        && row[6] == "f" && row[11] == "t"),
                byteCount: row[7].flatMap { Int64($0) } ?? 0,
                pageByteCount: row[8].flatMap { Int64($0) } ?? 8192
            )
        }
    }
}
