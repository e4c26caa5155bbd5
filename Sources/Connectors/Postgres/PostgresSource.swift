import Columnar
package import Streams

/// A Postgres database, 12 and later, read by binary COPY in one snapshot per stream, which
/// several connections share.
package struct PostgresSource: Source {
    private let address: PostgresAddress
    private let limits: SourceLimits

    package var location: SourceLocation { address.location }

    /// Makes a source of an address; nothing connects yet.
    package init(_ address: PostgresAddress, limits: SourceLimits) {
        self.address = address
        self.limits = limits
    }

    package func check() async throws -> SourceCheck {
        try await withSession { session in
            let rows = try await session.query(
                """
                SELECT version(), current_user, current_database(),
                    current_setting('server_encoding'), pg_is_in_recovery(),
                    current_setting('statement_timeout'), (SELECT ssl FROM pg_stat_ssl
                        WHERE pid = pg_backend_pid())
                """
            )
            let relations = try await PostgresCatalog(session: session).relations()
            var warnings: [String] = []
            let unreadable = relations.filter { !$0.isReadable }.map(\.name.description)
            if !unreadable.isEmpty {
                warnings.append(
                    "no SELECT right on \(unreadable.count) of \(relations.count) streams: "
                        + unreadable.prefix(5).joined(separator: ", ")
                )
            }
            if await session.serverVersion < 120_000 {
                warnings.append("servers before 12 are not tested")
            }
            if rows[0][5] != "0" {
                warnings.append(
                    "statement_timeout is \(rows[0][5] ?? ""): a longer read will be stopped"
                )
            }
            return SourceCheck(
                version: rows[0][0] ?? "",
                facts: [
                    "user \(rows[0][1] ?? ""), database \(rows[0][2] ?? "")",
                    "encoding \(rows[0][3] ?? "")",
                    rows[0][6] == "t" ? "connection encrypted" : "connection not encrypted",
                    rows[0][4] == "t" ? "a standby server" : "a primary server",
                    "sessions of this tool are read-only",
                ],
                warnings: warnings,
                streamCount: relations.count
            )
        }
    }

    package func discover() async throws -> [StreamDescriptor] {
        try await withSession { session in
            let catalog = PostgresCatalog(session: session)
            return try await catalog.withColumns(catalog.relations()).map { relation in
                StreamDescriptor(
                    name: relation.name,
                    kind: relation.kindName,
                    columns: relation.columns.map {
                        DescribedColumn(
                            name: $0.name,
                            sourceType: $0.typeName,
                            isNullable: !$0.isRequired
                        )
                    },
                    primaryKey: relation.primaryKey,
                    estimatedRowCount: relation.estimatedRowCount,
                    estimatedByteCount: relation.estimatedByteCount,
                    access: relation.isReadable
                        ? Self.access(to: relation.kind) : "not readable: no SELECT right",
                    resume: .none
                )
            }
        }
    }

    package func plan(_ request: ReadRequest) async throws -> ReadPlan {
        try await withSnapshot(of: request.stream) { session in
            let (read, slicing, opener) = try await prepare(request, in: session)
            var plan = read.plan
            plan.access = Self.access(slicing, laneCount: opener.laneCount(for: slicing))
            return plan
        }
    }

    /// Decides columns, slices and connections of a read inside its snapshot.
    private func prepare(
        _ request: ReadRequest,
        in session: PostgresSession
    ) async throws -> (PostgresRead, PostgresSlicing, PostgresLaneOpener) {
        let read = try await PostgresPlanner(session: session, place: location.place).plan(request)
        // The server's own planner finds what is wrong with a condition, without running it, and
        // that it is one statement and no more.
        _ = try await session.query("EXPLAIN \(read.plan.query)")
        let slicing = try await PostgresSlicer(session: session, read: read)
            .slicing(laneCount: limits.laneCount)
        let opener = PostgresLaneOpener(
            coordinator: session,
            address: address,
            read: read,
            limits: limits
        )
        return (read, slicing, opener)
    }

    package func read<Result: Sendable>(
        _ request: ReadRequest,
        _ body: (any StreamReader) async throws -> Result
    ) async throws -> Result {
        try await withSnapshot(of: request.stream) { session in
            let (planned, slicing, opener) = try await prepare(request, in: session)
            var read = planned
            let wanted = opener.laneCount(for: slicing)
            let lanes = try await opener.open(wanted)
            read.plan.access = Self.access(slicing, laneCount: lanes.sessions.count)
            if let shortfall = lanes.shortfall {
                read.plan.access += ", not \(wanted): \(shortfall)"
            }
            do {
                if slicing.slices.count > 1 {
                    for session in lanes.sessions { try await session.prepareForSlices() }
                }
                let reader = PostgresReader(
                    sessions: lanes.sessions,
                    queue: PostgresSliceQueue(slicing.slices, of: read),
                    relations: slicing.relations,
                    read: read
                )
                let result = try await body(reader)
                await lanes.close()
                return result
            } catch {
                await lanes.close()
                throw error
            }
        }
    }

    private static func access(to kind: String) -> String {
        switch kind {
        case "r", "m", "p": "binary COPY, several connections"
        default: "binary COPY, one connection"
        }
    }

    private static func access(_ slicing: PostgresSlicing, laneCount: Int) -> String {
        "binary COPY, \(slicing.manner), over "
            + (laneCount == 1 ? "one connection" : "\(laneCount) connections")
    }

    /// Opens a session for `body` and closes it after, whatever happens.
    private func withSession<Result: Sendable>(
        _ body: (PostgresSession) async throws -> Result
    ) async throws -> Result {
        let session = try await PostgresSession(address, limits: limits)
        do {
            let result = try await session.cancelling { try await body(session) }
            await session.close()
            return result
        } catch {
            await session.close()
            throw error
        }
    }

    /// Opens a snapshot in which the definition of `stream` cannot change any more.
    ///
    /// The lock comes before the snapshot: a definition that is read in a snapshot and locked
    /// later may be replaced in between, and rows of the new one would be read as of the old one.
    private func withSnapshot<Result: Sendable>(
        of stream: StreamName,
        _ body: (PostgresSession) async throws -> Result
    ) async throws -> Result {
        try await withSession { session in
            let catalog = PostgresCatalog(session: session)
            let lock = try await catalog.lockStatement(for: stream)
            try await session.execute("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")
            if let lock {
                // LOCK takes no snapshot; the first query behind it does.
                try await session.execute(lock)
            } else {
                try await catalog.requireUnchanged(stream, place: location.place)
            }
            return try await body(session)
        }
    }
}

