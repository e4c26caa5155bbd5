package import Streams

/// Makes the source of an address, whatever its sort.
package enum SourceOpener {
    /// The source at `address`: `postgres://`, `mysql://` or `mariadb://`, or `sqlite:path`.
    ///
    /// - Parameters:
    ///   - address: The whole address, with its secrets in place.
    ///   - limits: What the source may be asked for at a time.
    ///   - variable: Gives the environment's variables, for `env:NAME` in the place of a password.
    /// - Returns: The source, which has no connection yet.
    /// - Throws: `SourceError` `configuration`, without any part of an address that is of no known kind.
    package static func source(
        at address: String,
        limits: SourceLimits,
        variable: (String) -> String?
    ) throws -> any Source {
        if address.hasPrefix("postgres://") || address.hasPrefix("postgresql://") {
            return PostgresSource(
                try PostgresAddress(parsing: address, environment: variable),
                limits: limits
            )
        }
        if MySQLAddress.isAddress(address) {
            return MySQLSource(
                try MySQLAddress(parsing: address, environment: variable),
                limits: limits
            )
        }
        if address.hasPrefix("sqlite:") {
            return try SQLiteSource(parsing: address)
        }
        // No part of it is printed: it may be a secret in the wrong place.
        throw SourceError(
            .configuration,
            "the source's address is of no kind that is known; there are "
                + "postgres://user@host/database, mysql://user@host/database and sqlite:path"
        )
    }
}
