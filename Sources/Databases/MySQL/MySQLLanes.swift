import Streams

/// Sessions that see one snapshot of a table, and why there are not more of them.
struct MySQLLanes: DatabaseLanes {
    /// The coordinator first.
    var sessions: [MySQLSession]
    /// Why there are fewer than were wanted; nil when there are not.
    var shortfall: String?
    /// Whether NOW() is the same in all of them, and stays what it is.
    var haveOneClock = false
    /// Whether the snapshot is one of the whole server, not of the stream's table alone.
    var coverServer = true
}

/// Opens sessions beside a coordinator and has all of them begin in the same snapshot.
///
/// No server can hand a snapshot on. A MariaDB with a binary log of all that is committed tells at which
/// place of it a snapshot is: where two are at the same, nothing was committed between them. Elsewhere
/// nobody may write to the table for the moment in which the sessions begin.
struct MySQLLaneOpener {
    let coordinator: MySQLSession
    let address: MySQLAddress
    let relation: MySQLRelation
    let limits: SourceLimits

    private static let begin = "START TRANSACTION WITH CONSISTENT SNAPSHOT, READ ONLY"

    /// Begins the coordinator's snapshot, and up to `count - 1` others in it.
    func open(_ count: Int) async throws -> MySQLLanes {
        var lanes = MySQLLanes(sessions: [coordinator])
        do {
            while lanes.sessions.count < count {
                let session = try await MySQLSession(address, limits: limits)
                lanes.sessions.append(session)
                guard session.identity.server == coordinator.identity.server else {
                    await lanes.close()
                    lanes.sessions = [coordinator]
                    lanes.shortfall = "the address leads to more than one server"
                    break
                }
            }
        } catch let error as SourceError {
            // One connection is enough; further ones are there for speed.
            lanes.shortfall = error.message
        } catch {
            await lanes.close()
            throw error
        }
        do {
            let manner = lanes.sessions.count > 1 ? try await share(lanes.sessions) : .byLog
            lanes.coverServer = manner == .byLog
            if manner == nil {
                await lanes.close()
                lanes.sessions = [coordinator]
                lanes.shortfall =
                    "the user may not lock the table for a moment (LOCK TABLES), and there is no "
                    + "complete binary log to compare snapshots by"
            }
            if lanes.sessions.count == 1 { try await begin(lanes.sessions) }
            lanes.haveOneClock = try await stopClocks(lanes.sessions)
            return lanes
        } catch {
            await lanes.close()
            throw error
        }
    }

    /// Begins a snapshot in each session, and holds the table's definition.
    private func begin(_ sessions: [MySQLSession]) async throws {
        for session in sessions { _ = try await session.query(Self.begin) }
        try await hold(sessions)
    }

    private func hold(_ sessions: [MySQLSession]) async throws {
        for session in sessions {
            _ = try await session.query("SELECT 1 FROM \(relation.fromClause) LIMIT 0")
        }
    }

    /// Has NOW() stand still: each statement would have its own, and a condition other rows by it.
    ///
    /// False where the server does not let users do so (`secure_timestamp`).
    private func stopClocks(_ sessions: [MySQLSession]) async throws -> Bool {
        let rows = try await coordinator.query("SELECT @@timestamp")
        guard let now = rows.first?.first ?? nil else { return false }
        do {
            for session in sessions {
                _ = try await session.query("SET SESSION timestamp = \(now)")
            }
            return true
        } catch is SourceError {
            return false
        }
    }

    private enum Manner {
        case byLog
        case byLock
    }

    /// nil where no snapshot can be shared.
    private func share(_ sessions: [MySQLSession]) async throws -> Manner? {
        if try await shareByLog(sessions) { return .byLog }
        for session in sessions { _ = try await session.query("ROLLBACK") }
        return try await shareByLock(sessions) ? .byLock : nil
    }

    /// Whether all that is committed goes through the binary log.
    ///
    /// What a replica takes over does so only where it is told to, what comes from a cluster does not.
    private func logIsComplete() async throws -> Bool {
        let settings = try await coordinator.query(
            "SHOW GLOBAL VARIABLES WHERE variable_name IN ('log_bin', 'log_slave_updates', 'wsrep_on')"
        )
        let replicas = try await coordinator.query("SHOW GLOBAL STATUS LIKE 'Slaves_running'")
        func value(_ name: String, in rows: [TextRow]) -> String? {
            rows.first { $0.first == name }?.last ?? nil
        }
        guard value("log_bin", in: settings) == "ON", value("wsrep_on", in: settings) != "ON"
        else { return false }
        return value("log_slave_updates", in: settings) == "ON"
            || value("Slaves_running", in: replicas) == "0"
    }

    /// How many transactions have begun or been committed; nil where the server does not say.
    private func transactionCount() async throws -> String? {
        let rows = try await coordinator.query("SHOW GLOBAL STATUS LIKE 'Innodb_max_trx_id'")
        return rows.first?.last ?? nil
    }

    /// Begins until all snapshots are at one place of the binary log.
    ///
    /// A session may leave its own writes out of the log (`sql_log_bin`), or the server those to some
    /// databases: the number of transactions tells of them too.
    private func shareByLog(_ sessions: [MySQLSession]) async throws -> Bool {
        guard try await logIsComplete() else { return false }
        for _ in 0..<Limits.snapshotAttempts {
            var places: Set<[TextRow]> = []
            guard let before = try await transactionCount() else { return false }
            for session in sessions {
                _ = try await session.query(Self.begin)
                places.insert(
                    try await session.query("SHOW STATUS LIKE 'binlog_snapshot_%'")
                )
            }
            // Without a log its place is zero in no file, and equal everywhere.
            let file = places.first?.first { $0.first == "Binlog_snapshot_file" }
            guard file?.last??.isEmpty == false else { return false }
            if places.count == 1, try await transactionCount() == before {
                try await hold(sessions)
                return true
            }
            for session in sessions { _ = try await session.query("ROLLBACK") }
        }
        return false
    }

    /// Begins while a session of its own keeps writers from the table.
    private func shareByLock(_ sessions: [MySQLSession]) async throws -> Bool {
        let locker: MySQLSession
        do {
            locker = try await MySQLSession(address, limits: limits)
        } catch is SourceError {
            return false
        }
        return try await locker.lent { locker in
            guard locker.identity.server == coordinator.identity.server else { return false }
            do {
                _ = try await locker.query(
                    "SET SESSION lock_wait_timeout = \(Limits.tableLockTimeout.components.seconds)"
                )
                _ = try await locker.query("LOCK TABLES \(relation.fromClause) READ")
            } catch is SourceError {
                return false
            }
            for session in sessions { _ = try await session.query(Self.begin) }
            // Before the sessions ask for the table, which may have to wait behind another's ALTER TABLE.
            _ = try await locker.query("UNLOCK TABLES")
            try await hold(sessions)
            return true
        }
    }
}
