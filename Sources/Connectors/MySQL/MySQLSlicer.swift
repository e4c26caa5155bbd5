import Streams

/// How a read is cut into slices, and why so.
struct MySQLSlicing: Sendable {
    var slices: [Slice]
    /// In words, for the plan: what a slice is.
    var manner: String
}

/// Cuts a table into ranges of its primary key.
struct MySQLSlicer {
    let session: MySQLSession
    let read: MySQLRead

    /// Key types whose values are evenly cut as numbers.
    private static let integers = ["tinyint", "smallint", "mediumint", "int", "integer", "bigint"]

    /// The slices for so many lanes.
    func slicing(laneCount: Int) async throws -> MySQLSlicing {
        let relation = read.relation
        func whole(_ reason: String) -> MySQLSlicing {
            MySQLSlicing(slices: [.whole], manner: reason)
        }
        guard relation.kind != "VIEW" else { return whole("a view, as one slice") }
        guard let key = relation.primaryKey.first else {
            return whole("no primary key to cut it by, as one slice")
        }
        guard laneCount > 1, relation.byteCount >= Limits.laneByteCountMin else {
            return whole("one slice")
        }
        guard let column = relation.columns.first(where: { $0.name == key }),
            Self.integers.contains(column.dataType)
        else { return whole("a primary key that does not begin with an integer, as one slice") }
        let name = MySQLSyntax.quoted(key)
        // The ends of the index: no row but two is looked at.
        let rows = try await session.query(
            "SELECT MIN(\(name)), MAX(\(name)) FROM \(relation.fromClause)"
        )
        guard let low = rows.first?[0].flatMap({ Int128($0) }),
            let high = rows.first?[1].flatMap({ Int128($0) }), high > low
        else { return whole("one slice") }
        let wanted = relation.byteCount / Limits.keySliceByteCount
        let count = Int128(
            min(max(wanted, Int64(laneCount) * Limits.slicesPerLane), Limits.keySliceCountMax)
        )
        let slices = Self.cut(name, from: low, to: high, count: count, of: relation)
        return MySQLSlicing(slices: slices, manner: "\(slices.count) ranges of \(key)")
    }

    /// Ranges of equal width; the first and the last are open, so that together they hold every row.
    private static func cut(
        _ name: String,
        from low: Int128,
        to high: Int128,
        count: Int128,
        of relation: MySQLRelation
    ) -> [Slice] {
        let step = max((high - low + count) / count, 1)
        let starts = (1..<count).map { low + $0 * step }.filter { $0 <= high }
        let bounds: [Int128?] = [nil] + starts.map { $0 } + [nil]
        return zip(bounds, bounds.dropFirst()).map { start, end in
            let conditions = [start.map { "\(name) >= \($0)" }, end.map { "\(name) < \($0)" }]
                .compactMap { $0 }
            return Slice(
                key: SliceKey(conditions.joined(separator: " AND ")),
                range: .keys(
                    relation: relation.fromClause,
                    condition: conditions.isEmpty ? "TRUE" : conditions.joined(separator: " AND ")
                )
            )
        }
    }
}