/// The rows of one relation in one snapshot.
struct PostgresReader: StreamReader {
    /// The coordinator first.
    let sessions: [PostgresSession]
    let queue: PostgresSliceQueue
    /// The relations that are read, as they stand behind FROM.
    let relations: [String]
    let read: PostgresRead

    var plan: ReadPlan { read.plan }

    var lanes: [any LaneReader] {
        sessions.enumerated().map { number, session in
            Lane(session: session, queue: queue, isCoordinator: number == 0)
        }
    }

    /// One session that takes slice after slice.
    private struct Lane: LaneReader {
        let session: PostgresSession
        let queue: PostgresSliceQueue
        let isCoordinator: Bool

        func fill(_ batch: Batch) async throws -> Bool {
            let hasMore = try await session.fill(batch, from: queue)
            // What is left is counting and writing: no transaction has to wait for that.
            if !hasMore, !isCoordinator { await session.close() }
            return hasMore
        }

        func progress() async -> ReadProgress { await session.progress() }
    }

    func sourceRowCount() async throws -> RowCountAnswer {
        if read.kind == "v" || read.kind == "f" {
            return .notComparable(
                "a view or foreign table may answer a second question differently"
            )
        }
        // The same leaves as were read: one that is attached meanwhile has rows in this snapshot too.
        let counts = relations.map { "(SELECT count(*) FROM \($0)\(read.whereClause))" }
        let rows = try await sessions[0].query("SELECT \(counts.joined(separator: " + "))")
        guard let count = rows.first?.first?.flatMap({ Int64($0) }) else {
            throw SourceError(.protocol, "\(plan.stream): the server gave no count")
        }
        return .exactly(count)
    }
}
