import Columnar
import Streams

/// What the server's own statistics say of the columns of a plan.
struct PostgresStatistics {
    let session: PostgresSession

    /// The statistics by column, of those that were analyzed and that this user may read.
    func columns(of read: PostgresRead) async throws -> [String: ColumnStatistics] {
        guard let rowCount = read.plan.estimatedRowCount, rowCount > 0 else { return [:] }
        let rows = try await session.query(
            """
            SELECT s.attname, s.null_frac, s.avg_width, s.n_distinct,
                   pg_catalog.abs(coalesce(s.correlation, 0)) > 0.98,
                   b.bounds[1], b.bounds[pg_catalog.array_upper(b.bounds, 1)]
            FROM pg_catalog.pg_class c
            JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
            JOIN pg_catalog.pg_stats s ON s.schemaname = n.nspname AND s.tablename = c.relname
                AND s.inherited = (c.relkind = \(PostgresRelation.Kind.partitionedTable.sql))
            CROSS JOIN LATERAL (SELECT s.histogram_bounds::text::text[] AS bounds) b
            WHERE c.oid = \(read.relationID)
            """
        )
        let types = Dictionary(
            read.plan.columns.map { ($0.name, $0.type) },
            uniquingKeysWith: { first, _ in first }
        )
        var found: [String: ColumnStatistics] = [:]
        for row in rows {
            guard let name = row[0], let type = types[name],
                let nulls = row[1].flatMap({ Double($0) }),
                let width = row[2].flatMap({ Double($0) }),
                let distinct = row[3].flatMap({ Double($0) })
            else { continue }
            let low = row[5].flatMap { Self.number($0, as: type) }
            let high = row[6].flatMap { Self.number($0, as: type) }
            found[name] = ColumnStatistics(
                // Negative ones are shares of all rows.
                distinctCount: distinct < 0 ? -distinct * Double(rowCount) : distinct,
                nullFraction: nulls,
                averageByteCount: width,
                isClustered: row[4] == "t",
                span: low.flatMap { low in high.map { max(0, $0 - low) } }
            )
        }
        return found
    }

    /// A value as the number a file holds, near enough; nil for what is no number there.
    static func number(_ text: String, as type: DataType) -> Double? {
        switch type {
        case .int, .long: return Double(text)
        case .decimal(_, let scale):
            return Double(text).map { (0..<scale).reduce($0) { value, _ in value * 10 } }
        case .date: return days(text)
        case .timestamp, .timestamptz: return days(text).map { $0 * 86_400_000_000 }
        default: return nil
        }
    }

    /// Days of an ISO date, as if all months had equal lengths.
    private static func days(_ text: String) -> Double? {
        let parts = text.prefix(10).split(separator: "-").map { Double($0) }
        guard parts.count == 3, let year = parts[0], let month = parts[1], let day = parts[2] else {
            return nil
        }
        return year * 365.25 + month * 30.44 + day
    }
}
