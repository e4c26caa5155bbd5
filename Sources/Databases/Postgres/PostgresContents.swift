import Streams

/// What a relation was made of when it was read, as far as the transactions of its rows do not tell.
///
/// A partition that is attached brings old rows, `ALTER TABLE` rewrites old rows, a column may come
/// with a value for every row there is, a label of an enumeration may be renamed: none of that is
/// seen in which rows are new.
struct PostgresContents: Hashable, Sendable {
    /// The file of each leaf, by oid.
    var files: [String: String]
    /// Oids of leaves that were part of it once.
    var former: Set<String>
    /// Columns it has had, dropped ones too.
    var columnCount: Int
    /// Labels of the enumerations that its columns are made of, and a digest of them.
    var labelCount: Int
    var labels: String

    /// The facts a run keeps.
    var facts: [String: String] {
        [
            "leaves": files.sorted { $0.key < $1.key }.map { "\($0):\($1)" }.joined(separator: ","),
            "former": former.sorted().joined(separator: ","),
            "columns": String(columnCount),
            "labels": "\(labelCount):\(labels)",
        ]
    }

    /// Reads what a run kept; nil when it kept nothing of the kind.
    init?(_ mark: SourceMark?) {
        guard let facts = mark?.facts, let leaves = facts["leaves"], let former = facts["former"],
            let columnCount = facts["columns"].flatMap({ Int($0) }),
            let labels = facts["labels"]?.split(separator: ":", omittingEmptySubsequences: false),
            labels.count == 2, let labelCount = Int(labels[0])
        else { return nil }
        files = [:]
        for leaf in leaves.split(separator: ",") {
            let parts = leaf.split(separator: ":", maxSplits: 1)
            guard parts.count == 2 else { return nil }
            files[String(parts[0])] = String(parts[1])
        }
        self.former = Set(former.split(separator: ",").map(String.init))
        self.columnCount = columnCount
        self.labelCount = labelCount
        self.labels = String(labels[1])
    }

    /// What the relation is made of in the session's snapshot; `earlier` is what it was.
    init(
        of read: PostgresRead,
        leaves: [PostgresLeaf],
        earlier: PostgresContents?,
        in session: PostgresSession
    ) async throws {
        files = [:]
        for leaf in leaves { files[leaf.id] = leaf.file }
        let gone = (earlier?.former ?? []).union(earlier?.files.keys.map { $0 } ?? [])
            .subtracting(files.keys)
        former = []
        if !gone.isEmpty {
            let rows = try await session.query(
                "SELECT oid FROM pg_catalog.pg_class WHERE oid = ANY ($1::oid[])",
                ["{" + gone.sorted().joined(separator: ",") + "}"]
            )
            former = Set(rows.compactMap { $0[0] })
        }
        let rows = try await session.query(
            "SELECT relnatts FROM pg_catalog.pg_class WHERE oid = $1::oid",
            [read.relationID]
        )
        columnCount = rows.first?.first?.flatMap { Int($0) } ?? 0
        (labelCount, labels) = try await Self.labels(of: read, first: nil, in: session)
    }

    /// How many labels there are, and a digest of those that were made first.
    private static func labels(
        of read: PostgresRead,
        first count: Int?,
        in session: PostgresSession
    ) async throws -> (Int, String) {
        guard !read.enumerationIDs.isEmpty else { return (0, "") }
        let rows = try await session.query(
            """
            SELECT count(*), pg_catalog.encode(pg_catalog.sha256(pg_catalog.convert_to(
                pg_catalog.string_agg(l.line, ',' ORDER BY l.oid) FILTER (WHERE l.place <= $2::int8),
                pg_catalog.getdatabaseencoding())), 'hex')
            FROM (
                SELECT e.oid, e.enumtypid || ' ' || e.oid || ' ' || e.enumlabel AS line,
                    pg_catalog.row_number() OVER (ORDER BY e.oid) AS place
                FROM pg_catalog.pg_enum e WHERE e.enumtypid = ANY ($1::oid[])
            ) l
            """,
            ["{" + read.enumerationIDs.joined(separator: ",") + "}", String(count ?? Int.max)]
        )
        return (rows.first?[0].flatMap { Int($0) } ?? 0, (rows.first?[1] ?? nil) ?? "")
    }

    /// Whether a label that was there is another one now; more labels are none of that.
    func hasRenamedLabels(
        _ read: PostgresRead,
        in session: PostgresSession
    ) async throws -> Bool {
        guard labelCount > 0 else { return false }
        return try await Self.labels(of: read, first: labelCount, in: session).1 != labels
    }

    /// Leaves of `leaves` that were not read before.
    func attached(_ leaves: [PostgresLeaf]) -> [PostgresLeaf] {
        leaves.filter { files[$0.id] == nil }
    }

    /// Whether `ALTER TABLE` rewrote the rows of a leaf since `mark`, so that each looks new.
    ///
    /// `VACUUM FULL` and `CLUSTER` keep who wrote a row, and `TRUNCATE` leaves the columns alone.
    func isRewritten(
        _ leaf: PostgresLeaf,
        since mark: PostgresMark,
        in session: PostgresSession
    ) async throws -> Bool {
        guard let file = files[leaf.id], file != leaf.file else { return false }
        let isOtherKind = file.last != leaf.file.last
        let rows = try await session.query(
            """
            SELECT EXISTS (SELECT FROM pg_catalog.pg_attribute
                WHERE attrelid = $1::oid AND attnum > 0 AND \(mark.mayBeNewer))
            """,
            [leaf.id]
        )
        guard isOtherKind || rows.first?.first == "t" else { return false }
        let found = try await session.cancelling {
            try await session.query(
                """
                SELECT EXISTS (SELECT FROM \(leaf.fromClause)),
                    EXISTS (SELECT FROM \(leaf.fromClause) WHERE NOT (\(mark.mayBeNewer)))
                """
            )
        }
        return found.first?[0] == "t" && found.first?[1] == "f"
    }

    /// Those of the columns `names`, which the table does not have yet, that rows read before may have
    /// a value in.
    func columnsWithValues(
        among names: [String],
        of read: PostgresRead,
        leaves: [PostgresLeaf],
        in session: PostgresSession
    ) async throws -> [String] {
        guard !names.isEmpty, read.kind.hasRows else { return names }
        // Whatever rewrites a leaf gives each of its rows the default and forgets that there was none before.
        if leaves.contains(where: { leaf in files[leaf.id].map { $0 != leaf.file } ?? false }) {
            return names
        }
        var found: [String] = []
        for name in names {
            let rows = try await session.query(
                """
                SELECT EXISTS (SELECT FROM pg_catalog.pg_attribute a
                    WHERE a.attrelid = $1::oid AND a.attname = $2 AND a.attnum <= $3::int8)
                    OR EXISTS (SELECT FROM pg_catalog.pg_attribute a
                    WHERE a.attrelid = ANY ($4::oid[]) AND a.attname = $2
                        AND (a.atthasmissing OR a.attgenerated <> ''))
                """,
                [
                    read.relationID, name, String(columnCount),
                    "{" + ([read.relationID] + leaves.map(\.id)).joined(separator: ",") + "}",
                ]
            )
            if rows.first?.first == "t" { found.append(name) }
        }
        return found
    }
}
