import CMariaDB
import Streams

/// A prepared statement.
final class MySQLStatement {
    private let handle: UnsafeMutablePointer<MYSQL_STMT>
    private let place: String
    private var isFinished = false

    init(handle: UnsafeMutablePointer<MYSQL_STMT>, place: String) {
        self.handle = handle
        self.place = place
    }

    deinit { mysql_stmt_close(handle) }

    /// Columns of a row.
    var columnCount: Int { Int(mysql_stmt_field_count(handle)) }

    /// What asks the server to run it, for one who reads the rows from the socket (MariaDB
    /// documentation, "COM_STMT_EXECUTE"): its length in three bytes, the first of its packets, `17`,
    /// the statement, no cursor, once.
    var executeRequest: [UInt8] {
        var request: [UInt8] = [10, 0, 0, 0, 0x17]
        let id = UInt32(truncatingIfNeeded: handle.pointee.stmt_id)
        withUnsafeBytes(of: id.littleEndian) { request.append(contentsOf: $0) }
        return request + [0, 1, 0, 0, 0]
    }

    /// Runs it, for one who takes the rows by `next`.
    func execute() throws(SourceError) {
        guard mysql_stmt_execute(handle) == 0 else { throw failure() }
    }

    /// The next row, valid until the next call; nil at the end.
    func next() throws(SourceError) -> UnsafeRawBufferPointer? {
        if isFinished { return nil }
        var row: UnsafeMutablePointer<UInt8>?
        var length: UInt = 0
        let result = tributary_stmt_fetch(handle, &row, &length)
        if result == 0 {
            return UnsafeRawBufferPointer(start: row, count: Int(length))
        }
        isFinished = true
        if result == 2 { throw MySQLRowBlock.malformed("a packet that is neither row nor end") }
        guard result == MYSQL_NO_DATA else { throw failure() }
        return nil
    }

    private func failure() -> SourceError {
        let ownCode = mysql_stmt_errno(handle)
        if ownCode != 0 {
            return MySQLFailure.running(
                at: place,
                code: ownCode,
                message: String(cString: mysql_stmt_error(handle))
            )
        }
        return MySQLFailure.running(
            at: place,
            code: mysql_errno(handle.pointee.mysql),
            message: String(cString: mysql_error(handle.pointee.mysql))
        )
    }
}
