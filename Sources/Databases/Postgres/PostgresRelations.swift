import Streams

/// The relations that a transaction has looked at, which its locks tell.
///
/// A snapshot is taken before most of them are locked: those of a view, a condition, a policy, a
/// function. One that was rewritten in between (`TRUNCATE`, `ALTER TABLE`) has a file whose rows the
/// snapshot does not see; it looks empty. The catalog as of the snapshot names the former file.
struct PostgresRelations {
    let session: PostgresSession

    /// Relations that are others now than in the session's snapshot.
    func rewritten() async throws -> [String] {
        let rows = try await session.query(
            """
            SELECT COALESCE(pg_catalog.quote_ident(n.nspname) || '.'
                || pg_catalog.quote_ident(c.relname), 'a relation that was made meanwhile')
            FROM pg_catalog.pg_locks l
                LEFT JOIN pg_catalog.pg_class c ON c.oid = l.relation
                LEFT JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
            WHERE l.locktype = 'relation' AND l.pid = pg_catalog.pg_backend_pid()
                AND l.database = (SELECT d.oid FROM pg_catalog.pg_database d
                    WHERE d.datname = pg_catalog.current_database())
                AND (c.oid IS NULL OR c.relkind IN (\(PostgresRelation.Kind.sql(where: \.keepsFile))) AND c.relfilenode <> 0
                    AND c.relfilenode IS DISTINCT FROM pg_catalog.pg_relation_filenode(c.oid))
            ORDER BY 1
            """
        )
        return rows.compactMap { $0.first ?? nil }
    }

    /// Requires that none of them was rewritten since the snapshot.
    ///
    /// - Throws: `SourceError` `interrupted`.
    func requireUnchanged(place: String) async throws {
        let names = try await rewritten()
        guard let name = names.first else { return }
        throw Self.failure(name, place: place)
    }

    static func failure(_ name: String, place: String) -> SourceError {
        SourceError(
            .interrupted,
            "\(place): \(name) was rewritten (by TRUNCATE, ALTER TABLE or the like) while it was being "
                + "opened, and the read would take it for empty; run it again"
        )
    }
}
