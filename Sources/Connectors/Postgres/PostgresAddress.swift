import CLibpq
package import Streams

/// Where a Postgres server is and how to log in: libpq's own connection parameters.
///
/// The password is in `parameters` only, which nothing prints; `location` is for display.
package struct PostgresAddress: Sendable {
    /// Parameters in libpq's words, ours added.
    let parameters: [(key: String, value: String)]
    /// `host:port/database`.
    package let location: SourceLocation

    /// Reads a `postgres://` or `postgresql://` address.
    ///
    /// A password written as `env:NAME` is taken from that variable through `environment`.
    ///
    /// - Throws: `SourceError.Code.configuration` naming what is wrong, never the password.
    package init(
        parsing text: String,
        environment: (String) -> String?
    ) throws(SourceError) {
        guard text.hasPrefix("postgres://") || text.hasPrefix("postgresql://") else {
            throw SourceError(
                .configuration,
                "a Postgres source begins with postgres://, as in "
                    + "postgres://user@host:5432/database"
            )
        }
        var found = try Self.parameters(of: text)
        if let password = found["password"], password.hasPrefix("env:"),
            AddressText.namesVariable(text)
        {
            let name = String(password.dropFirst(4))
            guard let value = environment(name) else {
                throw SourceError(
                    .configuration,
                    "the password refers to the variable \(name), which is not set"
                )
            }
            found["password"] = value
        }
        found["application_name"] = found["application_name"] ?? "tributary"
        found["connect_timeout"] =
            found["connect_timeout"] ?? String(Limits.connectTimeout.components.seconds)
        found["client_encoding"] = "UTF8"
        // A peer that vanished is noticed in a minute, not in the system's two hours.
        for (keyword, seconds) in Limits.keepalives where found[keyword] == nil {
            found[keyword] = seconds
        }
        if let name = found["dbname"], name.contains("=") || name.contains("://") {
            // libpq would read more parameters out of it, a password among them.
            throw SourceError(
                .configuration,
                "the database's name holds parameters; write them behind a question mark, as in "
                    + "postgres://user@host/database?sslmode=require"
            )
        }
        let host = found["host"] ?? found["hostaddr"] ?? environment("PGHOST") ?? "localhost"
        let port = found["port"] ?? environment("PGPORT") ?? "5432"
        let database =
            found["dbname"] ?? environment("PGDATABASE") ?? found["user"]
            ?? environment("PGUSER") ?? ""
        location = SourceLocation(
            kind: "postgres",
            place: "\(host):\(port)/\(AddressText.shownName(database))",
            defaultNamespace: "public"
        )
        parameters = found.sorted { $0.key < $1.key }.map { (key: $0.key, value: $0.value) }
    }

    /// The parameters an address names, by libpq's own reading of it.
    private static func parameters(of text: String) throws(SourceError) -> [String: String] {
        var message: UnsafeMutablePointer<CChar>?
        guard !AddressText.mayShowPasswordToLibpq(text),
            let options = PQconninfoParse(text, &message)
        else {
            // libpq quotes the offending text, which may be a password.
            PQfreemem(message)
            throw SourceError(
                .configuration,
                "the Postgres address cannot be read; its form is "
                    + "postgres://user@host:5432/database?sslmode=require, with special characters "
                    + "percent-encoded"
            )
        }
        defer { PQconninfoFree(options) }
        var found: [String: String] = [:]
        var option = options
        while let keyword = option.pointee.keyword {
            if let value = option.pointee.val {
                found[String(cString: keyword)] = String(cString: value)
            }
            option += 1
        }
        return found
    }
}
