import Basics
import Columnar
import GRDB
import GRDBSQLite
import Streams
import Synchronization

/// One open connection and its read transaction, on a thread of its own.
actor SQLiteSession: DatabaseSession {
    private let executor = BlockingExecutor(label: "tributary.sqlite")
    nonisolated var unownedExecutor: UnownedSerialExecutor {
        executor.asUnownedSerialExecutor()
    }

    private let path: String
    /// For `cancel`, which may come from any thread while the actor is busy.
    private let queue = Mutex<DatabaseQueue?>(nil)
    private var stream: SQLiteRowStream?
    private var read: Read?
    /// The state of the file in this transaction; empty when somebody wrote while it was opened.
    private(set) var mark = SourceMark()

    /// A read that is decided.
    private struct Read {
        var planner: SQLitePlanner
        var preparation: SQLitePreparation
    }

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
            mark = try opened.unsafeRead { db in
                let look = "SELECT 1 FROM sqlite_schema LIMIT 1"
                // The first look opens the log and its index, where there is one.
                _ = try Row.fetchOne(db, sql: look)
                let before = SQLiteStamp(path: path)
                try db.execute(sql: "BEGIN")
                // A transaction has its snapshot only from the first read on.
                _ = try Row.fetchOne(db, sql: look)
                return SQLiteStamp(path: path) == before ? before.mark : SourceMark()
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
    nonisolated func cancel() {
        queue.withLock { $0?.interrupt() }
    }

    private static var configuration: Configuration {
        var configuration = Configuration()
        configuration.readonly = true
        configuration.label = "tributary.sqlite"
        configuration.foreignKeysEnabled = false
        configuration.busyMode = .timeout(SQLiteLimits.busyTimeout.seconds)
        // The transaction lives across calls, and so does the statement of the rows.
        configuration.allowsUnsafeTransactions = true
        configuration.prepareDatabase { db in
            try db.execute(sql: "PRAGMA query_only = 1")
            // The file may come from anywhere: its views may not call functions with effects.
            try db.execute(sql: "PRAGMA trusted_schema = 0")
            db.add(function: Self.instant)
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

    /// How versions of SQLite write the number that is behind all others.
    private static let infinities: Set = ["Inf", "9.0e+999", "9e999", "+Inf"]

    /// The microsecond that a text tells; null for one that tells none.
    private static let instant = DatabaseFunction(
        SQLiteCursor.instantFunction,
        argumentCount: 1,
        pure: true
    ) { values in
        guard case .string(var text) = values[0].storage else { return nil }
        return text.withUTF8 { SQLiteMoment.parse(UnsafeRawBufferPointer($0))?.microseconds }
    }

    // MARK: Questions

    func check() throws -> SourceCheck {
        try reading("reading its header") { try SQLiteCatalog(db: $0).check() }
    }

    func discover() throws -> [StreamDescriptor] {
        try reading("reading its schema") { try SQLiteCatalog(db: $0).streams() }
    }

    // MARK: Reading

    /// Chooses the types of a read and answers its plan.
    func prepare(_ request: ReadRequest) throws -> ReadPlan {
        let decided = try decide(request)
        read = decided
        return decided.preparation.plan
    }

    /// Opens the rows of the read, behind a row id.
    func begin(behind id: Int64?) throws {
        guard let decided = read else {
            throw SourceError(.interrupted, "\(path): the read is closed")
        }
        precondition(stream == nil, "a file is read by one slice")
        stream = try reading("reading \(decided.planner.table.name)") { db in
            guard let connection = db.sqliteConnection else {
                throw SourceError(.interrupted, "\(path): the connection was closed")
            }
            let catalog = SQLiteCatalog(db: db)
            return SQLiteRowStream(
                decided.preparation,
                statement: try catalog.withOldTexts(decided.planner.table) {
                    try SQLiteScan.statement(
                        decided.planner.query(behind: id),
                        planner: decided.planner,
                        db: db
                    )
                },
                connection: connection,
                isUTF8: try catalog.isUTF8,
                path: path,
                hasRowID: decided.planner.resumeColumn != nil
            )
        }
    }

    /// Fills a batch; what follows it where the read could go on.
    func fill(_ batch: Batch) throws -> Step? {
        try Task.checkCancellation()
        guard var stream, let table = read?.planner.table else {
            throw SourceError(.interrupted, "\(path): the read is closed")
        }
        // A read that failed is over: rows were stepped past that no batch holds.
        self.stream = nil
        // SQLite prepares a statement again at its first row, and what it took before it has to take then.
        let hasMore = try reading("reading \(table.name)") { db in
            try SQLiteCatalog(db: db).withOldTexts(table) { try stream.fill(batch) }
        }
        self.stream = stream
        if !hasMore { return .done }
        return stream.lastRowID.map { .more(.row(id: $0)) }
    }

    var progress: ReadProgress { stream?.progress ?? ReadProgress() }

    /// The rows of the read, or of the whole stream.
    func rowCount(ofAll: Bool) throws -> Int64 {
        guard let planner = read?.planner else { return 0 }
        return try reading("counting rows") { db in
            try SQLiteCatalog(db: db).withOldTexts(planner.table) {
                try Int64.fetchOne(db, sql: planner.countQuery(all: ofAll)) ?? 0
            }
        }
    }

    /// Where the next incremental read goes on.
    func cursor() throws -> CursorState? {
        guard let planner = read?.planner, let increment = planner.increment else { return nil }
        let request = increment.request
        let filter = planner.request.filter
        return try reading("reading the cursor") { db in
            let catalog = SQLiteCatalog(db: db)
            let found = try catalog.withOldTexts(planner.table) {
                try String.fetchOne(db, sql: increment.highestQuery(filter: filter))
            }
            let highest = found == "NULL" ? nil : found
            if let highest, Self.infinities.contains(highest) {
                throw SourceError(
                    .unsupported,
                    "\(planner.table.name): a row has the \(request.cursor) infinity, and none to come is "
                        + "behind it; leave such rows out with \(Remedy.condition)"
                )
            }
            var state = CursorState(column: request.cursor, highest: highest)
            state.mark = increment.mark
            guard let highest else {
                // A table that was emptied does not send the cursor back.
                state.highest = request.since?.highest
                state.boundaryKeys = request.since?.boundaryKeys
                return state
            }
            guard request.conflict == .append else { return state }
            let keys = try catalog.withOldTexts(planner.table) {
                try Row.fetchAll(db, sql: increment.keysQuery(at: highest, filter: filter))
            }
            guard keys.count <= Limits.boundaryKeyCount else {
                throw CursorRule.tooManyAtBoundary(
                    request,
                    stream: StreamName(namespace: nil, name: planner.table.name)
                )
            }
            state.boundaryKeys = keys.map { row in
                (0..<row.count).map { row[$0] as String? ?? "NULL" }
            }
            return state
        }
    }

    private func decide(_ request: ReadRequest) throws -> Read {
        try reading("preparing \(request.stream)") { db in
            let catalog = SQLiteCatalog(db: db)
            let table = try catalog.table(request.stream)
            let isUTF8 = try catalog.isUTF8
            var planner = try SQLitePlanner(request, table: table) { column in
                try self.cursor(column, request, of: table, catalog)
            }
            // What is wrong with a condition is found before anything is scanned.
            if let query = planner.conditionQuery {
                _ = try SQLiteScan.statement(query, planner: planner, db: db)
            }
            let risk = try self.appendingRisk(planner, db)
            return try catalog.withOldTexts(table) {
                _ = try SQLiteScan.statement(planner.query, planner: planner, db: db)
                var seen: [SQLiteStatistics] = []
                if let query = planner.scanQuery {
                    seen = try SQLiteScan.run(
                        SQLiteScan.statement(query, planner: planner, db: db),
                        columns: planner.scanned.map { planner.columns[$0] },
                        isUTF8: isUTF8,
                        db: db
                    )
                }
                var preparation = try planner.preparation(
                    seen: seen,
                    estimatedRowCount: try catalog.estimatedRowCount(of: table),
                    estimatedByteCount: try catalog.estimatedByteCount(of: table)
                )
                preparation.plan.risks += [risk].compactMap { $0 }
                try self.requireUniqueKey(planner, db)
                return Read(planner: planner, preparation: preparation)
            }
        }
    }

    /// What is said where rows are appended to those of a table that may be another one.
    private func appendingRisk(_ planner: SQLitePlanner, _ db: Database) throws -> String? {
        guard planner.needsFormerRows, let increment = planner.increment,
            let highest = increment.request.since?.highest
        else { return nil }
        let query = increment.keysQuery(
            at: SQLiteSyntax.literal(highest),
            filter: planner.request.filter
        )
        return try CursorRule.appendingRisk(
            increment.request,
            keys: Row.fetchAll(db, sql: query).map { row in
                (0..<row.count).map { row[$0] as String? ?? "NULL" }
            },
            stream: StreamName(namespace: nil, name: planner.table.name)
        )
    }

    /// Looks at all values of a cursor: those that a read leaves out have their place in its order too.
    private func cursor(
        _ column: SQLiteColumn,
        _ request: ReadRequest,
        of table: SQLiteTable,
        _ catalog: SQLiteCatalog
    ) throws -> SQLiteCursor {
        let query = SQLiteSyntax.select(
            [SQLiteSyntax.quoted(column.name)],
            from: table.name,
            filter: request.filter
        )
        let seen = try catalog.withOldTexts(table) {
            try SQLiteScan.run(
                try SQLiteScan.statement(query, filter: request.filter, of: table, db: catalog.db),
                columns: [column],
                isUTF8: try catalog.isUTF8,
                db: catalog.db
            )
        }
        return SQLiteCursor(
            seen[0],
            form: SQLitePlanner.form(of: column, seen[0], request, in: table)
        )
    }

    /// Requires of a key that the file does not keep unique that it tells all rows apart.
    private func requireUniqueKey(_ planner: SQLitePlanner, _ db: Database) throws {
        guard let increment = planner.increment else { return }
        let stream = StreamName(namespace: nil, name: planner.table.name)
        // Appended rows whose keys are null are told apart by the rest of the key.
        let hasNulls = try Row.fetchOne(db, sql: planner.nullKeyQuery(increment.key)) != nil
        if hasNulls, increment.request.conflict == .merge {
            throw MergeKey.nulls(in: increment.key, stream: stream)
        }
        guard hasNulls || !planner.table.keepsUnique(increment.key) else { return }
        let rows = try Row.fetchAll(db, sql: planner.duplicatesQuery(increment.key))
        guard !rows.isEmpty else { return }
        throw MergeKey.duplicates(
            rows.map { row in
                (0..<row.count).map { row[$0] as String? ?? "null" }.joined(separator: ", ")
            },
            of: increment.key,
            stream: stream
        )
    }

    // MARK: The connection

    private func reading<Result>(
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
