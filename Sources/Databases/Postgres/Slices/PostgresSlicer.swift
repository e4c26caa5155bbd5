import Streams

/// How a read is cut into slices, and why so.
struct PostgresSlicing: Sendable {
    /// How rows are told apart.
    enum Cut: Sendable {
        /// One slice: the relation as it stands in the statement.
        case whole
        /// Ranges of pages of each leaf.
        case pages([PostgresLeaf])
        /// Slices by the leading key column, or whole leaves.
        case keys([Slice])
    }

    var cut: Cut
    /// The relations the slices are of, each with all of its rows, as they stand behind FROM.
    var relations: [String]
    /// Parts of about equal size there are to share out.
    var partCount: Int
    /// In words, for the plan: what a slice is.
    var manner: String
    /// Bytes of the relation's pages; what opening further connections is weighed by.
    var byteCount: Int64

    /// What a read that is cut like this promises to one that goes on.
    var resume: ResumeGuarantee {
        if case .pages = cut { .heapRange } else { .none }
    }
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
    let leaves: [PostgresLeaf]

    /// Decides the cut for up to `laneCount` connections.
    func slicing(laneCount: Int) async throws -> PostgresSlicing {
        let whole = PostgresSlicing(
            cut: .whole,
            relations: [read.fromClause],
            partCount: 1,
            manner: "as a whole",
            byteCount: read.plan.estimatedByteCount ?? 0
        )
        guard read.kind.hasRows, read.canBeCut, !leaves.isEmpty,
            leaves.allSatisfy(\.canBeRead)
        else { return whole }
        var slicing = whole
        slicing.relations = leaves.map(\.fromClause)
        slicing.byteCount = leaves.reduce(0) { $0 + $1.byteCount }
        let hasPages = leaves.allSatisfy(\.hasPages)
        if hasPages, await session.serverVersion >= 140_000 {
            slicing.cut = .pages(leaves)
            slicing.partCount = leaves.reduce(0) {
                $0 + Self.starts(of: 0..<$1.pageCount, of: $1, laneCount: laneCount).count
            }
        } else {
            var slices: [Slice] = []
            for leaf in leaves { slices += try await keySlices(of: leaf) }
            slicing.cut = .keys(slices)
            slicing.partCount = slices.count
        }
        let partitions = leaves.count > 1 ? "\(leaves.count) partitions" : ""
        let sort = if case .pages = slicing.cut { "page" } else { "key" }
        let ranges = "\(slicing.partCount) \(sort) ranges"
        slicing.manner =
            slicing.partCount <= 1
            ? "as a whole"
            : slicing.partCount <= leaves.count
                ? partitions : partitions.isEmpty ? ranges : "\(ranges) of \(partitions)"
        return slicing
    }

    /// The page ranges of `leaves` that `committed` does not cover.
    ///
    /// Behind the pages a leaf has now there is one more range, open and empty as a rule: nothing
    /// that the snapshot sees can lie outside of all ranges.
    static func pageSlices(
        of leaves: [PostgresLeaf],
        besides committed: [CommittedPart.Piece],
        laneCount: Int
    ) -> [Slice] {
        leaves.flatMap { leaf in
            var covered: [(first: Int64, end: Int64?)] = []
            for piece in committed {
                guard case .pages(_, leaf.heap, let first, let end) = piece.slice.range,
                    piece.step == .done
                else { continue }
                covered.append((first, end))
            }
            return PageRanges.gaps(in: covered, pageCount: leaf.pageCount).flatMap { gap in
                guard let end = gap.end else { return [slice(of: leaf, gap.first, nil)] }
                let starts = Self.starts(of: gap.first..<end, of: leaf, laneCount: laneCount)
                return starts.indices.map { index in
                    slice(
                        of: leaf,
                        starts[index],
                        index + 1 < starts.count ? starts[index + 1] : end
                    )
                }
            }
        }
    }

    private static func slice(of leaf: PostgresLeaf, _ first: Int64, _ end: Int64?) -> Slice {
        Slice(
            key: SliceKey("\(leaf.heap):\(first)-\(end.map { String($0) } ?? "")"),
            range: .pages(relation: leaf.fromClause, heap: leaf.heap, first: first, end: end)
        )
    }

    private static func starts(
        of pages: Range<Int64>,
        of leaf: PostgresLeaf,
        laneCount: Int
    ) -> [Int64] {
        PageRanges.starts(
            pageCount: Int64(pages.count),
            laneCount: laneCount,
            smallest: max(Limits.sliceByteCountMin / max(leaf.pageByteCount, 1), 1),
            largest: max(Limits.sliceByteCountMax / max(leaf.pageByteCount, 1), 1)
        ).map { pages.lowerBound + $0 }
    }

    // MARK: Keys

    /// Types whose text form reads back as the same value and whose order is one for `<` and for
    /// sorting, wherever operators are looked up.
    private static let keyTypes = [
        "int2", "int4", "int8", "numeric", "text", "varchar", "bpchar", "uuid", "date", "timestamp",
        "timestamptz",
    ]

    private func keySlices(of leaf: PostgresLeaf) async throws -> [Slice] {
        try await keyConditions(of: leaf).enumerated().map { number, condition in
            Slice(
                key: SliceKey("\(leaf.id):\(number)"),
                range: .keys(relation: leaf.fromClause, condition: condition)
            )
        }
    }

    /// Ranges of the leading key column between the bounds of the server's histogram; the server
    /// sorts and compares them, in the column's own collation.
    private func keyConditions(of leaf: PostgresLeaf) async throws -> [String] {
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
        guard let key = columns.first, let name = key[0], let type = key[1] else { return ["true"] }
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
        guard let first = cuts.first, let last = cuts.last else { return ["true"] }
        let column = quoted(name)
        return ["\(column) < \(first)"]
            + zip(cuts, cuts.dropFirst()).map { "\(column) >= \($0) AND \(column) < \($1)" }
            + ["\(column) >= \(last)"]
    }
}
