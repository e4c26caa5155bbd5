import Columnar
import GRDB
import GRDBSQLite
import Streams

/// The rows of one statement, moved into batches.
struct SQLiteRowStream {
    let plan: ReadPlan
    let path: String
    private let forms: [SQLiteForm]
    private let statement: Statement
    private let connection: OpaquePointer
    private let row: SQLiteRow
    /// Rows of a batch: fewer where rows are wide, so that an empty batch stays small.
    private let rowLimit: Int
    private let rowByteCount: Int
    /// Whether a last column holds the row id.
    private let hasRowID: Bool
    private var isAtEnd = false
    /// The row id of the last row; nil where rows have none, or there was no row.
    private(set) var lastRowID: Int64?
    private(set) var rowCount: Int64 = 0
    private(set) var byteCount: Int64 = 0
    private var invalidTexts: [Int64]

    init(
        _ preparation: SQLitePreparation,
        statement: Statement,
        connection: OpaquePointer,
        isUTF8: Bool,
        path: String,
        hasRowID: Bool
    ) {
        plan = preparation.plan
        forms = preparation.forms
        self.statement = statement
        self.connection = connection
        self.path = path
        self.hasRowID = hasRowID
        row = SQLiteRow(statement: statement.sqliteStatement, isUTF8: isUTF8)
        invalidTexts = Array(repeating: 0, count: forms.count)
        rowByteCount = plan.columns.reduce(0) { sum, column in
            if case .fixed(let width) = column.type.storage { return sum + width + 1 }
            return sum + 5
        }
        rowLimit = min(
            Columnar.Limits.batchRowCount,
            max(1, Columnar.Limits.batchByteCount / rowByteCount)
        )
    }

    /// What was read so far.
    var progress: ReadProgress {
        var conversions: [Conversion] = []
        for (column, count) in zip(plan.columns, invalidTexts) where count > 0 {
            conversions.append(
                Conversion(
                    column: column.name,
                    reason: .invalidText,
                    outcome: column.policy == .null ? .null : .clamped,
                    count: count
                )
            )
        }
        return ReadProgress(rowCount: rowCount, byteCount: byteCount, conversions: conversions)
    }

    /// Fills an empty batch; false when there are no more rows.
    mutating func fill(_ batch: Batch) throws -> Bool {
        precondition(batch.columns.count == forms.count, "a batch of another schema")
        guard !isAtEnd else { return false }
        var writers = zip(batch.columns, zip(forms, plan.columns)).map {
            SQLiteColumnWriter($0, form: $1.0, column: $1.1, rows: rowLimit)
        }
        let rows = try writers.withUnsafeMutableBufferPointer { try step($0) }
        for (index, writer) in writers.enumerated() {
            writer.commit()
            byteCount += Int64(writer.used)
            invalidTexts[index] += writer.invalidTexts
        }
        batch.rowCount = rows
        rowCount += Int64(rows)
        byteCount += Int64(rows * fixedByteCount)
        return !isAtEnd
    }

    /// Bytes a row takes in columns of a fixed width.
    private var fixedByteCount: Int { rowByteCount - 5 * variableCount - fixedCount }
    private var variableCount: Int { plan.columns.count { $0.type.storage == .variable } }
    private var fixedCount: Int { plan.columns.count - variableCount }

    private mutating func step(
        _ writers: UnsafeMutableBufferPointer<SQLiteColumnWriter>
    ) throws -> Int {
        var rows = 0
        var byteCount = 0
        while rows < rowLimit, byteCount < Columnar.Limits.batchByteCount {
            let code = sqlite3_step(row.statement)
            guard code == SQLITE_ROW else {
                try end(code)
                break
            }
            var variable = 0
            for index in writers.indices {
                do throws(SQLiteColumnWriter.Refusal) {
                    try writers[index].take(row, Int32(truncatingIfNeeded: index))
                } catch {
                    throw refused(error, column: plan.columns[index], row: rows)
                }
                variable &+= writers[index].used
            }
            rows &+= 1
            if hasRowID {
                lastRowID = sqlite3_column_int64(
                    row.statement,
                    Int32(truncatingIfNeeded: writers.count)
                )
            }
            byteCount = variable &+ rows &* rowByteCount
        }
        return rows
    }

    private mutating func end(_ code: Int32) throws {
        guard code == SQLITE_DONE else {
            throw SQLiteFailure.error(
                code: code & 0xFF,
                message: String(cString: sqlite3_errmsg(connection)),
                path: path,
                doing: "reading \(plan.stream)"
            )
        }
        isAtEnd = true
    }

    private func refused(
        _ refusal: SQLiteColumnWriter.Refusal,
        column: PlannedColumn,
        row: Int
    ) -> SourceError {
        let place = "\(plan.stream), column \(column.name), row \(rowCount + Int64(row) + 1)"
        return switch refusal {
        case .invalidText:
            SourceError(
                .badValue,
                "\(place): text that is not valid UTF-8; choose the policy null, clamp or string "
                    + "for the column"
            )
        case .surprise:
            SourceError(
                .protocol,
                "\(place): a value that is no \(column.type), though the same snapshot was "
                    + "scanned or the declaration forbids it; run `PRAGMA integrity_check`"
            )
        case .tooLong:
            SourceError(.unsupported, "\(place): a value too long for one batch of 4 GiB")
        }
    }
}
