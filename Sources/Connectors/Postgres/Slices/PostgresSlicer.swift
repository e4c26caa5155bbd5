import Streams

/// How a read is cut into slices, and why so.
struct PostgresSlicing: Sendable {
    var slices: [PostgresSlice]
    /// The relations the slices are of, each with all of its rows, as they stand behind FROM.
    var relations: [String]
    /// In words, for the plan: what a slice is.
    var manner: String
    /// Bytes of the relation's pages; what opening further connections is weighed by.
    var byteCount: Int64
}

/// Cuts relations into slices that several connections read under one snapshot.
///
/// - Heap tables and materialized views: ranges of pages (`ctid`), from server version 14 on, where
///   a range is read without the rest of the table.
/// - Partitioned tables: the same for each leaf.
/// - Tables of other access methods and older servers: ranges of the leading key column, at the
///   bounds the server's statistics hold.
/// - All else: one slice. So is a read with a condition, whether the user's or that of row-level
///   security: it may ask for the time or for chance, which an exported snapshot does not carry to
///   other sessions, and it may find its rows through an index.
struct PostgresSlicer {
    let session: PostgresSession
    let read: PostgresRead

    /// Decides the slices for up to `laneCount` connections.
    func slicing(laneCount: Int) async throws -> PostgresSlicing {
        let whole = PostgresSlicing(
            slices: [PostgresSlice(fromClause: read.fromClause, range: .all)],
            relations: [read.fromClause],
            manner: "as a whole",
            byteCount: read.plan.estimatedByteCount ?? 0
        )
        guard ["r", "m", "p"].contains(read.kind), read.filter == nil, !read.filtersRows else {
            return whole
        }
        let leaves = try await leaves()
        guard !leaves.isEmpty, leaves.allSatisfy(\.canBeRead) else { return whole }
        var slices: [PostgresSlice] = []
        var usesKeys = false
        for leaf in leaves {
            let ranges: [PostgresSlice.Range]
            if leaf.hasPages, await session.serverVersion >= 140_000 {
                ranges = pageRanges(of: leaf, laneCount: laneCount)
            } else {
                ranges = try await keyRanges(of: leaf)
                usesKeys = true
            }
            slices += ranges.map { PostgresSlice(fromClause: leaf.fromClause, range: $0) }
        }
        let partitions = leaves.count > 1 ? "\(leaves.count) partitions" : ""
        let ranges = "\(slices.count) \(usesKeys ? "key" : "page") ranges"
        return PostgresSlicing(
            slices: slices,
            relations: leaves.map(\.fromClause),
            manner: slices.count == 1
                ? "as a whole"
                : slices.count == leaves.count
                    ? partitions : partitions.isEmpty ? ranges : "\(ranges) of \(partitions)",
            byteCount: leaves.reduce(0) { $0 + $1.byteCount }
        )
    }

    /// A table with rows of its own: the relation itself, or a partition without partitions.
    private struct Leaf {
        var id: String
        var fromClause: String
        /// Whether its rows lie in pages, and this user may ask for them: `ctid` takes the right to
        /// the whole table.
        var hasPages: Bool
        /// Whether reading it by itself gives this user the same rows as reading the root.
        var canBeRead: Bool
        var byteCount: Int64
        var pageByteCount: Int64
    }

    /// The leaves as of the snapshot.
    private func leaves() async throws -> [Leaf] {
        // A partition on its way out is no part of its root any more.
        let isAttached = await session.serverVersion >= 140_000 ? "AND NOT i.inhdetachpending" : ""
        let rows = try await session.query(
            """
            WITH RECURSIVE tree(id) AS (
                SELECT $1::oid
                UNION ALL
                SELECT i.inhrelid FROM pg_catalog.pg_inherits i JOIN tree t ON i.inhparent = t.id
                    JOIN pg_catalog.pg_class p ON p.oid = t.id AND p.relkind = 'p'
                WHERE true \(isAttached)
            )
            SELECT c.oid, n.nspname, c.relname, c.relkind, a.amname = 'heap',
                pg_catalog.has_table_privilege(c.oid, 'SELECT')
                    AND pg_catalog.has_schema_privilege(n.oid, 'USAGE'),
                pg_catalog.row_security_active(c.oid),
                pg_catalog.pg_relation_size(c.oid), pg_catalog.current_setting('block_size')
            FROM tree t JOIN pg_catalog.pg_class c ON c.oid = t.id
                JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
                LEFT JOIN pg_catalog.pg_am a ON a.oid = c.relam
            WHERE c.relkind <> 'p'
            ORDER BY n.nspname, c.relname
            """,
            [read.relationID]
        )
        let isRoot = read.kind == "p"
        return rows.map { row in
            let name = quoted(row[1] ?? "") + "." + quoted(row[2] ?? "")
            let isReadable = row[5] == "t"
            return Leaf(
                id: row[0] ?? "",
                fromClause: isRoot ? "ONLY \(name)" : read.fromClause,
                hasPages: row[4] == "t" && isReadable,
                canBeRead: !isRoot || (isReadable && row[3] == "r" && row[6] == "f"),
                byteCount: row[7].flatMap { Int64($0) } ?? 0,
                pageByteCount: row[8].flatMap { Int64($0) } ?? 8192
            )
        }
    }

