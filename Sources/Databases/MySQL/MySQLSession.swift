import Basics
import Columnar
import Streams

/// One connection to a MySQL or MariaDB server, on a thread of its own.
actor MySQLSession: DatabaseSession {
    private let executor: BlockingExecutor
    nonisolated var unownedExecutor: UnownedSerialExecutor { executor.asUnownedSerialExecutor() }

    private nonisolated let connection: MySQLConnection
    private let address: MySQLAddress
    /// The server, and this session as it lists it.
    nonisolated let identity: Identity
    /// What the server and this user give a session, before it is set up.
    private let own: OwnSettings
    /// Whether times are written in UTC.
    private(set) var isInUTC = true
    private var rows: MySQLRows?
    private var isClosed = false

    /// Which server a session is with, whatever address led there, and which of its sessions it is.
    struct Identity: Hashable, Sendable {
        var server: [String?]
        /// What the server made up for itself; nil for one that does not.
        var system: String?
        /// The address the server sees, with the port, which no other session of it has.
        var peer: String?
    }

    /// Settings by which views and conditions may mean something.
    struct OwnSettings: Sendable {
        var timeZone: String
        var isInUTC: Bool
        var mode: String
    }

    /// The session's own settings in one text.
    var ownSettingsText: String { "time_zone=\(own.timeZone) \(own.isInUTC) sql_mode=\(own.mode)" }

    private static func ownSettings(of connection: MySQLConnection) throws -> OwnSettings {
        let rows = try connection.query(
            "SELECT @@session.time_zone, @@system_time_zone, @@session.sql_mode"
        )
        let zone = rows.first?[0] ?? "SYSTEM"
        let effective = zone == "SYSTEM" ? rows.first?[1] ?? "" : zone
        // This would fill texts of a CHAR up that are read.
        let mode = (rows.first?[2] ?? "").split(separator: ",").filter {
            $0 != "PAD_CHAR_TO_FULL_LENGTH"
        }
        return OwnSettings(
            timeZone: zone,
            isInUTC: ["UTC", "+00:00", "Etc/UTC", "GMT"].contains(effective),
            mode: mode.joined(separator: ",")
        )
    }

    /// Gives the session its own settings back where something of the user's is evaluated: a view or a
    /// condition may mean other rows by them.
    nonisolated func settle(evaluatesUserText: Bool) async throws {
        guard evaluatesUserText else { return }
        try await cancelling { try await self.takeOwnSettings() }
    }

    private func takeOwnSettings() throws {
        _ = try connection.query(
            "SET SESSION sql_mode = \(MySQLSyntax.literal(own.mode)), "
                + "time_zone = \(MySQLSyntax.literal(own.timeZone))"
        )
        isInUTC = own.isInUTC
    }

    /// Connects and sets the session up: read-only, in UTC, with time to wait.
    init(_ address: MySQLAddress, limits: SourceLimits) async throws {
        self.address = address
        executor = BlockingExecutor(label: "tributary.mysql")
        connection = try await executor.run { try MySQLConnection(address) }
        let seconds = max(limits.lockTimeout.components.seconds, 1)
        own = try Self.ownSettings(of: connection)
        for statement in Self.setup { _ = try connection.query(statement) }
        try Self.liftLimits(connection)
        _ = try connection.query("SET SESSION lock_wait_timeout = \(seconds)")
        identity = try Self.identity(of: connection)
        try Self.requirePresent(connection, place: address.location.place)
    }

    /// What a session must not inherit from the settings of server or client.
    ///
    /// Else other characters come, padded texts, fewer rows. A lane may have to wait for its rate, and
    /// the server ends a connection whose client takes its time.
    private static let setup = [
        "SET NAMES utf8mb4",
        "SET SESSION sql_mode = '', sql_select_limit = 18446744073709551615, sql_big_selects = 1",
        "SET SESSION group_concat_max_len = 4294967295, time_zone = '+00:00'",
        "SET SESSION TRANSACTION ISOLATION LEVEL REPEATABLE READ",
        "SET SESSION net_write_timeout = \(Limits.serverPatience.components.seconds), "
            + "wait_timeout = \(Limits.serverPatience.components.seconds)",
    ]

    /// Limits that end a read early, and what is none; not every server has all of them.
    ///
    /// A recursion that goes further than its limit would end with no more than a warning.
    private static let limits = [
        ("max_statement_time", "0"), ("max_execution_time", "0"),
        ("idle_transaction_timeout", "0"), ("idle_readonly_transaction_timeout", "0"),
        ("max_recursive_iterations", "4294967295"),
    ]

    private static func liftLimits(_ connection: MySQLConnection) throws {
        let names = limits.map { "'\($0.0)'" }.joined(separator: ", ")
        let there = try connection.query(
            "SHOW SESSION VARIABLES WHERE variable_name IN (\(names))"
        ).compactMap { $0.first ?? nil }
        for (name, none) in limits where there.contains(name) {
            _ = try connection.query("SET SESSION \(name) = \(none)")
        }
    }

    private static func identity(of connection: MySQLConnection) throws -> Identity {
        let server = try connection.query("SELECT @@server_id, @@hostname, @@port, @@datadir")
        // Servers that were copied differ in none of these but in the one they made up themselves.
        let made = try connection.query(
            "SHOW GLOBAL VARIABLES WHERE variable_name IN ('server_uid', 'server_uuid')"
        )
        let peer = try connection.query(
            "SELECT host FROM information_schema.processlist WHERE id = \(connection.serverID)"
        )
        return Identity(
            server: server.prefix(1).flatMap(Array.init) + made.map { $0.last ?? nil },
            system: made.first?.last ?? nil,
            peer: peer.first?.first ?? nil
        )
    }

    /// Requires that tables are read as they are now, which no session can ask for where the server is
    /// set to another time.
    private static func requirePresent(_ connection: MySQLConnection, place: String) throws {
        let rows = try connection.query("SHOW SESSION VARIABLES LIKE 'system_versioning_asof'")
        guard let time = rows.first?.last ?? nil, time != "DEFAULT" else { return }
        throw SourceError(
            .configuration,
            "\(place): the server shows its tables as of \(time); set its system_versioning_asof to "
                + "DEFAULT"
        )
    }

    /// Whether the server is a MariaDB.
    nonisolated var isMariaDB: Bool { connection.serverVersion.contains("MariaDB") }

    /// The server's version in its own words.
    nonisolated var serverVersion: String { connection.serverVersion }

    /// Whether the connection is protected.
    var isEncrypted: Bool { connection.isEncrypted }

    /// Runs one statement and returns its rows as text.
    nonisolated func query(_ sql: String) async throws -> [TextRow] {
        try await cancelling { try await self.run(sql) }
    }

    private func run(_ sql: String) throws -> [TextRow] { try connection.query(sql) }

    /// Breaks the connection.
    nonisolated func cancel() { connection.cancel() }

    // MARK: Rows

    /// Begins a statement whose rows have these columns.
    nonisolated func begin(_ sql: String, of columns: [MySQLColumn]) async throws {
        try await cancelling { try await self.start(sql, of: columns) }
    }

    private func start(_ sql: String, of columns: [MySQLColumn]) throws {
        let rows = rows ?? MySQLRows(connection, columns: columns, place: address.location.place)
        self.rows = rows
        try rows.begin(sql)
    }

    /// Fills `batch` from the statement that was begun; false when it is at its end.
    nonisolated func fill(_ batch: Batch) async throws -> Bool {
        try await cancelling { try await self.take(into: batch) }
    }

    private func take(into batch: Batch) throws -> Bool { try rows?.fill(batch) ?? false }

    /// What the statements have read.
    func progress() -> ReadProgress { rows?.progress ?? ReadProgress() }

    /// Ends the session; a statement that runs is stopped at the server first.
    func close() {
        guard !isClosed else { return }
        isClosed = true
        let runs = connection.isCancelled || rows?.isRunning == true
        if runs {
            // Without its socket the server notices when it next has something to send, which a
            // count has at its end only.
            connection.cancel()
            // When nothing answers any more, there is nothing to stop.
            try? stopAtServer()
        }
        rows = nil
        connection.close()
    }

    /// Has the server end this session, from another one.
    ///
    /// An address may lead to another server each time, where the number is a stranger's.
    private func stopAtServer() throws {
        let other = try MySQLConnection(address)
        defer { other.close() }
        guard let peer = identity.peer, try Self.identity(of: other).server == identity.server
        else { return }
        let found = try other.query(
            "SELECT 1 FROM information_schema.processlist WHERE id = \(connection.serverID) "
                + "AND host = \(MySQLSyntax.literal(peer))"
        )
        if !found.isEmpty { _ = try other.query("KILL \(connection.serverID)") }
    }
}
