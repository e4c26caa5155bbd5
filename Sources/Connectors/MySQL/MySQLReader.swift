import Columnar
import Streams

/// The rows of one relation in one snapshot.
struct MySQLReader: StreamReader {
    /// The coordinator first.
    let sessions: [MySQLSession]
    let slicing: MySQLSlicing
    let read: MySQLRead
    /// Where the next incremental read goes on; nil for a full refresh.
    let next: CursorState?
    /// Whether all statements have one idea of what time it is.
    let hasOneClock: Bool

    var plan: ReadPlan { read.plan }

    var mark: SourceMark { SourceMark() }

    func resume(_ earlier: CommittedRead) async throws -> Resumption {
        .nothing("this stream starts again from the beginning")
    }

    func slices(besides committed: [CommittedPart.Piece]) async throws -> [Slice] {
        slicing.slices
    }

    var lanes: [any LaneReader] {
        sessions.enumerated().map { number, session in
            Lane(session: session, read: read, isCoordinator: number == 0)
        }
    }

    /// One session that takes slice after slice.
    private struct Lane: LaneReader {
        let session: MySQLSession
        let read: MySQLRead
        let isCoordinator: Bool

        func begin(_ slice: Slice, at position: Position?) async throws {
            guard position == nil else {
                throw SourceError(.protocol, "\(read.plan.stream): a range has no places inside")
            }
            try await session.begin(read.statement(for: slice.range), of: read.columns)
        }

        func fill(_ batch: Batch) async throws -> PageEnd? {
            try await session.fill(batch) ? nil : PageEnd(.done)
        }

        func progress() async -> ReadProgress { await session.progress() }

        func finish() async {
            if !isCoordinator { await session.close() }
        }
    }

    func sourceRowCount() async throws -> RowCountAnswer {
        if read.relation.kind == "VIEW" {
            return .notComparable("a view may answer a second question differently")
        }
        if read.filter != nil, !hasOneClock {
            return .notComparable("the server would not have the condition's time stand still")
        }
        let rows = try await sessions[0].query(
            "SELECT COUNT(*) FROM \(read.relation.fromClause)\(read.whereClause())"
        )
        guard let count = rows.first?.first?.flatMap({ Int64($0) }) else {
            throw SourceError(.protocol, "\(plan.stream): the server gave no count")
        }
        return .exactly(count)
    }

    func cursor() async throws -> CursorState? { next }
}
