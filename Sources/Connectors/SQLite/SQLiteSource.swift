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

    /// Reads `sqlite:path` or `sqlite:///absolute/path`.
    ///
    /// - Throws: `SourceError`, `configuration`.
    package init(parsing address: String) throws {
        guard address.prefix(7).lowercased() == "sqlite:" else {
            throw SourceError(
                .configuration,
                "\(address) is no SQLite address; write sqlite:path"
            )
        }
        var path = address.dropFirst(7)
        if path.hasPrefix("//") {
            path = path.dropFirst(2)
            guard path.hasPrefix("/") else {
                throw SourceError(
                    .configuration,
                    "\(address) names a host, which SQLite has none of; write sqlite:path or "
                        + "sqlite:///absolute/path"
                )
            }
        }
        guard !path.isEmpty, !path.utf8.contains(0) else {
            throw SourceError(.configuration, "\(address) names no file; write sqlite:path")
        }
        self.init(path: String(path))
    }

    package var location: SourceLocation {
        SourceLocation(kind: "sqlite", place: "sqlite:\(path)")
    }

    package func check() async throws -> SourceCheck {
        try await withSession { try await $0.check() }
    }

    package func discover() async throws -> [StreamDescriptor] {
        try await withSession { try await $0.discover() }
    }

    package func plan(_ request: ReadRequest) async throws -> ReadPlan {
        try await withSession { try await $0.plan(request) }
    }

    package func read<Result: Sendable>(
        _ request: ReadRequest,
        _ body: (any StreamReader) async throws -> Result
    ) async throws -> Result {
        try await withSession { session in
            let plan = try await session.begin(request)
            return try await body(SQLiteReader(plan: plan, session: session))
        }
    }

    /// Lends an open session; cancelling the task stops the statement it runs.
    private func withSession<Result: Sendable>(
        _ body: (SQLiteSession) async throws -> Result
    ) async throws -> Result {
        let session = SQLiteSession(path: path)
        return try await withTaskCancellationHandler {
            do {
                try await session.open()
                let result = try await body(session)
                await session.close()
                return result
            } catch {
                await session.close()
                throw error
            }
        } onCancel: {
            session.interrupt()
        }
    }
}

/// Rows of one table or view of a SQLite database.
struct SQLiteReader: StreamReader, LaneReader {
    let plan: ReadPlan
    let session: SQLiteSession

    var lanes: [any LaneReader] { [self] }

    func fill(_ batch: Batch) async throws -> Bool {
        try await session.fill(batch)
    }

    func progress() async -> ReadProgress {
        await session.progress
    }

    func sourceRowCount() async throws -> RowCountAnswer {
        .exactly(try await session.rowCount())
    }
}
