import Columnar
import Streams

/// The rows of one relation in one snapshot.
struct PostgresReader: StreamReader {
    /// The coordinator first.
    let sessions: [PostgresSession]
    let slicing: PostgresSlicing
    let read: PostgresRead
    /// nil where the server does not say which it is.
    let snapshot: PostgresMark?
    let place: String

    var plan: ReadPlan { read.plan }

    var mark: SourceMark { snapshot?.sourceMark ?? SourceMark() }

    func resume(_ earlier: CommittedRead) async throws -> Resumption {
        guard case .pages(let leaves) = slicing.cut else {
            return .nothing("this stream starts again from the beginning")
        }
        if let type = read.namingType {
            return .nothing("a name that a \(type) tells may have changed")
        }
        guard let snapshot, let past = PostgresMark(earlier.mark) else {
            return .nothing("the user may not ask the server which it is (pg_control_system)")
        }
        if let obstacle = snapshot.obstacle(since: past) { return .nothing(obstacle) }
        let kept = try await PostgresVerification(
            sessions: sessions,
            read: read,
            leaves: leaves,
            earlier: past
        ).unchanged(earlier.parts)
        let changedCount = earlier.parts.count - kept.count
        return Resumption(
            kept: kept,
            isProven: true,
            reason: changedCount == 0 ? nil : "the rows of \(changedCount) have changed since"
        )
    }

    func slices(besides committed: [CommittedPart.Piece]) async throws -> [Slice] {
        switch slicing.cut {
        case .whole: [.whole]
        case .keys(let slices): slices
        case .pages(let leaves):
            PostgresSlicer.pageSlices(of: leaves, besides: committed, laneCount: sessions.count)
        }
    }

    var lanes: [any LaneReader] {
        sessions.enumerated().map { number, session in
            Lane(session: session, read: read, isCoordinator: number == 0)
        }
    }

    /// One session that takes slice after slice.
    private struct Lane: LaneReader {
        let session: PostgresSession
        let read: PostgresRead
        let isCoordinator: Bool

        func begin(_ slice: Slice, at position: Position?) async throws {
            guard position == nil else {
                throw SourceError(.protocol, "\(read.plan.stream): a range has no places inside")
            }
            try await session.beginCopy(read.statement(for: slice.range), of: read.copyColumns)
        }

        func fill(_ batch: Batch) async throws -> PageEnd? {
            try await session.fill(batch) ? nil : PageEnd(.done)
        }

        func progress() async -> ReadProgress { await session.progress() }

        func finish() async {
            // What is left is counting and writing: no transaction has to wait for that.
            if !isCoordinator { await session.close() }
        }
    }

    func sourceRowCount() async throws -> RowCountAnswer {
        // Functions have locked by now what they have read.
        try await PostgresRelations(session: sessions[0]).requireUnchanged(place: place)
        return try await count(where: read.whereClause())
    }

    func streamRowCount(isNeeded: Bool) async throws -> RowCountAnswer {
        let byteCount = plan.estimatedByteCount ?? 0
        // Where the rows are scanned for new ones anyway, counting them is little more.
        let isScanned = read.increment?.usesIndex == false
        guard isNeeded || isScanned || byteCount <= Limits.countedByteCount else {
            return .notComparable("counting all rows would take longer than the read")
        }
        return try await count(where: read.filter.map { " WHERE (\($0)\n)" } ?? "")
    }

    private func count(where condition: String) async throws -> RowCountAnswer {
        guard read.kind.hasRows else {
            return .notComparable(
                "a view or foreign table may answer a second question differently"
            )
        }
        // The same leaves as were read: one that is attached meanwhile has rows in this snapshot too.
        let counts = slicing.relations.map { "(SELECT count(*) FROM \($0)\(condition))" }
        let rows = try await sessions[0].cancelling {
            try await sessions[0].query("SELECT \(counts.joined(separator: " + "))")
        }
        guard let count = rows.first?.first?.flatMap({ Int64($0) }) else {
            throw SourceError(.protocol, "\(plan.stream): the server gave no count")
        }
        return .exactly(count)
    }

    func cursor() async throws -> CursorState? {
        try await read.increment?.state(read, mark: snapshot, in: sessions[0])
    }
}
