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
    private let count: MySQLCount

    init(
        sessions: [MySQLSession],
        slicing: MySQLSlicing,
        read: MySQLRead,
        next: CursorState?,
        hasOneClock: Bool
    ) {
        self.sessions = sessions
        self.slicing = slicing
        self.read = read
        self.next = next
        self.hasOneClock = hasOneClock
        let isComparable =
            read.relation.kind != .view && (read.filter == nil || hasOneClock)
        count = MySQLCount(read: read, parts: isComparable ? slicing.countedParts : [])
    }

    var plan: ReadPlan { read.plan }

    var mark: SourceMark {
        SourceMark(sessions[0].identity.system.map { ["system": $0] } ?? [:])
    }

    func resume(_ earlier: CommittedRead) async throws -> Resumption {
        .nothing("this stream starts again from the beginning")
    }

    func slices(besides committed: [CommittedPart.Piece]) async throws -> [Slice] {
        slicing.slices
    }

    var lanes: [any LaneReader] {
        sessions.enumerated().map { number, session in
            Lane(session: session, read: read, count: count, isCoordinator: number == 0)
        }
    }

    /// One session that takes slice after slice.
    private struct Lane: LaneReader {
        let session: MySQLSession
        let read: MySQLRead
        let count: MySQLCount
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
            await count.resume(in: session)
            if !isCoordinator { await session.close() }
        }
    }

    func sourceRowCount() async throws -> RowCountAnswer {
        if let reason = obstacleToCounting { return .notComparable(reason) }
        return .exactly(try await count.total())
    }

    func streamRowCount(isNeeded: Bool) async throws -> RowCountAnswer {
        guard isNeeded || read.relation.byteCount <= Limits.countedByteCount else {
            return .notComparable("counting all rows would take longer than the read")
        }
        if let reason = obstacleToCounting { return .notComparable(reason) }
        let condition = read.filter.map { " WHERE (\($0)\n)" } ?? ""
        let rows = try await sessions[0].query(
            "SELECT COUNT(*) FROM \(read.relation.fromClause)\(condition)"
        )
        guard let count = rows.first?.first?.flatMap({ Int64($0) }) else {
            throw SourceError(.protocol, "\(plan.stream): the server gave no count")
        }
        return .exactly(count)
    }

    /// Why the server's count need not be that of the rows; nil where it is.
    private var obstacleToCounting: String? {
        if read.relation.kind == .view { return "a view may answer a second question differently" }
        if read.filter != nil, !hasOneClock {
            return "the server would not have the condition's time stand still"
        }
        return nil
    }

    func cursor() async throws -> CursorState? { next }
}

/// Counts the rows of a read by the server's own count, part by part in whatever session is done reading.
private actor MySQLCount {
    private let read: MySQLRead
    private var parts: [String]
    private var sum: Int64 = 0
    private var failure: (any Error)?

    init(read: MySQLRead, parts: [String]) {
        self.read = read
        self.parts = parts.reversed()
    }

    /// Counts part after part until none is left that nobody has begun.
    func resume(in session: MySQLSession) async {
        while failure == nil, let part = parts.popLast() {
            do {
                let found = try await count(part, in: session)
                sum += found
            } catch {
                failure = error
            }
        }
    }

    /// The count of all parts; to be asked when no session counts any more.
    func total() throws -> Int64 {
        if let failure { throw failure }
        return sum
    }

    private func count(_ part: String, in session: MySQLSession) async throws -> Int64 {
        let index = part == "TRUE" ? "" : " FORCE INDEX (PRIMARY)"
        let rows = try await session.query(
            "SELECT COUNT(*) FROM \(read.relation.fromClause)\(index)\(read.whereClause(and: part))"
        )
        guard let count = rows.first?.first?.flatMap({ Int64($0) }) else {
            throw SourceError(.protocol, "\(read.plan.stream): the server gave no count")
        }
        return count
    }
}
