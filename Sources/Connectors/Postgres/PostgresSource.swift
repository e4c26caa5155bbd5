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
                    resume: relation.isReadable ? Self.resume(of: relation) : .none
                )
            }
        }
    }

    package func plan(_ request: ReadRequest) async throws -> ReadPlan {
        try await withSnapshot(of: request.stream) { session in
            let prepared = try await prepare(request, in: session)
            var plan = prepared.read.plan
            // A plan without them is as good a plan.
            plan.statistics =
                (try? await PostgresStatistics(session: session).columns(of: prepared.read)) ?? [:]
            plan.access = Self.access(
                prepared.slicing,
                laneCount: prepared.opener.laneCount(for: prepared.slicing)
            )
            return plan
        }
    }

    /// A read, decided inside its snapshot.
    private struct Preparation {
        var read: PostgresRead
        var slicing: PostgresSlicing
        var opener: PostgresLaneOpener
        var mark: PostgresMark?
    }

    /// Decides columns, slices and connections of a read inside its snapshot.
    private func prepare(
        _ request: ReadRequest,
        in session: PostgresSession
    ) async throws -> Preparation {
        var mark = try await PostgresMark(in: session)
        var read = try await PostgresPlanner(
            session: session,
            place: location.place,
            cluster: mark?.system
        ).plan(request)
        mark?.relation = read.relationID
        let leaves =
            ["r", "m", "p"].contains(read.kind)
            ? try await PostgresLeaf.all(of: read, in: session) : []
        if let incremental = request.incremental {
            let planner = PostgresIncrementPlanner(
                request: incremental,
                leaves: leaves,
                mark: mark,
                addedColumns: request.columnsNew(in: read.plan),
                session: session
            )
            try await planner.plan(&read)
        }
        read.plan.query = read.statement
        // The server's own planner finds what is wrong with a condition, without running it, and
        // that it is one statement and no more.
        _ = try await session.query("EXPLAIN \(read.plan.query)")
        let slicing = try await PostgresSlicer(session: session, read: read, leaves: leaves)
            .slicing(laneCount: limits.laneCount)
        read.plan.resume = mark == nil || read.namingType != nil ? .none : slicing.resume
        let opener = PostgresLaneOpener(
            coordinator: session,
            address: address,
            read: read,
            limits: limits
        )
        return Preparation(read: read, slicing: slicing, opener: opener, mark: mark)
    }

    package func read<Result: Sendable>(
        _ request: ReadRequest,
        _ body: (any StreamReader) async throws -> Result
    ) async throws -> Result {
        try await withSnapshot(of: request.stream) { session in
            let prepared = try await prepare(request, in: session)
            var read = prepared.read
            let wanted = prepared.opener.laneCount(for: prepared.slicing)
            let lanes = try await prepared.opener.open(wanted)
            read.plan.access = Self.access(prepared.slicing, laneCount: lanes.sessions.count)
            if let shortfall = lanes.shortfall {
                read.plan.access += ", not \(wanted): \(shortfall)"
            }
            do {
                if prepared.slicing.partCount > 1 {
                    for session in lanes.sessions { try await session.prepareForSlices() }
                }
                let reader = PostgresReader(
                    sessions: lanes.sessions,
                    slicing: prepared.slicing,
                    read: read,
                    snapshot: prepared.mark
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

    /// What can be said of a relation without looking at its storage.
    private static func resume(of relation: PostgresRelation) -> ResumeGuarantee {
        ["r", "m", "p"].contains(relation.kind) && !relation.filtersRows ? .heapRange : .none
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
