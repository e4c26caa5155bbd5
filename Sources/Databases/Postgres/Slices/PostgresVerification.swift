import Streams

/// Proves of pages read under an earlier snapshot that they hold the same rows in this one.
///
/// Rows that this snapshot sees and the earlier one did not were written by transactions at or above
/// the earlier one's xmin. Where no such row is in a range, its rows are some of those read before;
/// where there are as many, they are all of them, and the range is what it was. Transactions that
/// the earlier snapshot saw above its xmin cost a second read and no more.
struct PostgresVerification: Sendable {
    let sessions: [PostgresSession]
    let read: PostgresRead
    let leaves: [PostgresLeaf]
    let earlier: PostgresMark

    /// The places of the parts that are unchanged.
    func unchanged(_ parts: [CommittedPart]) async throws -> [Int] {
        try await withThrowingTaskGroup(of: [Int].self) { group in
            for (number, session) in sessions.enumerated() {
                group.addTask { [self] in
                    var kept: [Int] = []
                    for index in stride(from: number, to: parts.count, by: sessions.count)
                    where try await isUnchanged(parts[index], in: session) {
                        kept.append(index)
                    }
                    return kept
                }
            }
            return try await group.reduce(into: []) { $0 += $1 }.sorted()
        }
    }

    private func isUnchanged(
        _ part: CommittedPart,
        in session: PostgresSession
    ) async throws -> Bool {
        let heaps = Set(leaves.map(\.heap))
        var counts: [String] = []
        for piece in part.pieces {
            guard case .pages(let relation, let heap, _, _) = piece.slice.range,
                heaps.contains(heap), piece.step == .done
            else { return false }
            counts.append(
                """
                SELECT count(*) AS present,
                    count(*) FILTER (WHERE \(earlier.mayBeNewer)) AS newer
                FROM \(relation)\(read.whereClause(and: piece.slice.range.condition))
                """
            )
        }
        var present: Int64 = 0
        // A statement of very many parts is too deep for the server.
        for first in stride(from: 0, to: counts.count, by: Limits.countedPieces) {
            let some = counts[first..<min(first + Limits.countedPieces, counts.count)]
            let rows = try await session.cancelling {
                try await session.query(
                    "SELECT sum(present), sum(newer) FROM (\(some.joined(separator: " UNION ALL "))) r"
                )
            }
            guard rows.first?[1] == "0", let count = rows.first?[0].flatMap({ Int64($0) }) else {
                return false
            }
            present += count
        }
        return present == part.rowCount
    }
}

extension SliceRange {
    /// The range as SQL; nil for all rows.
    var condition: String? {
        switch self {
        case .pages(_, _, let first, let end):
            "ctid >= '(\(first),0)'" + (end.map { " AND ctid < '(\($0),0)'" } ?? "")
        case .keys(_, let condition): condition
        case .whole, .window, .parent: nil
        }
    }
}
