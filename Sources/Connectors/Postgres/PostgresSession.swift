import CLibpq
import Columnar
import Streams

/// One connection to a Postgres server, on a thread of its own.
///
/// Calls of libpq block; the actor's executor keeps them off Swift's own threads. A statement in
/// flight is cancelled at the server when the task that waits for it is cancelled.
actor PostgresSession {
    private let executor = BlockingExecutor(label: "tributary.postgres")
    nonisolated var unownedExecutor: UnownedSerialExecutor { executor.asUnownedSerialExecutor() }

    private nonisolated let connection: PostgresConnection
    private let place: String
    /// The COPYs of a read, from the first one on.
    private var copy: PostgresCopy?

    /// Connects and sets the session up: read-only, named, with plain text forms.
    init(_ address: PostgresAddress, limits: SourceLimits) async throws {
        place = address.location.place
        connection = try await Self.connect(address, on: executor)
        try connection.run(script: Self.setup, place: place)
        try execute("SET lock_timeout = \(limits.lockTimeout)")
        // A database without an encoding holds any bytes; asked for UTF-8 the server would stop at
        // the first that are none, where the column's policy is to decide.
        if serverEncoding == "SQL_ASCII" { try execute("SET client_encoding = 'SQL_ASCII'") }
    }

    /// A task of its own executor's actor would need the actor first: connecting runs on a small
    /// actor that shares the executor.
    private static func connect(
        _ address: PostgresAddress,
        on executor: BlockingExecutor
    ) async throws -> PostgresConnection {
        try await Connector(executor: executor).connect(address)
    }

    private actor Connector {
        private let executor: BlockingExecutor
        nonisolated var unownedExecutor: UnownedSerialExecutor {
            executor.asUnownedSerialExecutor()
        }
        init(executor: BlockingExecutor) { self.executor = executor }
        func connect(_ address: PostgresAddress) throws -> PostgresConnection {
            try PostgresConnection(address)
        }
    }

    /// One text form for everything that is cast to text, whatever the server's defaults are.
    ///
    /// A session may have to wait for the others of its read, or for its rate, between two
    /// statements: that has a limit of its own.
    private static let setup = """
        SET search_path = pg_catalog;
        SET datestyle = 'ISO, YMD';
        SET intervalstyle = 'iso_8601';
        SET timezone = 'UTC';
        SET bytea_output = 'hex';
        SET extra_float_digits = 3;
        SET xmloption = content;
        SET default_transaction_read_only = on;
        SET idle_in_transaction_session_timeout = 0
        """

    /// Version of the server as a number: 150018 for 15.18.
    var serverVersion: Int { connection.serverVersion }

    /// The encoding of the database, which no conversion checks when it is `SQL_ASCII`.
    var serverEncoding: String { connection.parameter("server_encoding") ?? "" }

    /// Runs statements that return no rows of interest.
    func execute(_ sql: String) throws {
        _ = try query(sql)
    }

    /// Runs one statement with `parameters` for `$1`, `$2` and on, and returns its rows as text.
    func query(_ sql: String, _ parameters: [String] = []) throws -> [[String?]] {
        try connection.query(sql, parameters, place: place)
    }

    /// Sets the session up for many COPYs of ranges.
    func prepareForSlices() throws {
        // Compiling a statement pays for a whole table, not for each range of it.
        try execute("SET jit = off")
        // The server's C library gives memory back to the system, and asks for it anew, with every
        // wide row, until a larger piece was freed once (mallopt(3), M_TRIM_THRESHOLD): up to a
        // quarter of the server's time for 200 columns.
        _ = try query("SELECT length(repeat('x', \(Limits.serverWarmUpByteCount)))")
    }

    /// Runs `body` and cancels what runs at the server when the task is cancelled.
    nonisolated func cancelling<Result: Sendable>(
        _ body: () async throws -> Result
    ) async throws -> Result {
        try Task.checkCancellation()
        do {
            return try await withTaskCancellationHandler {
                try await body()
            } onCancel: {
                connection.cancel()
            }
        } catch {
            try Task.checkCancellation()
            throw error
        }
    }

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

    /// Ends the session; a running statement is cancelled at the server first.
    func close() {
        if copy?.isRunning == true { connection.cancel() }
        connection.close()
    }
}
