import Columnar
import GRDB
import GRDBSQLite
import Streams
import Synchronization

/// One open connection and its read transaction, on a thread of its own.
actor SQLiteSession {
    private let executor = BlockingExecutor(label: "tributary.sqlite")
    nonisolated var unownedExecutor: UnownedSerialExecutor {
        executor.asUnownedSerialExecutor()
    }

    private let path: String
    /// For `interrupt`, which may come from any thread while the actor is busy.
    private let queue = Mutex<DatabaseQueue?>(nil)
    private var stream: SQLiteRowStream?
    private var countQuery = ""

    init(path: String) {
        self.path = path
    }

    // MARK: Opening and closing

    /// Opens the file and begins the transaction that everything is read in.
    func open() throws {
        try SQLiteFile.check(path)
        try translating("opening it") {
            let opened = try DatabaseQueue(
                path: SQLiteFile.openPath(path),
                configuration: Self.configuration
            )
            queue.withLock { $0 = opened }
            try opened.unsafeRead { db in
                try db.execute(sql: "BEGIN")
                // A transaction has its snapshot only from the first read on.
                _ = try Row.fetchOne(db, sql: "SELECT 1 FROM sqlite_schema LIMIT 1")
            }
        }
    }

    /// Gives everything back; the transaction ends with the connection.
    func close() {
        stream = nil
        let opened = queue.withLock { queue in
            defer { queue = nil }
            return queue
        }
        // A connection that cannot be closed has nothing more to lose: it only ever read.
        try? opened?.close()
    }

    /// Stops a running statement.
    nonisolated func interrupt() {
        queue.withLock { $0?.interrupt() }
    }

    private static var configuration: Configuration {
        var configuration = Configuration()
        configuration.readonly = true
        configuration.label = "tributary.sqlite"
        configuration.foreignKeysEnabled = false
        configuration.busyMode = .timeout(SQLiteLimits.busyTimeoutSeconds)
        // The transaction lives across calls, and so does the statement of the rows.
        configuration.allowsUnsafeTransactions = true
        configuration.prepareDatabase { db in
            try db.execute(sql: "PRAGMA query_only = 1")
            // The file may come from anywhere: its views may not call functions with effects.
            try db.execute(sql: "PRAGMA trusted_schema = 0")
            // Between the rows it hands out, a statement may look at millions.
            sqlite3_progress_handler(
                db.sqliteConnection,
                SQLiteLimits.progressStepCount,
                { _ in Task.isCancelled ? 1 : 0 },
                nil
            )
        }
        return configuration
    }

    // MARK: Questions

    func check() throws -> SourceCheck {
        try read("reading its header") { try SQLiteCatalog(db: $0).check() }
    }

    func discover() throws -> [StreamDescriptor] {
        try read("reading its schema") { try SQLiteCatalog(db: $0).streams() }
    }

    // MARK: Reading

    /// Chooses the types of a read and answers its plan.
    func plan(_ request: ReadRequest) throws -> ReadPlan {
        try prepare(request).0.plan
    }

    /// Opens the rows of a read.
    func begin(_ request: ReadRequest) throws -> ReadPlan {
        let (preparation, statement) = try prepare(request)
        stream = try read("reading \(request.stream)") { db in
            guard let connection = db.sqliteConnection else {
                throw SourceError(.interrupted, "\(path): the connection was closed")
            }
            return SQLiteRowStream(
                preparation,
                statement: statement,
                connection: connection,
                isUTF8: try SQLiteCatalog(db: db).isUTF8,
                path: path
            )
        }
        return preparation.plan
    }

    func fill(_ batch: Batch) throws -> Bool {
        try Task.checkCancellation()
        guard var stream else {
            throw SourceError(.interrupted, "\(path): the read is closed")
        }
        // A read that failed is over: rows were stepped past that no batch holds.
        self.stream = nil
        let hasMore = try stream.fill(batch)
        self.stream = stream
        return hasMore
    }

    var progress: ReadProgress { stream?.progress ?? ReadProgress() }

    func rowCount() throws -> Int64 {
        try read("counting rows") { try Int64.fetchOne($0, sql: countQuery) ?? 0 }
    }

    private func prepare(_ request: ReadRequest) throws -> (SQLitePreparation, Statement) {
        try read("preparing \(request.stream)") { db in
            let catalog = SQLiteCatalog(db: db)
            let table = try catalog.table(request.stream)
            let planner = try SQLitePlanner(request, table: table)
            let statement = try SQLiteScan.statement(planner.query, planner: planner, db: db)
            var seen: [SQLiteStatistics] = []
            if let query = planner.scanQuery {
                seen = try SQLiteScan.run(
                    SQLiteScan.statement(query, planner: planner, db: db),
                    columns: planner.scanned.map { planner.columns[$0] },
                    isUTF8: try catalog.isUTF8,
                    db: db
                )
            }
            countQuery = planner.countQuery
            let preparation = planner.preparation(
                seen: seen,
                estimatedRowCount: try catalog.estimatedRowCount(of: table),
                estimatedByteCount: try catalog.estimatedByteCount(of: table)
            )
            return (preparation, statement)
        }
    }

    // MARK: The connection

    private func read<Result>(
        _ action: String,
        _ body: (Database) throws -> Result
    ) throws -> Result {
        try Task.checkCancellation()
        guard let queue = queue.withLock({ $0 }) else {
            throw SourceError(.interrupted, "\(path): the connection was closed")
        }
        return try translating(action) { try queue.unsafeRead(body) }
    }

    private func translating<Result>(
        _ action: String,
        _ body: () throws -> Result
    ) throws -> Result {
        do {
            return try body()
        } catch let failure as DatabaseError {
            throw SQLiteFailure.error(failure, path: path, doing: action)
        }
    }
}
