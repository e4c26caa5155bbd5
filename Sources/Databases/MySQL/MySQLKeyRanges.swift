import Streams

/// Cuts a table by its key into ranges of about equal size, without scanning it.
///
/// The server compares keys, in the column's own collation: a bound is always a key that is there, found
/// behind a made-up one half-way between two others. How many rows lie between two keys is the
/// optimizer's estimate, which looks at a few pages of the index.
struct MySQLKeyRanges {
    let session: MySQLSession
    let relation: MySQLRelation
    /// The key's first column.
    let column: MySQLRelation.Column
    let kind: MySQLKey.Kind

    private var name: String { MySQLSyntax.quoted(column.name) }

    /// Keys from one bound to the next.
    private struct Range {
        var start: MySQLKey
        var end: MySQLKey
        var estimate: Int64
        var canBeCut = true
    }

    /// Where ranges begin, but for the first, which has no bound below; none where nothing can be cut.
    func starts(count: Int) async throws -> [String] {
        guard let low = try await key("ORDER BY \(name)"),
            let high = try await key("ORDER BY \(name) DESC"), low != high
        else { return [] }
        var ranges = [Range(start: low, end: high, estimate: .max)]
        // Where keys are uneven, some cuts only find out how.
        for _ in 0..<count * Limits.cutsPerRange {
            let total = ranges.reduce(Int64(0)) {
                $0.addingReportingOverflow($1.estimate).partialValue
            }
            guard
                let place = ranges.indices.filter({ ranges[$0].canBeCut })
                    .max(by: { ranges[$0].estimate < ranges[$1].estimate }),
                ranges.count < count || ranges[place].estimate > 2 * total / Int64(count)
            else { break }
            guard let middle = try await keyBetween(ranges[place]) else {
                ranges[place].canBeCut = false
                continue
            }
            var (left, right) = (ranges[place], ranges[place])
            left.end = middle
            right.start = middle
            left.estimate = try await estimate(left)
            right.estimate = try await estimate(right)
            ranges.replaceSubrange(place...place, with: [left, right])
        }
        return ranges.dropFirst().map { $0.start.literal(for: column) }
    }

    /// Conditions that together hold every row once; one that is always true where there is no start.
    func conditions(_ starts: [String]) -> [String] {
        (0...starts.count).map { place in
            let conditions = [
                place > 0 ? "\(name) >= \(starts[place - 1])" : nil,
                place < starts.count ? "\(name) < \(starts[place])" : nil,
            ].compactMap { $0 }
            return conditions.isEmpty ? "TRUE" : conditions.joined(separator: " AND ")
        }
    }

    /// A key behind the first and before the last of a range, near its middle; nil when none is found.
    private func keyBetween(_ range: Range) async throws -> MySQLKey? {
        for middle in MySQLKey.between(range.start, range.end) {
            let found = try await key(
                "WHERE \(name) >= \(middle.literal(for: column)) "
                    + "AND \(name) > \(range.start.literal(for: column)) "
                    + "AND \(name) < \(range.end.literal(for: column)) ORDER BY \(name)"
            )
            if let found { return found }
        }
        return nil
    }

    private func estimate(_ range: Range) async throws -> Int64 {
        let rows = try await session.query(
            "EXPLAIN SELECT 1 FROM \(relation.fromClause) FORCE INDEX (PRIMARY) WHERE "
                + "\(name) >= \(range.start.literal(for: column)) "
                + "AND \(name) < \(range.end.literal(for: column))"
        )
        // `rows` is the last column that holds a whole number: behind it stand shares and words.
        return rows.first.flatMap { row in
            row.reversed().lazy.compactMap { $0.flatMap { Int64($0) } }.first
        } ?? 0
    }

    /// The first key of some.
    private func key(_ which: String) async throws -> MySQLKey? {
        let rows = try await session.query(
            "SELECT \(kind.asking(for: name)) FROM \(relation.fromClause) "
                + "FORCE INDEX (PRIMARY) \(which) LIMIT 1"
        )
        return (rows.first?.first ?? nil).flatMap { kind.key($0) }
    }
}
