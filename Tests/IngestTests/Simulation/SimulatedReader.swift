import Streams

/// The rows of a simulated table in one snapshot.
struct SimulatedReader: StreamReader {
    let plan: ReadPlan
    let source: SimulatedSource
    let database: SimulatedDatabase
    let reading: SimulatedSource.Reading
    let incremental: IncrementalRequest?

    /// The versions that are read.
    let versions: [SimulatedDatabase.Version]

    init(
        plan: ReadPlan,
        source: SimulatedSource,
        database: SimulatedDatabase,
        reading: SimulatedSource.Reading,
        incremental: IncrementalRequest?
    ) {
        self.plan = plan
        self.source = source
        self.database = database
        self.reading = reading
        self.incremental = incremental
        versions = database.versions.filter { version in
            let writer = version.row.writer
            // Rows of transactions that may go on come with a later run, once.
            let isSettled = incremental?.conflict != .append || writer < reading.snapshot.oldest
            return reading.snapshot.sees(version) && isSettled && writer >= reading.since ?? 0
        }.sorted { $0.row.key < $1.row.key }
    }

    var mark: SourceMark {
        SourceMark(["oldest": String(reading.snapshot.oldest), "stamp": String(database.stamp)])
    }

    // MARK: Going on

    func resume(_ read: CommittedRead) async throws -> Resumption {
        try await source.attempt.asking("verify")
        let all = Array(read.parts.indices)
        let isUnwritten = read.mark.facts["stamp"] == mark.facts["stamp"]
        switch source.manner {
        case .whole: return .nothing("it starts again")
        case .rows: return isUnwritten ? Resumption(kept: all, isProven: true) : .nothing("written")
        case .keys: return Resumption(kept: all, isProven: isUnwritten)
        case .pages:
            guard let oldest = read.mark.facts["oldest"].flatMap({ Int64($0) }) else {
                return .nothing("no mark")
            }
            let kept = all.filter { isUnchanged(read.parts[$0], since: oldest) }
            return Resumption(kept: kept, isProven: true)
        }
    }

    private func isUnchanged(_ part: CommittedPart, since oldest: Int64) -> Bool {
        var count: Int64 = 0
        for piece in part.pieces {
            guard case .pages(_, heap, _, _) = piece.slice.range, piece.step == .done else {
                return false
            }
            let rows = rows(of: piece.slice)
            guard rows.allSatisfy({ $0.writer < oldest }) else { return false }
            count += Int64(rows.count)
        }
        return count == part.rowCount
    }

    private var heap: String { String(database.heap) }

    func slices(besides committed: [CommittedPart.Piece]) async throws -> [Slice] {
        try await source.attempt.asking("slices")
        guard source.manner == .pages else { return [.whole] }
        var slices: [Slice] = []
        var free: [Int64] = []
        func cut() {
            if let first = free.first, let last = free.last {
                slices.append(slice(first, last + 1))
            }
            free = []
        }
        let ranges = committed.compactMap { piece -> Range<Int64>? in
            guard case .pages(_, _, let first, let end) = piece.slice.range else { return nil }
            return first..<(end ?? .max)
        }
        let pages = Int64(database.pageCount)
        for page in 0..<pages {
            if ranges.contains(where: { $0.contains(page) }) { cut() } else { free.append(page) }
            if free.count == source.pieceCount { cut() }
        }
        cut()
        // Behind the last page there is one more range, unless it was read.
        if !ranges.contains(where: { $0.upperBound == .max }) {
            let end = max(pages, ranges.map(\.upperBound).max() ?? 0)
            slices.append(slice(end, nil))
        }
        // A table without rows may have nothing to be read at all.
        return committed.isEmpty && versions.isEmpty && database.stamp % 2 == 0 ? [] : slices
    }

    private func slice(_ first: Int64, _ end: Int64?) -> Slice {
        Slice(
            key: SliceKey("\(heap):\(first)-\(end.map { String($0) } ?? "")"),
            range: .pages(relation: "rows", heap: heap, first: first, end: end)
        )
    }

    /// The rows of a slice, in the order in which they are read.
    func rows(of slice: Slice) -> [SimulatedDatabase.Row] {
        guard case .pages(_, _, let first, let end) = slice.range else {
            return versions.map(\.row)
        }
        return versions.filter { (first..<(end ?? .max)).contains(Int64($0.page)) }.map(\.row)
    }

    // MARK: Reading

    var lanes: [any LaneReader] {
        (0..<source.laneCount).map { _ in SimulatedLane(reader: self) }
    }

    func sourceRowCount() async throws -> RowCountAnswer {
        try await source.attempt.asking("count")
        return .exactly(Int64(versions.count))
    }

    func streamRowCount(isNeeded: Bool) async throws -> RowCountAnswer {
        try await source.attempt.asking("count the stream")
        return .exactly(Int64(reading.rows.count))
    }

    func cursor() async throws -> CursorState? {
        try await source.attempt.asking("cursor")
        return incremental.map { CursorState(column: $0.cursor, highest: nil, mark: mark) }
    }
}
