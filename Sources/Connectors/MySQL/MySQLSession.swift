import Columnar
import Streams

/// One connection to a MySQL or MariaDB server, on a thread of its own.
actor MySQLSession {
    private let executor: BlockingExecutor
    nonisolated var unownedExecutor: UnownedSerialExecutor { executor.asUnownedSerialExecutor() }

    private nonisolated let connection: MySQLConnection
    private let address: MySQLAddress
    private var rows: MySQLRows?

    /// Connects and sets the session up: read-only, in UTC, with time to wait.
    init(_ address: MySQLAddress, limits: SourceLimits) async throws {
        self.address = address
        executor = BlockingExecutor(label: "tributary.mysql")
        connection = try await Connector(executor: executor).connect(address)
        for statement in Self.setup { _ = try connection.query(statement) }
        let seconds = max(limits.lockTimeout / 1000, 1)
        _ = try connection.query("SET SESSION lock_wait_timeout = \(seconds)")
        // How each calls the limit of a statement's time.
        _ = try connection.query(
            isMariaDB
                ? "SET SESSION max_statement_time = 0" : "SET SESSION max_execution_time = 0"
        )
    }

    /// A task of its own executor's actor would need the actor first.
    private actor Connector {
        private let executor: BlockingExecutor
        nonisolated var unownedExecutor: UnownedSerialExecutor {
            executor.asUnownedSerialExecutor()
        }
        init(executor: BlockingExecutor) { self.executor = executor }
        func connect(_ address: MySQLAddress) throws -> MySQLConnection {
            try MySQLConnection(address)
        }
    }

    /// The server ends a connection whose client takes its time; a lane may have to wait for its rate.
    private static let setup = [
        "SET SESSION time_zone = '+00:00'",
        "SET SESSION TRANSACTION ISOLATION LEVEL REPEATABLE READ",
        "SET SESSION net_write_timeout = \(Limits.serverPatienceSeconds), "
            + "wait_timeout = \(Limits.serverPatienceSeconds)",
    ]

    /// Whether the server is a MariaDB.
    nonisolated var isMariaDB: Bool { connection.serverVersion.contains("MariaDB") }

    /// The server's version in its own words.
    nonisolated var serverVersion: String { connection.serverVersion }

    /// Whether the connection is protected.
    var isEncrypted: Bool { connection.isEncrypted }

    /// Runs one statement and returns its rows as text.
    nonisolated func query(_ sql: String) async throws -> [[String?]] {
        try await cancelling { try await self.run(sql) }
    }

    private func run(_ sql: String) throws -> [[String?]] { try connection.query(sql) }

    /// Runs `body` and breaks the connection when the task is cancelled.
    private nonisolated func cancelling<Result: Sendable>(
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
        let runs = connection.isCancelled || rows?.isRunning == true
        if runs {
            // Without its socket the server notices when it next has something to send, which a
            // count has at its end only. When nothing answers any more, there is nothing to stop.
            connection.cancel()
            _ = try? MySQLConnection(address).query("KILL \(connection.serverID)")
        }
        rows = nil
        connection.close()
    }
}
