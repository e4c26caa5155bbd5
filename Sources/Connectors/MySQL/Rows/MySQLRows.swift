import Columnar
import Streams

/// The rows of statements, one after the other, as column buffers.
final class MySQLRows {
    private let columns: [MySQLColumn]
    private var statement: MySQLStatement?
    private let block: MySQLRowBlock
    private var byteCount: Int64 = 0

    init(columns: [MySQLColumn]) {
        self.columns = columns
        block = MySQLRowBlock(columns: columns)
    }

    /// Whether a statement has more rows.
    var isRunning: Bool { statement?.isFinished == false }

    /// Goes on with the rows of another statement.
    func begin(_ statement: MySQLStatement) throws(SourceError) {
        guard statement.columnCount == columns.count else {
            throw MySQLRowBlock.malformed(
                "rows of \(statement.columnCount) columns, not \(columns.count)"
            )
        }
        self.statement = statement
    }

    /// What has been read so far.
    var progress: ReadProgress {
        ReadProgress(
            rowCount: block.decodedRowCount,
            byteCount: byteCount,
            conversions: block.conversions
        )
    }

    /// Fills `batch`; false when the statement is at its end.
    func fill(_ batch: Batch) throws(SourceError) -> Bool {
        guard let statement else { return false }
        while batch.rowCount < Columnar.Limits.batchRowCount,
            batch.byteCount < Columnar.Limits.batchByteCount
        {
            let limit = Columnar.Limits.batchRowCount - batch.rowCount
            while block.hasRoom(limit: limit), let row = try statement.next() {
                byteCount += Int64(row.count)
                try block.append(row)
            }
            try block.decode(into: batch)
            if statement.isFinished {
                self.statement = nil
                return false
            }
        }
        return true
    }
}
