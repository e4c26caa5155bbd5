import GRDB
import GRDBSQLite
import Streams

/// What SQLite's result codes mean for the one who reads.
enum SQLiteFailure {
    /// The error for a failure of a statement or of the connection.
    ///
    /// A stop asked for by cancelling the task is a `CancellationError`.
    static func error(_ failure: DatabaseError, path: String, doing action: String) -> any Error {
        error(
            code: failure.resultCode.rawValue,
            message: failure.message ?? "no message",
            path: path,
            doing: action
        )
    }

    /// The error for a result code.
    static func error(
        code: Int32,
        message: String,
        path: String,
        doing action: String
    ) -> any Error {
        switch code {
        case SQLITE_INTERRUPT:
            if Task.isCancelled { return CancellationError() }
            return SourceError(.interrupted, "\(path): the read was stopped while \(action)")
        case SQLITE_NOTADB:
            return SourceError(
                .unsupported,
                "\(path) is not a SQLite database, or it is encrypted; give the path of a plain "
                    + "database file"
            )
        case SQLITE_CORRUPT:
            return SourceError(
                .unsupported,
                "\(path) is damaged (\(message)); run `PRAGMA integrity_check` and restore or "
                    + "recover it first"
            )
        case SQLITE_BUSY, SQLITE_LOCKED:
            return SourceError(
                .unreachable,
                "\(path) is locked by another process; try again when its write is done"
            )
        case SQLITE_READONLY:
            // Only rolling back asks a read-only connection to write.
            return SourceError(
                .permission,
                "\(path) has the journal of a write that was cut off, which has to be rolled back "
                    + "first; open it once with a program that may write, such as sqlite3"
            )
        case SQLITE_PERM, SQLITE_AUTH:
            return SourceError(
                .permission,
                "\(path) may not be read (\(message)); check the rights of the file"
            )
        case SQLITE_CANTOPEN:
            return SourceError(
                .permission,
                "\(path) cannot be opened (\(message)); the file has to be readable, and in WAL "
                    + "mode its folder writable or its -wal and -shm files present"
            )
        case SQLITE_IOERR, SQLITE_FULL, SQLITE_NOMEM:
            return SourceError(.interrupted, "\(path): \(message) while \(action)")
        default:
            return SourceError(.unsupported, "\(path): \(message) while \(action)")
        }
    }
}
