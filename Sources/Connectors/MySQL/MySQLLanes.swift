import Streams

/// Sessions that see one snapshot of a table, and why there are not more of them.
struct MySQLLanes: Sendable {
    /// The coordinator first.
    var sessions: [MySQLSession]
    /// Why there are fewer than were wanted; nil when there are not.
    var shortfall: String?
    /// Whether NOW() is the same in all of them, and stays what it is.
    var haveOneClock = false

    func close() async {
        // The coordinator belongs to whoever opened it.
        for session in sessions.dropFirst() { await session.close() }
    }
}

/// Opens sessions beside a coordinator and has all of them begin in the same snapshot.
///
/// No server can hand a snapshot on. A MariaDB with a binary log tells at which place of it a snapshot
/// is: where two are at the same, nothing was committed between them. Elsewhere nobody may write to
/// the table for the moment in which the sessions begin.
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
                lanes.sessions.append(try await MySQLSession(address, limits: limits))
            }
        } catch let error as SourceError {
            // One connection is enough; further ones are there for speed.
            lanes.shortfall = error.message
        } catch {
            await lanes.close()
            throw error
        }
        do {
            if lanes.sessions.count > 1, try await !share(lanes.sessions) {
                await lanes.close()
                lanes.sessions = [coordinator]
                lanes.shortfall =
                    "the user may not lock the table for a moment (LOCK TABLES), and there is no "
                    + "binary log to compare snapshots by"
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

    private func share(_ sessions: [MySQLSession]) async throws -> Bool {
        if try await shareByLog(sessions) { return true }
        for session in sessions { _ = try await session.query("ROLLBACK") }
        return try await shareByLock(sessions)
    }

    /// Begins until all snapshots are at one place of the binary log.
    private func shareByLog(_ sessions: [MySQLSession]) async throws -> Bool {
        for _ in 0..<Limits.snapshotAttempts {
            var places: Set<[[String?]]> = []
            for session in sessions {
                _ = try await session.query(Self.begin)
                places.insert(
                    try await session.query("SHOW STATUS LIKE 'binlog_snapshot_%'")
                )
            }
            // Without a log its place is zero in no file, and equal everywhere.
            let file = places.first?.first { $0.first == "Binlog_snapshot_file" }
            guard file?.last??.isEmpty == false else { return false }
            if places.count == 1 {
                for session in sessions {
                    _ = try await session.query("SELECT 1 FROM \(relation.fromClause) LIMIT 0")
                }
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
        do {
            _ = try await locker.query(
                "SET SESSION lock_wait_timeout = \(Limits.tableLockTimeoutSeconds)"
            )
            _ = try await locker.query("LOCK TABLES \(relation.fromClause) READ")
        } catch is SourceError {
            await locker.close()
            return false
        }
        do {
            try await begin(sessions)
            _ = try await locker.query("UNLOCK TABLES")
            await locker.close()
            return true
        } catch {
            await locker.close()
            throw error
        }
    }
}
