package import Streams

/// A Postgres database, 12 and later, read by binary COPY in one snapshot per stream, which
/// several connections share.
package struct PostgresSource: Source {
    private let address: PostgresAddress
    private let limits: SourceLimits

    package var location: SourceLocation { address.location }

    /// Makes a source of an address; nothing connects yet.
    init(_ address: PostgresAddress, limits: SourceLimits) {
        self.address = address
        self.limits = limits
    }

    package func check() async throws -> SourceCheck {
        try await withCatalog { session, catalog in
            let rows = try await session.query(
                """
                SELECT version(), current_user, current_database(),
                    current_setting('server_encoding'), pg_is_in_recovery(),
                    current_setting('statement_timeout'), (SELECT ssl FROM pg_stat_ssl
                        WHERE pid = pg_backend_pid())
                """
            )
            let relations = try await catalog.relations()
            var warnings: [String] = []
            let unreadable = relations.filter { $0.obstacle != nil }
            if !unreadable.isEmpty {
                warnings.append(
                    "\(unreadable.count) of \(relations.count) streams cannot be read: "
                        + unreadable.prefix(5).map { "\($0.name) (\($0.obstacle ?? ""))" }
                        .joined(separator: ", ")
                )
            }
            if await session.serverVersion < 150_000 {
                warnings.append("servers before 15 are not tested")
            }
            if try await session.isPooled() {
                warnings.append(
                    "a pool stands before the server: each run takes as many of its connections as "
                        + "it reads with; an address of the server itself is better"
                )
            }
            if rows.only[5] != "0" {
                warnings.append(
                    "statement_timeout is \(rows.only[5] ?? ""): a longer read will be stopped"
                )
            }
            return SourceCheck(
                version: rows.only[0] ?? "",
                facts: [
                    "user \(rows.only[1] ?? ""), database \(rows.only[2] ?? "")",
                    "encoding \(rows.only[3] ?? "")",
                    rows.only[6] == "t" ? "connection encrypted" : "connection not encrypted",
                    rows.only[4] == "t" ? "a standby server" : "a primary server",
                    "sessions of this tool are read-only",
                ],
                warnings: warnings,
                streamCount: relations.count
            )
        }
    }

    package func discover() async throws -> [StreamDescriptor] {
        try await withCatalog { session, catalog in
            try await catalog.withColumns(catalog.relations()).map { relation in
                StreamDescriptor(
                    name: relation.name,
                    kind: relation.kind.words,
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
                    access: Self.access(to: relation),
                    resume: relation.obstacle == nil ? Self.resume(of: relation) : .none
                )
            }
        }
    }

    package func plan(_ request: ReadRequest) async throws -> ReadPlan {
        try await withSession { session in
            let prepared = try await open(request, in: session)
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
            read.kind.hasRows ? try await PostgresLeaf.all(of: read, in: session) : []
        if let incremental = request.incremental {
            let planner = PostgresIncrementPlanner(
                request: incremental,
                leaves: leaves,
                mark: mark,
                addedColumns: request.columnsNew(in: read.plan),
                acceptsUnseenChanges: request.acceptsUnseenChanges,
                session: session
            )
            try await planner.plan(&read)
        }
        read.plan.query = read.statement
        // The server's own planner finds what is wrong with a condition, without running it, and
        // that it is one statement and no more. It also locks what the statement reads.
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
        try await withSession { session in
            let prepared = try await open(request, in: session)
            var read = prepared.read
            let wanted = prepared.opener.laneCount(for: prepared.slicing)
            let lanes = try await prepared.opener.open(wanted)
            read.plan.access = Self.access(prepared.slicing, laneCount: lanes.sessions.count)
            if let shortfall = lanes.shortfall {
                read.plan.access += ", not \(wanted): \(shortfall)"
            }
            return try await lanes.lent { lanes in
                if prepared.slicing.partCount > 1 {
                    for session in lanes.sessions { try await session.prepareForSlices() }
                }
                return try await body(
                    PostgresReader(
                        sessions: lanes.sessions,
                        slicing: prepared.slicing,
                        read: read,
                        snapshot: prepared.mark,
                        place: location.place
                    )
                )
            }
        }
    }

    private static func access(to relation: PostgresRelation) -> String {
        if let obstacle = relation.obstacle { return "not readable: \(obstacle)" }
        return relation.kind.hasRows
            ? "binary COPY, several connections" : "binary COPY, one connection"
    }

    /// What can be said of a relation without looking at its storage.
    private static func resume(of relation: PostgresRelation) -> ResumeGuarantee {
        relation.kind.hasRows && !relation.filtersRows ? .heapRange : .none
    }

    private static func access(_ slicing: PostgresSlicing, laneCount: Int) -> String {
        "binary COPY, \(slicing.manner), over "
            + (laneCount == 1 ? "one connection" : "\(laneCount) connections")
    }

    /// Opens a session for `body` and closes it after, whatever happens.
    private func withSession<Result: Sendable>(
        _ body: (PostgresSession) async throws -> Result
    ) async throws -> Result {
        try await PostgresSession(address).lent { session in
            try await session.cancelling { try await body(session) }
        }
    }

    /// Opens a session for questions to the catalog.
    private func withCatalog<Result: Sendable>(
        _ body: (PostgresSession, PostgresCatalog) async throws -> Result
    ) async throws -> Result {
        try await withSession { session in
            try await session.begin(lockTimeout: limits.lockTimeout)
            return try await body(session, PostgresCatalog(session: session))
        }
    }

    /// Opens a snapshot and decides the read in it, again where something it depends on was rewritten
    /// between the snapshot and the lock.
    private func open(
        _ request: ReadRequest,
        in session: PostgresSession
    ) async throws -> Preparation {
        var names: [String] = []
        for _ in 0..<Limits.snapshotAttempts {
            try await openSnapshot(of: request.stream, in: session)
            let prepared = try await prepare(request, in: session)
            names = try await PostgresRelations(session: session).rewritten()
            if names.isEmpty { return prepared }
            try await session.execute("ROLLBACK")
        }
        throw PostgresRelations.failure(names.first ?? "a relation", place: location.place)
    }

    /// Opens a snapshot in which the definition of `stream` cannot change any more.
    ///
    /// The lock comes before the snapshot: a definition that is read in a snapshot and locked
    /// later may be replaced in between, and rows of the new one would be read as of the old one.
    private func openSnapshot(of stream: StreamName, in session: PostgresSession) async throws {
        let catalog = PostgresCatalog(session: session)
        try await session.begin(lockTimeout: limits.lockTimeout)
        let lock = try await catalog.lockStatement(for: stream)
        try await session.execute("ROLLBACK")
        try await session.begin(lockTimeout: limits.lockTimeout)
        if let lock {
            // LOCK takes no snapshot; the first query behind it does.
            try await session.execute(lock)
        } else {
            try await catalog.touch(stream)
        }
    }
}
