import Streams

/// How a read is cut into slices, and why so.
struct MySQLSlicing: Sendable {
    var slices: [Slice]
    /// In words, for the plan: what a slice is.
    var manner: String
    /// Conditions by which the rows are counted, each once; not those of the slices, which a count is
    /// to prove.
    var countedParts = ["TRUE"]
}

/// Cuts a table into ranges of its primary key.
struct MySQLSlicer {
    let session: MySQLSession
    let read: MySQLRead

    /// The slices for so many lanes.
    func slicing(laneCount: Int) async throws -> MySQLSlicing {
        let relation = read.relation
        func whole(_ reason: String) -> MySQLSlicing {
            MySQLSlicing(slices: [.whole], manner: reason)
        }
        guard relation.kind != .view else { return whole("a view, as one slice") }
        guard let key = relation.primaryKey.first else {
            return whole("no primary key to cut it by, as one slice")
        }
        guard read.increment?.condition == nil else { return whole("new rows, as one slice") }
        guard laneCount > 1, relation.byteCount >= Limits.laneByteCountMin else {
            return whole("one slice")
        }
        guard let column = relation.columns.first(where: { $0.name == key }),
            let kind = MySQLKey.Kind(column)
        else {
            return whole("a primary key whose first column has no ranges, as one slice")
        }
        let count = min(
            max(
                relation.byteCount / Limits.keySliceByteCount,
                Int64(laneCount) * Limits.slicesPerLane
            ),
            Limits.keySliceCountMax
        )
        let ranges = MySQLKeyRanges(
            session: session,
            relation: relation,
            column: column,
            kind: kind
        )
        let starts = try await ranges.starts(count: Int(count))
        let slices = ranges.conditions(starts).map { condition in
            Slice(
                key: SliceKey(condition),
                range: .keys(relation: relation.fromClause, condition: condition)
            )
        }
        return MySQLSlicing(
            slices: slices,
            manner: slices.count == 1 ? "one slice" : "\(slices.count) ranges of \(key)",
            countedParts: ranges.conditions(every(starts.count / laneCount + 1, of: starts))
        )
    }

    /// The last of so many, and so on: for each lane about one part.
    private func every(_ stride: Int, of starts: [String]) -> [String] {
        starts.indices.filter { $0 % stride == stride - 1 }.map { starts[$0] }
    }
}