    private func pageRanges(of leaf: Leaf, laneCount: Int) -> [PostgresSlice.Range] {
        let pageByteCount = max(leaf.pageByteCount, 1)
        return PageRanges.ranges(
            starts: PageRanges.starts(
                pageCount: leaf.byteCount / pageByteCount,
                laneCount: laneCount,
                smallest: max(Limits.sliceByteCountMin / pageByteCount, 1),
                largest: max(Limits.sliceByteCountMax / pageByteCount, 1)
            )
        )
    }

    /// Types whose text form reads back as the same value and whose order is one for `<` and for
    /// sorting, wherever operators are looked up.
    private static let keyTypes = [
        "int2", "int4", "int8", "numeric", "text", "varchar", "bpchar", "uuid", "date", "timestamp",
        "timestamptz",
    ]

    /// Ranges of the leading key column between the bounds of the server's histogram; the server
    /// sorts and compares them, in the column's own collation.
    private func keyRanges(of leaf: Leaf) async throws -> [PostgresSlice.Range] {
        let columns = try await session.query(
            """
            SELECT a.attname, pg_catalog.format_type(a.atttypid, a.atttypmod),
                l.collname, ln.nspname, n.nspname, c.relname
            FROM pg_catalog.pg_index i
                JOIN pg_catalog.pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = i.indkey[0]
                JOIN pg_catalog.pg_type t ON t.oid = a.atttypid
                    AND t.typnamespace = 'pg_catalog'::regnamespace AND t.typname = ANY ($2)
                JOIN pg_catalog.pg_class c ON c.oid = i.indrelid
                JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
                LEFT JOIN pg_catalog.pg_collation l ON l.oid = a.attcollation
                LEFT JOIN pg_catalog.pg_namespace ln ON ln.oid = l.collnamespace
            WHERE i.indrelid = $1::oid AND i.indisprimary
            """,
            [leaf.id, "{" + Self.keyTypes.joined(separator: ",") + "}"]
        )
        guard let key = columns.first, let name = key[0], let type = key[1] else { return [.all] }
        var collation = ""
        if let collationName = key[2], let schema = key[3] {
            collation = " COLLATE \(quoted(schema)).\(quoted(collationName))"
        }
        let bounds = try await session.query(
            """
            SELECT pg_catalog.quote_literal(b::text) FROM (
                SELECT DISTINCT b\(collation) AS b FROM pg_catalog.pg_stats s,
                    unnest(s.histogram_bounds::text::\(type)[]) b
                WHERE s.schemaname = $1 AND s.tablename = $2 AND s.attname = $3 AND NOT s.inherited
            ) d ORDER BY b\(collation)
            """,
            [key[4] ?? "", key[5] ?? "", name]
        ).compactMap { $0.first ?? nil }
        // The first and the last bound are the ends of the table: all between them cut it.
        let cuts = bounds.dropFirst().dropLast().map { "\($0)::\(type)" }
        guard let first = cuts.first, let last = cuts.last else { return [.all] }
        let column = quoted(name)
        let conditions =
            ["\(column) < \(first)"]
            + zip(cuts, cuts.dropFirst()).map { "\(column) >= \($0) AND \(column) < \($1)" }
            + ["\(column) >= \(last)"]
        return conditions.map { .keys($0) }
    }
}
