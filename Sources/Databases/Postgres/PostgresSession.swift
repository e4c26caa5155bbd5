import Basics
import CLibpq
import Columnar
import Streams

/// One connection to a Postgres server, on a thread of its own.
///
/// Calls of libpq block; the actor's executor keeps them off Swift's own threads. A statement in
/// flight is cancelled at the server when the task that waits for it is cancelled.
actor PostgresSession: DatabaseSession {
    private let executor = BlockingExecutor(label: "tributary.postgres")
    nonisolated var unownedExecutor: UnownedSerialExecutor { executor.asUnownedSerialExecutor() }

    private nonisolated let connection: PostgresConnection
    private let place: String
    /// The COPYs of a read, from the first one on.
    private var copy: PostgresCopy?

    /// Connects; nothing is asked yet.
    init(_ address: PostgresAddress) async throws {
        place = address.location.place
        connection = try await executor.run { try PostgresConnection(address) }
    }

    // MARK: The transaction

    /// Begins the transaction that everything is read in, read-only.
    ///
    /// Every setting is one of the transaction alone: behind a pool the server's session belongs to
    /// others before and after.
    ///
    /// - Parameters:
    ///   - lockTimeout: How long to wait for a table.
    ///   - snapshot: The exported snapshot to share; nil for one of its own.
    /// - Throws: `SourceError`.
    func begin(lockTimeout: Duration, snapshot: String? = nil) throws {
        try execute("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")
        if let snapshot { try execute("SET TRANSACTION SNAPSHOT '\(snapshot)'") }
        // A session may have to wait for the others of its read, or for its rate, between two
        // statements: that has a limit of its own.
        var settings = [
            "search_path = pg_catalog", "lock_timeout = \(lockTimeout.milliseconds)",
            "idle_in_transaction_session_timeout = 0",
        ]
        // A database without an encoding holds any bytes; asked for UTF-8 the server would stop at
        // the first that are none, where the column's policy is to decide.
        if serverEncoding == "SQL_ASCII" { settings.append("client_encoding = 'SQL_ASCII'") }
        for setting in settings { try execute("SET LOCAL \(setting)") }
    }

    /// Has names of the user's own count again, and texts be written in one form where nothing of the
    /// user's is evaluated.
    ///
    /// Where a view or a condition is, the time zone and what else a session of this user has may
    /// decide which rows there are and what is in them: they stay what they are.
    func settle(evaluatesUserText: Bool) throws {
        try execute("SET LOCAL search_path TO DEFAULT")
        guard !evaluatesUserText else {
            // The shortest text that is read back as the same number; the server's default is no other.
            let digits = try query("SHOW extra_float_digits").first?.first?.flatMap { Int($0) } ?? 0
            if digits < 1 { try execute("SET LOCAL extra_float_digits = 1") }
            return
        }
        for setting in Self.plainForms { try execute("SET LOCAL \(setting)") }
    }

    private static let plainForms = [
        "datestyle = 'ISO, YMD'", "intervalstyle = 'iso_8601'", "timezone = 'UTC'",
        "bytea_output = 'hex'", "extra_float_digits = 3", "xmloption = content",
    ]

    /// Settings of the session in which `plainForms` are not what a text is written in.
    func ownForms() throws -> [String] {
        let rows = try query(
            """
            SELECT name || ' = ' || setting FROM pg_catalog.pg_settings
            WHERE name = 'DateStyle' AND setting !~ '^ISO'
                OR name = 'TimeZone' AND setting NOT IN ('UTC', 'Etc/UTC')
            """
        )
        return rows.compactMap { $0.first ?? nil }
    }

    /// The settings by which a view or a condition may mean something, in one text.
    func ownSettings() throws -> String {
        let rows = try query(
            """
            SELECT pg_catalog.string_agg(name || '=' || setting, ' ' ORDER BY name)
            FROM pg_catalog.pg_settings WHERE name IN ('TimeZone', 'DateStyle', 'IntervalStyle',
                'lc_monetary', 'lc_numeric', 'lc_time', 'search_path', 'bytea_output', 'xmlbinary')
            """
        )
        return (rows.only[0] ?? "") + "\n"
    }

    /// Whether a pool stands between: the server's session is then not this connection's alone.
    func isPooled() throws -> Bool {
        let own = try query("SELECT pg_catalog.pg_backend_pid()").first?.first ?? nil
        return own.flatMap { Int32($0) } != connection.backendID
    }

    /// How long a statement may take from now on; nil for as long as it does.
    func setPatience(_ patience: Duration?) { connection.setPatience(patience) }

    /// Version of the server as a number: 150018 for 15.18.
    var serverVersion: Int { connection.serverVersion }

    /// The encoding of the database, which no conversion checks when it is `SQL_ASCII`.
    var serverEncoding: String { connection.parameter("server_encoding") ?? "" }

    /// Runs statements that return no rows of interest.
    func execute(_ sql: String) throws {
        _ = try query(sql)
    }

    /// Runs one statement with `parameters` for `$1`, `$2` and on, and returns its rows as text.
    func query(_ sql: String, _ parameters: [String] = []) throws -> [TextRow] {
        try connection.query(sql, parameters, place: place)
    }

    /// Sets the session up for many COPYs of ranges.
    func prepareForSlices() throws {
        // Compiling a statement pays for a whole table, not for each range of it.
        try execute("SET LOCAL jit = off")
        // The server's C library gives memory back to the system, and asks for it again, with every
        // wide row, until a larger piece was freed once (mallopt(3), M_TRIM_THRESHOLD): up to a
        // quarter of the server's time for 200 columns.
        _ = try query("SELECT length(repeat('x', \(Limits.serverWarmUpByteCount)))")
    }

    /// Asks the server to stop what runs.
    nonisolated func cancel() { connection.cancel() }

    // MARK: COPY

    /// Begins a COPY whose rows have these columns.
    nonisolated func beginCopy(_ statement: String, of columns: [CopyColumn]) async throws {
        try await cancelling { try await start(statement, of: columns) }
    }

    private func start(_ statement: String, of columns: [CopyColumn]) throws {
        let copy = copy ?? PostgresCopy(connection, columns: columns, place: place)
        self.copy = copy
        try copy.begin(statement)
    }

    /// Fills `batch` from the COPY that was begun; false when it is at its end.
    nonisolated func fill(_ batch: Batch) async throws -> Bool {
        try await cancelling { try await takeRows(into: batch) }
    }

    private func takeRows(into batch: Batch) throws -> Bool {
        try copy?.fill(batch) ?? false
    }

    /// What the COPYs have read.
    func progress() -> ReadProgress { copy?.progress ?? ReadProgress() }

    /// Ends the session, once; a running statement is cancelled at the server first.
    func close() {
        guard !connection.isClosed else { return }
        if copy?.isRunning == true || connection.isCancelled {
            connection.cancel()
        } else {
            // A pool closes a server's session that is given back within a transaction. What goes wrong
            // here has no effect: the connection ends.
            connection.setPatience(Limits.closingPatience)
            _ = try? connection.query("ROLLBACK", [], place: place)
        }
        connection.close()
    }
}
