package import Streams

/// A MySQL or MariaDB database, read by prepared statements in one snapshot per stream, which several
/// connections share.
package struct MySQLSource: Source {
    private let address: MySQLAddress
    private let limits: SourceLimits

    package var location: SourceLocation { address.location }

    /// Makes a source of an address; nothing connects yet.
    init(_ address: MySQLAddress, limits: SourceLimits) {
        self.address = address
        self.limits = limits
    }

    package func check() async throws -> SourceCheck {
        try await withSession { session in
            let rows = try await session.query(
                "SELECT CURRENT_USER(), DATABASE(), @@read_only, @@log_bin, @@character_set_server"
            )
            let relations = try await catalog(session).relations()
            var warnings: [String] = []
            let without = relations.filter { !$0.hasSnapshots }.map(\.name.description)
            if !without.isEmpty {
                warnings.append(
                    "\(without.count) of \(relations.count) streams have no snapshots: "
                        + without.prefix(5).joined(separator: ", ")
                )
            }
            if !session.isMariaDB {
                warnings.append("servers other than MariaDB are not tested")
            }
            return SourceCheck(
                version: session.serverVersion,
                facts: [
                    "user \(rows.only[0] ?? ""), database \(rows.only[1] ?? "of the stream's name")",
                    "character set \(rows.only[4] ?? "")",
                    await session.isEncrypted
                        ? "connection encrypted" : "connection not encrypted",
                    rows.only[2] == "0" ? "writable" : "read-only",
                    rows.only[3] == "1" ? "with a binary log" : "without a binary log",
                    "sessions of this tool only read",
                ],
                warnings: warnings,
                streamCount: relations.count
            )
        }
    }

    package func discover() async throws -> [StreamDescriptor] {
        try await withSession { session in
            let catalog = catalog(session)
            return try await catalog.withColumns(catalog.relations()).map { relation in
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
                    estimatedByteCount: relation.byteCount,
                    access: relation.primaryKey.isEmpty
                        ? "binary rows, one connection" : "binary rows, several connections",
                    resume: .none
                )
            }
        }
    }

    package func plan(_ request: ReadRequest) async throws -> ReadPlan {
        try await withSession { session in
            let relation = try await catalog(session).relation(
                request.stream,
                place: location.place
            )
            return try await opener(session, relation).open(1).lent { _ in
                let (read, slicing) = try await prepare(request, in: session)
                var plan = read.plan
                plan.access = access(slicing, count: laneCount(for: relation, slicing))
                return plan
            }
        }
    }

    package func read<Result: Sendable>(
        _ request: ReadRequest,
        _ body: (any StreamReader) async throws -> Result
    ) async throws -> Result {
        try await withSession { session in
            let relation = try await catalog(session).relation(
                request.stream,
                place: location.place
            )
            let wanted = laneCount(for: relation, nil)
            let lanes = try await opener(session, relation).open(wanted)
            return try await lanes.lent { lanes in
                var (read, slicing) = try await prepare(request, in: session)
                for lane in lanes.sessions.dropFirst() {
                    try await lane.settle(evaluatesUserText: read.definition.evaluatesUserText)
                }
                if read.filter != nil, !lanes.haveOneClock || !lanes.coverServer {
                    // A condition may ask for the time, or for rows of other tables.
                    slicing = MySQLSlicing(slices: [.whole], manner: "one slice")
                }
                let count = min(lanes.sessions.count, slicing.slices.count)
                read.plan.access = access(slicing, count: count)
                if let shortfall = lanes.shortfall, slicing.slices.count > 1 {
                    read.plan.access += ", not \(wanted): \(shortfall)"
                }
                return try await body(
                    MySQLReader(
                        sessions: Array(lanes.sessions.prefix(count)),
                        slicing: slicing,
                        read: read,
                        next: try await read.increment?.state(filter: read.filter, in: session),
                        hasOneClock: lanes.haveOneClock
                    )
                )
            }
        }
    }

    // MARK: Preparing

    private func catalog(_ session: MySQLSession) -> MySQLCatalog {
        MySQLCatalog(session: session, database: address.database)
    }

    private func opener(_ session: MySQLSession, _ relation: MySQLRelation) -> MySQLLaneOpener {
        MySQLLaneOpener(
            coordinator: session,
            address: address,
            relation: relation,
            limits: limits
        )
    }

    /// Decides columns and slices inside the session's snapshot.
    private func prepare(
        _ request: ReadRequest,
        in session: MySQLSession
    ) async throws -> (MySQLRead, MySQLSlicing) {
        let read = try await MySQLPlanner(
            session: session,
            catalog: catalog(session),
            place: location.place
        ).plan(request)
        // The server finds what is wrong with a condition without running it. EXPLAIN would take a
        // right of its own for a view.
        _ = try await session.query("\(read.plan.query) LIMIT 0")
        if request.columns == nil {
            // Columns that the user may not read are not even listed: this asks for all of them.
            _ = try await session.query("SELECT * FROM \(read.relation.fromClause) LIMIT 0")
        }
        let slicing = try await MySQLSlicer(session: session, read: read)
            .slicing(laneCount: limits.laneCount)
        return (read, slicing)
    }

    /// Connections a read of the relation is worth, before or after it was cut.
    private func laneCount(for relation: MySQLRelation, _ slicing: MySQLSlicing?) -> Int {
        guard relation.kind != .view, relation.hasSnapshots, !relation.primaryKey.isEmpty,
            relation.byteCount >= Limits.laneByteCountMin
        else { return 1 }
        return max(1, min(limits.laneCount, limits.connectionCount, slicing?.slices.count ?? .max))
    }

    private func access(_ slicing: MySQLSlicing, count: Int) -> String {
        "binary rows, \(slicing.manner), over "
            + (count == 1 ? "one connection" : "\(count) connections")
    }

    /// Opens a session for `body` and closes it after, whatever happens.
    private func withSession<Result: Sendable>(
        _ body: (MySQLSession) async throws -> Result
    ) async throws -> Result {
        try await MySQLSession(address, limits: limits).lent(to: body)
    }
}
