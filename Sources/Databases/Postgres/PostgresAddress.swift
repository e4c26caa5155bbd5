import Basics
import Streams

/// Where a Postgres server is and how to log in: libpq's own connection parameters.
///
/// The password is in `parameters` only, which nothing prints; `location` is for display.
struct PostgresAddress: Sendable {
    /// Parameters in libpq's words, ours added.
    let parameters: [(key: String, value: String)]
    /// `host:port/database`.
    let location: SourceLocation

    /// Puts settings and secrets in libpq's words.
    ///
    /// - Throws: `SourceError` `configuration` for a database's name that libpq would take for more.
    init(
        _ settings: PostgresSettings,
        _ credentials: Credentials,
        environment: [String: String]
    ) throws(SourceError) {
        if let name = settings.database, name.contains("=") || name.contains("://") {
            // libpq would read more parameters out of it, a password among them.
            throw SourceError(
                .configuration,
                "the database's name holds parameters; write them behind a question mark, as in "
                    + "postgres://user@host/database?sslmode=require"
            )
        }
        var found = settings.parameters ?? [:]
        found["host"] = settings.host
        found["port"] = settings.port
        found["user"] = settings.user
        found["dbname"] = settings.database
        for keyword in PostgresSettings.keywords where AddressSecret.isNamed(keyword) {
            found[keyword] = credentials[keyword]?.reveal { $0 }
        }
        found["application_name"] = found["application_name"] ?? "tributary"
        found["connect_timeout"] =
            found["connect_timeout"] ?? String(Limits.connectTimeout.components.seconds)
        found["client_encoding"] = "UTF8"
        // A peer that vanished is noticed in a minute, not in the system's two hours.
        for (keyword, seconds) in Limits.keepalives where found[keyword] == nil {
            found[keyword] = seconds
        }
        parameters = found.sorted { $0.key < $1.key }.map { (key: $0.key, value: $0.value) }
        location = Self.location(of: settings, environment: environment)
    }

    /// What may be shown of a database; what the settings leave out, libpq takes from the environment.
    static func location(
        of settings: PostgresSettings,
        environment: [String: String]
    ) -> SourceLocation {
        let host =
            settings.host ?? settings.parameters?["hostaddr"] ?? environment["PGHOST"]
            ?? "localhost"
        let port = settings.port ?? environment["PGPORT"] ?? "5432"
        let database =
            settings.database ?? environment["PGDATABASE"] ?? settings.user
            ?? environment["PGUSER"] ?? ""
        let server = "\(host):\(port)"
        return SourceLocation(
            kind: "postgres",
            place: "\(server)/\(SourceLocation.shownName(database))",
            server: server,
            defaultNamespace: "public"
        )
    }
}
