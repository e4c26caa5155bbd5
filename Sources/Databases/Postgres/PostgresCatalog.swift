import Columnar
import Streams

/// Questions to the server's catalog.
struct PostgresCatalog {
    private typealias Kind = PostgresRelation.Kind

    let session: PostgresSession

    /// Tables and views a user would call a stream: no partitions (their root has their rows), no
    /// temporary ones, nothing of the system or of an extension.
    func relations(matching name: StreamName? = nil) async throws -> [PostgresRelation] {
        var parameters: [String] = []
        var condition = ""
        if let name {
            parameters = [name.namespace ?? "public", name.name]
            condition = "AND n.nspname = $1 AND c.relname = $2"
        } else {
            condition = """
                AND NOT c.relispartition AND n.nspname NOT IN ('pg_catalog', 'information_schema')
                AND n.nspname !~ '^pg_(toast|temp)'
                AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.classid = 'pg_class'::regclass
                    AND d.objid = c.oid AND d.deptype = 'e')
                """
        }
        let rows = try await session.query(
            """
            SELECT c.oid, n.nspname, c.relname, c.relkind,
                EXISTS (SELECT FROM pg_inherits i WHERE i.inhparent = c.oid),
                row_security_active(c.oid), has_schema_privilege(n.oid, 'USAGE'),
                has_table_privilege(c.oid, 'SELECT') OR has_any_column_privilege(c.oid, 'SELECT'),
                CASE WHEN c.relkind = \(Kind.partitionedTable.sql) THEN
                    (SELECT sum(greatest(l.reltuples, 0))::int8 FROM pg_partition_tree(c.oid) t
                     JOIN pg_class l ON l.oid = t.relid WHERE t.isleaf)
                    WHEN c.reltuples < 0 OR c.relkind = \(Kind.view.sql) THEN NULL ELSE c.reltuples::int8 END,
                CASE WHEN c.relkind = \(Kind.partitionedTable.sql) THEN
                    (SELECT sum(pg_relation_size(t.relid))::int8 FROM pg_partition_tree(c.oid) t
                     WHERE t.isleaf)
                    WHEN c.relkind IN (\(Kind.sql(where: \.keepsFile))) THEN pg_relation_size(c.oid) END
            FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
            WHERE c.relkind IN (\(Kind.sql())) AND c.relpersistence <> 't' \(condition)
            ORDER BY n.nspname, c.relname
            """,
            parameters
        )
        return rows.compactMap { row in
            guard let kind = row[3].flatMap(Kind.init(rawValue:)) else {
                return nil
            }
            return PostgresRelation(
                id: row[0] ?? "",
                name: StreamName(namespace: row[1], name: row[2] ?? ""),
                kind: kind,
                hasChildren: row[4] == "t",
                filtersRows: row[5] == "t",
                obstacle: row[6] == "f"
                    ? "no USAGE right on the schema \(row[1] ?? "")"
                    : row[7] == "f" ? "no SELECT right" : nil,
                estimatedRowCount: row[8].flatMap { Int64($0) },
                estimatedByteCount: row[9].flatMap { Int64($0) }
            )
        }
    }

    /// The statement that keeps a relation's definition for a transaction.
    ///
    /// nil where there is none: for materialized views and foreign tables, and for a user with
    /// rights on some columns only.
    ///
    /// - Throws: `SourceError` `permission` for a schema that may not be used.
    func lockStatement(for name: StreamName) async throws -> String? {
        let rows = try await session.query(
            """
            SELECT c.relkind, has_table_privilege(c.oid, 'SELECT'),
                has_schema_privilege(n.oid, 'USAGE'), current_user
            FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
            WHERE n.nspname = $1 AND c.relname = $2
            """,
            [name.namespace ?? "public", name.name]
        )
        guard let row = rows.first else { return nil }
        let schema = quoted(name.namespace ?? "public")
        guard row[2] == "t" else {
            throw SourceError(
                .permission,
                "\(name): this user has no USAGE right on the schema \(schema); run GRANT USAGE ON SCHEMA "
                    + "\(schema) TO \(quoted(row[3] ?? ""))"
            )
        }
        guard row[1] == "t", let kind = row[0].flatMap(Kind.init(rawValue:)),
            kind.canBeLocked
        else { return nil }
        let relation = kind.fromClause(schema + "." + quoted(name.name))
        return "LOCK TABLE \(relation) IN ACCESS SHARE MODE"
    }

