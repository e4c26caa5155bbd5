import Streams

/// A snapshot of a server, as later snapshots are compared with it.
///
/// Transaction ids are those of 64 bits, which do not begin again.
struct PostgresMark: Hashable, Sendable {
    /// The cluster, and its history: both change when a server is set up again, restored or promoted.
    var system: String
    var timeline: String
    var database: String
    /// The relation that was read.
    var relation: String
    /// Every transaction below was over when the snapshot was taken.
    var xmin: Int64
    /// No transaction from here on had begun to write.
    var xmax: Int64
    var isStandby: Bool
    /// Bytes of write-ahead log there had been; nil on a standby.
    var logPosition: Int64?
    /// When the server last lost its statistics, as it does when it crashes; nil on a standby.
    var statisticsStart: String?

    /// The mark as a run keeps it.
    var sourceMark: SourceMark {
        var facts = [
            "system": system, "timeline": timeline, "database": database, "relation": relation,
            "xmin": String(xmin), "xmax": String(xmax), "standby": String(isStandby),
        ]
        facts["log"] = logPosition.map { String($0) }
        facts["statistics"] = statisticsStart
        return SourceMark(facts)
    }

    /// Reads a mark that a run kept; nil when it is none of a Postgres server that says who it is.
    init?(_ mark: SourceMark?) {
        guard let facts = mark?.facts, let system = facts["system"],
            let timeline = facts["timeline"], let database = facts["database"],
            let relation = facts["relation"],
            let xmin = facts["xmin"].flatMap({ Int64($0) }),
            let xmax = facts["xmax"].flatMap({ Int64($0) })
        else { return nil }
        self.system = system
        self.timeline = timeline
        self.database = database
        self.relation = relation
        self.xmin = xmin
        self.xmax = xmax
        isStandby = facts["standby"] == "true"
        logPosition = facts["log"].flatMap { Int64($0) }
        statisticsStart = facts["statistics"]
    }

    /// What a server says of its snapshot.
    ///
    /// The control file tells a promotion only when a checkpoint has followed it; the names of log
    /// files, in hexadecimal digits, do at once.
    private static let query =
        """
        SELECT (SELECT system_identifier FROM pg_catalog.pg_control_system()),
            CASE WHEN pg_catalog.pg_is_in_recovery() THEN (
                SELECT pg_catalog.lpad(pg_catalog.upper(pg_catalog.to_hex(
                    GREATEST(c.timeline_id, r.min_recovery_end_timeline))), 8, '0')
                FROM pg_catalog.pg_control_checkpoint() c, pg_catalog.pg_control_recovery() r)
            ELSE pg_catalog.left(
                pg_catalog.pg_walfile_name(pg_catalog.pg_current_wal_insert_lsn()), 8) END,
            (SELECT oid FROM pg_catalog.pg_database
             WHERE datname = pg_catalog.current_database()),
            pg_catalog.txid_snapshot_xmin(s), pg_catalog.txid_snapshot_xmax(s),
            pg_catalog.pg_is_in_recovery(),
            CASE WHEN NOT pg_catalog.pg_is_in_recovery()
                THEN (pg_catalog.pg_current_wal_insert_lsn() - '0/0')::int8 END,
            CASE WHEN NOT pg_catalog.pg_is_in_recovery() THEN (
                SELECT (pg_catalog.date_part('epoch', stats_reset) * 1000000)::int8
                FROM pg_catalog.pg_stat_bgwriter) END
        FROM pg_catalog.txid_current_snapshot() s
        """

    /// The mark of the session's snapshot; nil when the user may not ask for it.
    init?(in session: PostgresSession) async throws {
        let rights = try await session.query(
            """
            SELECT pg_catalog.has_function_privilege('pg_catalog.pg_control_system()', 'EXECUTE')
                AND pg_catalog.has_function_privilege(
                    'pg_catalog.pg_control_checkpoint()', 'EXECUTE')
                AND pg_catalog.has_function_privilege(
                    'pg_catalog.pg_control_recovery()', 'EXECUTE')
            """
        )
        guard rights.first?.first == "t" else { return nil }
        let rows = try await session.query(Self.query)
        guard let row = rows.first, let system = row[0], let timeline = row[1],
            let database = row[2], let xmin = row[3].flatMap({ Int64($0) }),
            let xmax = row[4].flatMap({ Int64($0) })
        else { return nil }
        self.system = system
        self.timeline = timeline
        self.database = database
        relation = ""
        self.xmin = xmin
        self.xmax = xmax
        isStandby = row[5] == "t"
        logPosition = row[6].flatMap { Int64($0) }
        statisticsStart = row[7]
    }

    /// Why rows cannot be compared across `earlier` and this snapshot; nil when they can.
    func obstacle(since earlier: PostgresMark) -> String? {
        if system != earlier.system || database != earlier.database {
            return "it is another database than the last time"
        }
        if timeline != earlier.timeline {
            return "the server was restored or promoted since"
        }
        if relation != earlier.relation {
            return "the table was dropped and created again since"
        }
        if let log = logPosition, let earlierLog = earlier.logPosition, log < earlierLog {
            return "the server was set back to an earlier state"
        }
        // What was shown but not yet on disk is lost, and its ids are given out again.
        if let start = statisticsStart, let earlierStart = earlier.statisticsStart,
            start != earlierStart
        {
            return "the server has crashed since, or its statistics were reset"
        }
        // Ids of rows have 32 bits and go round: half of a round can be told apart, half of that
        // is used.
        if xmax - earlier.xmin > Limits.transactionDistance {
            return "the server has begun too many transactions since"
        }
        // A standby may be behind the server that was asked before.
        if isStandby || earlier.isStandby, xmin < earlier.xmax {
            return "the standby has not come as far as what was read before"
        }
        return nil
    }

    /// A condition that no row fails which a transaction wrote that this snapshot may not have seen.
    ///
    /// Rows below it are settled: the snapshot saw them, and so does every later one until they are
    /// changed. Some of the others it saw too.
    var mayBeNewer: String {
        "pg_catalog.age(xmin) BETWEEN 0 AND pg_catalog.age('\(xmin & 0xFFFF_FFFF)'::pg_catalog.xid)"
    }
}
