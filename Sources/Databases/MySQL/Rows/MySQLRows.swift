import Columnar
import Streams

/// The rows of statements, one after the other, as column buffers.
final class MySQLRows {
    private let columns: [MySQLColumn]
    private let receiver: MySQLRowReceiver
    private let block: MySQLRowBlock

    init(_ connection: MySQLConnection, columns: [MySQLColumn], place: String) {
        self.columns = columns
        receiver = MySQLRowReceiver(connection, place: place)
        block = MySQLRowBlock(columns: columns)
    }

    /// Whether a statement has more rows.
    var isRunning: Bool { receiver.isRunning }

    /// Goes on with the rows of another statement.
    func begin(_ sql: String) throws(SourceError) {
        try receiver.start(sql, columns: columns)
    }

    /// What has been read so far.
    var progress: ReadProgress {
        ReadProgress(
            rowCount: block.decodedRowCount,
            byteCount: receiver.byteCount,
            conversions: block.conversions
        )
    }

    /// Fills `batch`; false when the statement is at its end.
    func fill(_ batch: Batch) throws(SourceError) -> Bool {
        while batch.rowCount < Columnar.Limits.batchRowCount,
            batch.byteCount < Columnar.Limits.batchByteCount
        {
            let used = try block.decode(
                receiver.unread,
                into: batch,
                rowLimit: Columnar.Limits.batchRowCount - batch.rowCount
            )
            receiver.consume(used)
            if used > 0 { continue }
            switch try receiver.receive() {
            case .received: break
            case .row(let row): try block.decode(row: row, into: batch)
            case .finished: return false
            }
        }
        return true
    }
}