    /// Takes the lock that reading takes, where `LOCK TABLE` is not allowed.
    func touch(_ name: StreamName) async throws {
        guard let relation = try await relations(matching: name).first, relation.obstacle == nil
        else { return }
        _ = try await session.query("SELECT FROM \(relation.fromClause) LIMIT 0")
    }

    /// One relation with its columns and key.
    func relation(_ name: StreamName, place: String) async throws -> PostgresRelation {
        guard let found = try await relations(matching: name).first else {
            throw SourceError.missing(name, place: place, among: try await relations().map(\.name))
        }
        return try await withColumns([found])[0]
    }

    /// The relations with their columns and keys filled in.
    func withColumns(_ relations: [PostgresRelation]) async throws -> [PostgresRelation] {
        let ids = "{" + relations.map(\.id).joined(separator: ",") + "}"
        let columns = try await columns(ofRelations: ids)
        let keys = try await session.query(
            """
            SELECT i.indrelid, a.attname
            FROM pg_index i CROSS JOIN LATERAL unnest(i.indkey) WITH ORDINALITY k(number, place)
            JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = k.number
            WHERE i.indrelid = ANY ($1::oid[]) AND i.indisprimary
                -- What stands behind INCLUDE is no part of the key.
                AND k.place <= i.indnkeyatts
            ORDER BY i.indrelid, k.place
            """,
            [ids]
        )
        var primaryKeys: [String: [String]] = [:]
        for row in keys { primaryKeys[row[0] ?? "", default: []].append(row[1] ?? "") }
        return relations.map { relation in
            var relation = relation
            relation.columns = columns[relation.id] ?? []
            relation.primaryKey = primaryKeys[relation.id] ?? []
            return relation
        }
    }

    private func columns(
        ofRelations ids: String
    ) async throws -> [String: [PostgresRelation.Column]] {
        let rows = try await session.query(
            """
            SELECT a.attrelid, a.attname, a.atttypid, a.atttypmod,
                format_type(a.atttypid, a.atttypmod),
                -- Nobody enforces NOT NULL on the rows of a foreign table, nor on those that were
                -- there before a constraint that is NOT VALID.
                a.attnotnull AND c.relkind <> \(Kind.foreignTable.sql) AND NOT (c.relkind = \(Kind.partitionedTable.sql) AND EXISTS (
                    SELECT FROM pg_partition_tree(c.oid) t JOIN pg_class l ON l.oid = t.relid
                    WHERE l.relkind = \(Kind.foreignTable.sql)))
                    AND NOT EXISTS (SELECT FROM pg_constraint o WHERE o.conrelid = a.attrelid
                        AND o.contype = 'n' AND o.conkey = ARRAY[a.attnum] AND NOT o.convalidated),
                col_description(a.attrelid, a.attnum), a.attnum,
                CASE WHEN a.attgenerated = 'v' THEN pg_get_expr(d.adbin, d.adrelid) END,
                EXISTS (SELECT FROM pg_collation l
                    WHERE l.oid = a.attcollation AND NOT l.collisdeterministic)
            FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid
                LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
            WHERE a.attrelid = ANY ($1::oid[]) AND a.attnum > 0 AND NOT a.attisdropped
            ORDER BY a.attrelid, a.attnum
            """,
            [ids]
        )
        var columns: [String: [PostgresRelation.Column]] = [:]
        for row in rows {
            columns[row[0] ?? "", default: []].append(
                PostgresRelation.Column(
                    name: row[1] ?? "",
                    typeID: row[2] ?? "",
                    modifier: row[3].flatMap(Int.init) ?? -1,
                    typeName: row[4] ?? "",
                    isRequired: row[5] == "t",
                    comment: row[6],
                    identity: "\(row[0] ?? "").\(row[7] ?? "")",
                    expression: row[8],
                    hasLooseCollation: row[9] == "t"
                )
            )
        }
        return columns
    }

