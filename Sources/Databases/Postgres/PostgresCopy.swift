import Columnar
import Streams

/// The COPYs of one session, one slice after the other.
final class PostgresCopy {
    private let receiver: CopyReceiver
    private var decoder: CopyDecoder
    private let place: String
    /// Whether a COPY is under way.
    private(set) var isRunning = false
    /// Rows decoded before the running COPY.
    private var rowCountBefore: Int64 = 0

    init(_ connection: PostgresConnection, columns: [CopyColumn], place: String) {
        receiver = CopyReceiver(connection, place: place)
        decoder = CopyDecoder(columns: columns)
        self.place = place
    }

    var progress: ReadProgress {
        ReadProgress(
            rowCount: decoder.rowCount,
            byteCount: receiver.byteCount,
            conversions: decoder.conversions
        )
    }

    /// Begins the next COPY.
    func begin(_ statement: String) throws(SourceError) {
        try receiver.start(statement)
        decoder.restart()
        rowCountBefore = decoder.rowCount
        isRunning = true
    }

    /// Fills `batch`; false when the COPY is at its end.
    func fill(_ batch: Batch) throws(SourceError) -> Bool {
        while isRunning, batch.rowCount < Columnar.Limits.batchRowCount {
            let used = try decoder.decode(
                receiver.unread,
                into: batch,
                rowLimit: Columnar.Limits.batchRowCount - batch.rowCount
            )
            receiver.consume(used)
            if used > 0 {
                if batch.byteCount >= Columnar.Limits.batchByteCount { return true }
                continue
            }
            if case .finished(let confirmed) = try receiver.receive() {
                try finish(confirmed)
            }
        }
        return isRunning
    }

    /// The end of a COPY is only believed when the server confirms as many rows as were decoded.
    private func finish(_ confirmed: Int64) throws(SourceError) {
        isRunning = false
        let decoded = decoder.rowCount - rowCountBefore
        guard decoder.isFinished, confirmed == decoded else {
            throw SourceError(
                .protocol,
                "\(place): the server sent \(confirmed) rows, but \(decoded) arrived; run it again"
            )
        }
    }
}
