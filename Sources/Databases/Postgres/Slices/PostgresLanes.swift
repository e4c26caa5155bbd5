import Basics
import Streams

/// The connections of one read: the coordinator, whose snapshot it is, and those that share it.
struct PostgresLanes: DatabaseLanes {
    /// All sessions, the coordinator first.
    var sessions: [PostgresSession]
    /// Why there are fewer than were wanted; nil when there are not.
    var shortfall: String?
}

/// Opens further connections that see what the coordinator sees.
///
/// They are there for speed: what keeps one from being opened makes the read slower and is said,
/// but does not fail it.
struct PostgresLaneOpener {
    let coordinator: PostgresSession
    let address: PostgresAddress
    let read: PostgresRead
    let limits: SourceLimits

    /// How many connections the read should have, by what there is to read and what is wanted.
    func laneCount(for slicing: PostgresSlicing) -> Int {
        let bySize = 1 + slicing.byteCount / Limits.laneByteCountMin
        return Int(min(Int64(limits.laneCount), Int64(max(slicing.partCount, 1)), bySize))
    }

    /// Opens what is wanted and can be had.
    func open(_ wanted: Int) async throws -> PostgresLanes {
        var lanes = PostgresLanes(sessions: [coordinator], shortfall: nil)
        guard wanted > 1 else { return lanes }
        let room = try await room()
        let count = min(wanted, max(1, room.count))
        if count < wanted { lanes.shortfall = room.reason }
        guard count > 1 else { return lanes }
        let exported = try await coordinator.query("SELECT pg_catalog.pg_export_snapshot()")
        guard let id = exported.first?.first ?? nil else { return lanes }
        let identity = try await identity(of: coordinator)
        let lock = try await PostgresCatalog(session: coordinator)
            .lockStatement(for: read.plan.stream)
        await withTaskGroup(of: Result<PostgresSession, any Error>.self) { group in
            for _ in 1..<count {
                group.addTask {
                    do {
                        return .success(try await join(snapshot: id, of: identity, lock: lock))
                    } catch {
                        return .failure(error)
                    }
                }
            }
            for await result in group {
                switch result {
                case .success(let session): lanes.sessions.append(session)
                case .failure(let error): lanes.shortfall = "\(error)"
                }
            }
        }
        do {
            try Task.checkCancellation()
        } catch {
            await lanes.close()
            throw error
        }
        return lanes
    }

    /// Connections that may still be opened, this one counted, and what bounds them.
    private func room() async throws -> (count: Int, reason: String) {
        let rights = try await coordinator.query(
            "SELECT pg_catalog.has_function_privilege('pg_catalog.pg_export_snapshot()', 'EXECUTE')"
        )
        guard rights.first?.first == "t" else {
            return (1, "the user may not export a snapshot (pg_export_snapshot)")
        }
        // A server may keep its activity to itself; that must not end the read.
        try await coordinator.execute("SAVEPOINT room")
        do {
            let rows = try await coordinator.query(Self.roomQuery)
            try await coordinator.execute("RELEASE SAVEPOINT room")
            return room(rows.only.map { $0.flatMap { Int($0) } })
        } catch {
            try Task.checkCancellation()
            try await coordinator.execute("ROLLBACK TO SAVEPOINT room")
            try await coordinator.execute("RELEASE SAVEPOINT room")
            return (limits.connectionCount, "\(Remedy.maxConnections)")
        }
    }

    /// What the server, the user and the database have left, and how many sessions of this
    /// program there are beside this one.
    private static let roomQuery = """
        SELECT current_setting('max_connections')::int
                - current_setting('superuser_reserved_connections')::int
                - coalesce(current_setting('reserved_connections', true)::int, 0)
                - (SELECT count(*) FROM pg_catalog.pg_stat_activity
                   WHERE backend_type = 'client backend' OR backend_type IS NULL),
            (SELECT r.rolconnlimit - (SELECT count(*) FROM pg_catalog.pg_stat_activity
                WHERE usename = current_user)
             FROM pg_catalog.pg_roles r WHERE r.rolname = current_user AND r.rolconnlimit >= 0),
            (SELECT d.datconnlimit - (SELECT count(*) FROM pg_catalog.pg_stat_activity
                WHERE datname = current_database())
             FROM pg_catalog.pg_database d
             WHERE d.datname = current_database() AND d.datconnlimit >= 0),
            (SELECT count(*) FROM pg_catalog.pg_stat_activity
             WHERE application_name = current_setting('application_name')
                AND datname = current_database() AND pid <> pg_backend_pid())
        """

    private func room(_ left: [Int?]) -> (count: Int, reason: String) {
        let bounds = [
            ((left[0] ?? 0) - Limits.connectionReserve, "the server's max_connections"),
            (left[1] ?? .max - 1, "the user's connection limit"),
            (left[2] ?? .max - 1, "the database's connection limit"),
            (
                limits.connectionCount - 1 - (left[3] ?? 0),
                "\(Remedy.maxConnections), counting other runs at this source"
            ),
        ]
        let tightest = bounds.min { $0.0 < $1.0 } ?? (0, "")
        return (1 + max(tightest.0, 0), "bounded by \(tightest.1)")
    }

    /// What tells one server and one snapshot of it from all others: numbers of exported snapshots
    /// are small, and behind one address may be several servers.
    private func identity(of session: PostgresSession) async throws -> TextRow {
        try await session.query(
            """
            SELECT pg_catalog.pg_postmaster_start_time(), pg_catalog.inet_server_addr(),
                pg_catalog.txid_current_snapshot()
            """
        ).only
    }

    /// Opens one more session in the coordinator's snapshot, with the table's locks already held:
    /// a lock asked for later would wait behind whoever waits for the coordinator.
    private func join(
        snapshot: String,
        of identity: TextRow,
        lock: String?
    ) async throws -> PostgresSession {
        let session = try await PostgresSession(address)
        do {
            try await session.cancelling {
                await session.setPatience(Limits.lanePatience)
                try await session.begin(
                    lockTimeout: Limits.laneLockTimeout,
                    snapshot: snapshot
                )
                try await session.settle(
                    evaluatesUserText: read.definition.evaluatesUserText
                )
                guard try await self.identity(of: session) == identity else {
                    throw SourceError(
                        .unreachable,
                        "\(address.location): another server answered a second connection"
                    )
                }
                // Reading nothing takes the locks of reading, where LOCK is not allowed.
                try await session.execute(lock ?? "SELECT FROM \(read.fromClause) LIMIT 0")
                await session.setPatience(nil)
            }
            return session
        } catch {
            await session.close()
            throw error
        }
    }
}
