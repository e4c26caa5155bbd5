import Basics
import CMariaDB
import Streams

/// Turns what libmariadb and the server say into errors that say what to do.
enum MySQLFailure {
    /// A refused or failed connection.
    static func connecting(to place: String, code: UInt32, message: String) -> SourceError {
        switch Int32(code) {
        case ER_BAD_DB_ERROR:
            return SourceError(
                .notFound,
                "\(place): the database does not exist; name one that does"
            )
        case ER_ACCESS_DENIED_ERROR, ER_DBACCESS_DENIED_ERROR, ER_HOST_NOT_PRIVILEGED,
            ER_HOST_IS_BLOCKED, CR_AUTH_PLUGIN_CANNOT_LOAD, CR_AUTH_PLUGIN_ERR,
            ER_MUST_CHANGE_PASSWORD_LOGIN:
            return SourceError(
                .authentication,
                "\(place): the server refused the login: \(message); check user and password (in "
                    + "the address, MYSQL_PWD or an option file)"
            )
        case CR_PLUGIN_NOT_ALLOWED:
            return SourceError(
                .authentication,
                "\(place): this user logs in by a way that hands over the password itself, or that is "
                    + "not known here; use one that logs in by mysql_native_password, ed25519 or "
                    + "caching_sha2_password"
            )
        case CR_SSL_CONNECTION_ERROR:
            return SourceError(
                .authentication,
                "\(place): no protected connection: \(message); check ssl-mode and ssl-ca"
            )
        default:
            return SourceError(
                .unreachable,
                "\(place): cannot connect: \(message); check host, port and that the server runs"
            )
        }
    }

    /// A failed statement, or a connection that broke.
    static func running(at place: String, code: UInt32, message: String) -> SourceError {
        switch Int32(code) {
        case CR_SERVER_GONE_ERROR, CR_SERVER_LOST, CR_CONNECTION_ERROR, CR_MALFORMED_PACKET,
            CR_SSL_CONNECTION_ERROR, ER_SERVER_SHUTDOWN, ER_NET_READ_ERROR, ER_NET_ERROR_ON_WRITE,
            ER_NORMAL_SHUTDOWN:
            return lost(at: place, reason: message)
        case ER_QUERY_INTERRUPTED, ER_STATEMENT_TIMEOUT, ER_CONNECTION_KILLED:
            return SourceError(
                .interrupted,
                "\(place): the server stopped the statement: \(message); raise its limit for this "
                    + "user if that was the cause"
            )
        case ER_LOCK_WAIT_TIMEOUT, ER_LOCK_DEADLOCK:
            return SourceError(
                .interrupted,
                "\(place): another session holds the table locked: \(message); run it again later"
            )
        case ER_TABLE_DEF_CHANGED:
            return SourceError(
                .interrupted,
                "\(place): the table was changed at this moment: \(message); run it again"
            )
        case ER_TABLEACCESS_DENIED_ERROR, ER_COLUMNACCESS_DENIED_ERROR,
            ER_SPECIFIC_ACCESS_DENIED_ERROR, ER_DBACCESS_DENIED_ERROR, ER_VIEW_INVALID:
            return SourceError(
                .permission,
                "\(place): \(message); grant SELECT to this user, or name readable columns with "
                    + "\(Remedy.columns)"
            )
        case ER_NO_SUCH_TABLE, ER_BAD_FIELD_ERROR, ER_BAD_DB_ERROR, ER_BAD_TABLE_ERROR:
            return SourceError(
                .notFound,
                "\(place): \(message); check the names in the stream, its view and \(Remedy.condition)"
            )
        case ER_PARSE_ERROR, ER_SYNTAX_ERROR:
            return SourceError(.configuration, "\(place): the statement is wrong: \(message)")
        case ER_NET_PACKET_TOO_LARGE, CR_NET_PACKET_TOO_LARGE:
            return SourceError(
                .unsupported,
                "\(place): a row is larger than the server sends: \(message); raise its "
                    + "max_allowed_packet"
            )
        default:
            return SourceError(.protocol, "\(place): \(message) (error \(code))")
        }
    }

    /// A connection that broke.
    static func lost(at place: String, reason: String) -> SourceError {
        SourceError(.interrupted, "\(place): the connection was lost: \(reason); run it again")
    }
}
