import Basics
import Streams

/// Turns what libpq and the server say into errors that say what to do.
enum PostgresFailure {
    /// A refused or failed connection.
    ///
    /// libpq gives no SQLSTATE here, only words.
    static func connecting(to place: String, message: String) -> SourceError {
        let text = oneLine(message)
        if text.contains("does not exist"), text.contains("database") {
            return SourceError(
                .notFound,
                "\(place): the database does not exist; name one that does"
            )
        }
        let refusals = [
            "password", "role", "pg_hba", "authentication", "certificate", "SASL", "no pg_hba",
        ]
        if refusals.contains(where: text.contains) {
            return SourceError(
                .authentication,
                "\(place): the server refused the login: \(text); check user and password "
                    + "(in the address, PGPASSWORD or ~/.pgpass)"
            )
        }
        return SourceError(
            .unreachable,
            "\(place): cannot connect: \(text); check host, port and that the server runs"
        )
    }

    /// A failed statement; `state` is its SQLSTATE, nil when the connection itself broke.
    static func running(at place: String, state: String?, message: String) -> SourceError {
        let text = oneLine(message)
        guard let state else {
            return SourceError(
                .interrupted,
                "\(place): the connection was lost: \(text); run it again"
            )
        }
        switch state {
        case "42501":
            return SourceError(
                .permission,
                "\(place): \(text); grant SELECT to this user, or name readable columns with \(Remedy.columns)"
            )
        case "42P01", "3F000", "42703":
            return SourceError(
                .notFound,
                "\(place): \(text); check the names in the stream, its view and \(Remedy.condition)"
            )
        case "57014":
            return SourceError(
                .interrupted,
                "\(place): the server stopped the statement: \(text); raise its "
                    + "statement_timeout for this user if that was the limit"
            )
        case "55P03":
            return SourceError(
                .interrupted,
                "\(place): another session holds the table locked: \(text); run it again later"
            )
        case "40001":
            return SourceError(
                .interrupted,
                "\(place): the server cancelled the read in favour of replication: \(text); "
                    + "raise max_standby_streaming_delay or read from the primary"
            )
        case _ where state.hasPrefix("57P") || state.hasPrefix("08"):
            return SourceError(
                .interrupted,
                "\(place): the server ended the connection: \(text); run it again"
            )
        case _ where state.hasPrefix("42"):
            return SourceError(.configuration, "\(place): the statement is wrong: \(text)")
        default:
            return SourceError(.protocol, "\(place): \(text) (SQLSTATE \(state))")
        }
    }

    private static func oneLine(_ message: String) -> String {
        message.split(whereSeparator: \.isNewline).map { line in
            String(line.drop { $0 == " " || $0 == "\t" })
        }.joined(separator: "; ")
    }
}
