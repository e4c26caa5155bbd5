import GRDB
import GRDBSQLite
import Streams

/// The scan that sees every value before a type is chosen.
enum SQLiteScan {
    /// A statement of a plan; what is wrong with it is the filter's fault if there is one.
    static func statement(
        _ query: String,
        planner: SQLitePlanner,
        db: Database
    ) throws -> Statement {
        try statement(query, filter: planner.request.filter, of: planner.table, db: db)
    }

    /// A statement over a table; what is wrong with it is the filter's fault if there is one.
    static func statement(
        _ query: String,
        filter: String?,
        of table: SQLiteTable,
        db: Database
    ) throws -> Statement {
        do {
            return try db.makeStatement(sql: query)
        } catch let failure as DatabaseError {
            guard let filter,
                failure.resultCode == .SQLITE_ERROR || failure.resultCode == .SQLITE_MISUSE
            else { throw failure }
            throw SourceError(
                .configuration,
                "the condition \"\(filter)\" on \(table.name) is not understood by "
                    + "SQLite: \(failure.message ?? "no message")"
            )
        }
    }

    /// Steps the statement to its end and counts what each column holds.
    static func run(
        _ statement: Statement,
        columns: [SQLiteColumn],
        isUTF8: Bool,
        db: Database
    ) throws -> [SQLiteStatistics] {
        var seen = columns.map {
            SQLiteStatistics(meaning: SQLiteDeclaredType($0.declaration).meaning)
        }
        let row = SQLiteRow(statement: statement.sqliteStatement, isUTF8: isUTF8)
        let code = try seen.withUnsafeMutableBufferPointer { try step(row, into: $0) }
        guard code == SQLITE_DONE else {
            throw DatabaseError(
                resultCode: ResultCode(rawValue: code),
                message: db.sqliteConnection.map { String(cString: sqlite3_errmsg($0)) }
            )
        }
        return seen
    }

    private static func step(
        _ row: SQLiteRow,
        into seen: UnsafeMutableBufferPointer<SQLiteStatistics>
    ) throws -> Int32 {
        var count = 0
        while true {
            let code = sqlite3_step(row.statement)
            guard code == SQLITE_ROW else { return code }
            for index in seen.indices {
                seen[index].observe(row, Int32(truncatingIfNeeded: index))
            }
            count &+= 1
            if count % SQLiteLimits.cancellationRowCount == 0 { try Task.checkCancellation() }
        }
    }
}