    /// The types of some columns and whatever those are made of.
    func typeMap(for columns: [PostgresRelation.Column]) async throws -> PostgresTypeMap {
        var types: [String: PostgresType] = [:]
        var wanted = Set(columns.map(\.typeID))
        for _ in 0...Limits.nestingDepth where !wanted.isEmpty {
            let found = try await load(wanted)
            for type in found { types[type.id] = type }
            wanted = Set(
                found.flatMap { [$0.elementID, $0.baseID] + $0.members.map(\.typeID) }
            ).subtracting(types.keys).subtracting(["0"])
        }
        // `money` has as many decimals as the server's locale says.
        let scale = try await session.query("SELECT scale(1::money::numeric)")
        return PostgresTypeMap(
            types: types,
            moneyScale: scale.first?.first?.flatMap { Int($0) } ?? 2
        )
    }

    /// The labels of enumerations, which may be renamed without a write to any row.
    func labels(of ids: [String]) async throws -> String {
        guard !ids.isEmpty else { return "" }
        let rows = try await session.query(
            """
            SELECT e.enumtypid || ' ' || e.oid || ' ' || e.enumlabel FROM pg_catalog.pg_enum e
            WHERE e.enumtypid = ANY ($1::oid[]) ORDER BY e.enumtypid, e.oid
            """,
            ["{" + ids.joined(separator: ",") + "}"]
        )
        return rows.compactMap { $0.first ?? nil }.joined(separator: ",")
    }

    private func load(_ ids: Set<String>) async throws -> [PostgresType] {
        let list = "{" + ids.sorted().joined(separator: ",") + "}"
        let isRange =
            await session.serverVersion >= 140_000
            ? "t.oid IN (r.rngtypid, r.rngmultitypid)" : "r.rngtypid = t.oid"
        let rows = try await session.query(
            """
            SELECT t.oid, t.typname, n.nspname, t.typtype, t.typcategory, t.typelem,
                COALESCE(r.rngsubtype, t.typbasetype), t.typtypmod
            FROM pg_type t JOIN pg_namespace n ON n.oid = t.typnamespace
                LEFT JOIN pg_range r ON \(isRange)
            WHERE t.oid = ANY ($1::oid[])
            """,
            [list]
        )
        let members = try await session.query(
            """
            SELECT t.oid, a.attname, a.atttypid, a.atttypmod
            FROM pg_type t JOIN pg_attribute a ON a.attrelid = t.typrelid
            WHERE t.oid = ANY ($1::oid[]) AND t.typtype = 'c' AND a.attnum > 0
                AND NOT a.attisdropped
            ORDER BY t.oid, a.attnum
            """,
            [list]
        )
        var membersByType: [String: [(name: String, typeID: String, modifier: Int)]] = [:]
        for row in members {
            membersByType[row[0] ?? "", default: []].append(
                (name: row[1] ?? "", typeID: row[2] ?? "", modifier: row[3].flatMap(Int.init) ?? -1)
            )
        }
        return rows.map { row in
            PostgresType(
                id: row[0] ?? "",
                name: row[1] ?? "",
                schema: row[2] ?? "",
                kind: row[3] ?? "",
                category: row[4] ?? "",
                elementID: row[5] ?? "0",
                baseID: row[6] ?? "0",
                baseModifier: row[7].flatMap(Int.init) ?? -1,
                members: membersByType[row[0] ?? ""] ?? []
            )
        }
    }
}
