import Columnar
package import Streams

/// A SQLite database file.
///
/// Everything a call answers is of one read transaction; the file is opened read-only and is
/// never created or changed.
package struct SQLiteSource: Source {
    /// The path of the file as the user wrote it.
    package let path: String

    /// Makes a source of the file at `path`.
    package init(path: String) {
        self.path = path
    }

    package var location: SourceLocation {
        SourceLocation(kind: "sqlite", place: "sqlite:\(path)", defaultNamespace: "main")
    }

    package func check() async throws -> SourceCheck {
        try await withSession { try await $0.check() }
    }

    package func discover() async throws -> [StreamDescriptor] {
        try await withSession { try await $0.discover() }
    }

    package func plan(_ request: ReadRequest) async throws -> ReadPlan {
        try await withSession { try await $0.prepare(request) }
    }

    package func read<Result: Sendable>(
        _ request: ReadRequest,
        _ body: (any StreamReader) async throws -> Result
    ) async throws -> Result {
        try await withSession { session in
            let plan = try await session.prepare(request)
            return try await body(
                SQLiteReader(plan: plan, mark: await session.mark, session: session)
            )
        }
    }

    /// Lends an open session; cancelling the task stops the statement it runs.
    private func withSession<Result: Sendable>(
        _ body: (SQLiteSession) async throws -> Result
    ) async throws -> Result {
        let session = SQLiteSession(path: path)
        return try await session.cancelling {
            try await session.lent { session in
                try await session.open()
                return try await body(session)
            }
        }
    }
}

/// Rows of one table or view of a SQLite database.
struct SQLiteReader: StreamReader, LaneReader {
    let plan: ReadPlan
    let mark: SourceMark
    let session: SQLiteSession

    func resume(_ read: CommittedRead) async throws -> Resumption {
        guard plan.resume == .rowRange else {
            return .nothing("this stream starts again from the beginning")
        }
        guard !mark.facts.isEmpty, read.mark == mark else {
            return .nothing("the file was written to since")
        }
        return Resumption(kept: Array(read.parts.indices), isProven: true)
    }

    func slices(besides committed: [CommittedPart.Piece]) async throws -> [Slice] { [.whole] }

    var lanes: [any LaneReader] { [self] }

    func begin(_ slice: Slice, at position: Position?) async throws {
        switch position {
        case nil: try await session.begin(behind: nil)
        case .row(let id): try await session.begin(behind: id)
        default: throw SourceError(.protocol, "\(plan.stream): a position that is no row id")
        }
    }

    func fill(_ batch: Batch) async throws -> PageEnd? {
        try await session.fill(batch).map { PageEnd($0) }
    }

    func progress() async -> ReadProgress {
        await session.progress
    }

    func finish() async {}

    func sourceRowCount() async throws -> RowCountAnswer {
        .exactly(try await session.rowCount(ofAll: false))
    }

    func streamRowCount(isNeeded: Bool) async throws -> RowCountAnswer {
        .exactly(try await session.rowCount(ofAll: true))
    }

    func cursor() async throws -> CursorState? { try await session.cursor() }
}
