import FoundationEssentials

/// A database of a test's own on the private Postgres server.
package struct PostgresDatabase: Sendable {
    /// How the server is reached.
    package let server: PostgresAddress
    package let name: String

    /// The whole address, with the password in it.
    package var url: String { server.url(database: name) }

    /// The whole address of an encrypted connection.
    package var encryptedURL: String { server.url(database: name, sslmode: "require") }

    /// The address for another user of the same server.
    package func url(user: String, password: String) -> String {
        PostgresAddress(
            user: user,
            password: password,
            host: server.host,
            port: server.port
        ).url(database: name)
    }

    /// Makes a new database, lends it and drops it; on the test server where no other is named.
    package static func withNew<Result>(
        on server: PostgresAddress? = nil,
        creation: String = "",
        _ body: (PostgresDatabase) async throws -> Result
    ) async throws -> Result {
        let server = try server ?? .ofTestServer()
        var generator = SystemRandomNumberGenerator()
        let suffix = String(generator.next(), radix: 36)
        let database = PostgresDatabase(server: server, name: "test_\(suffix)")
        let control = PostgresDatabase(server: server, name: "postgres")
        try await control.run("CREATE DATABASE \(database.name) \(creation)")
        do {
            let result = try await body(database)
            try await control.run("DROP DATABASE \(database.name) WITH (FORCE)")
            return result
        } catch {
            try await control.run("DROP DATABASE \(database.name) WITH (FORCE)")
            throw error
        }
    }

    /// Runs SQL, each text by itself in one session, and gives the rows: one per line, fields
    /// between `|`.
    @discardableResult
    package func run(_ sql: String...) async throws -> String {
        try await psql(sql.flatMap { ["--command", $0] })
    }

    /// Runs a file of SQL.
    package func run(file: String) async throws {
        try await psql(["--file", file])
    }

    /// Runs `body` while two writers change a table of `churn_postgres.sql`.
    package func whileWriting<Result>(
        to table: String,
        rowCount: Int,
        _ body: () async throws -> Result
    ) async throws -> Result {
        func arguments(_ writer: Int) -> [String] {
            let call = "CALL churn.write('\(table)', \(writer), \(rowCount))"
            return ["--no-psqlrc", "--quiet", "--dbname", url, "--command", call]
        }
        return try await ChildProcess.withStarted("psql", arguments(1)) { first in
            try await ChildProcess.withStarted("psql", arguments(2)) { second in
                try await pollUntil("both writers") {
                    try await run(
                        "SELECT count(*) FROM \(table) WHERE id < -1 AND mark <> 0"
                    ) == "2"
                }
                let result = try await body()
                try await run(
                    """
                    SELECT pg_terminate_backend(pid) FROM pg_stat_activity
                    WHERE datname = current_database() AND query LIKE 'CALL churn.write%'
                    """
                )
                _ = try await first.wait()
                _ = try await second.wait()
                return result
            }
        }
    }

    @discardableResult
    private func psql(_ arguments: [String]) async throws -> String {
        let result = try await ChildProcess.run(
            "psql",
            [
                "--no-psqlrc", "--quiet", "--tuples-only", "--no-align", "--set", "ON_ERROR_STOP=1",
                "--dbname", url,
            ] + arguments
        )
        guard result.succeeded else {
            throw TestSupportError("psql failed: \(result.transcript)")
        }
        return String(
            result.standardOutput.drop(while: \.isNewline).reversed()
                .drop(while: \.isNewline).reversed()
        )
    }
}

/// Where a Postgres server is and who asks.
package struct PostgresAddress: Sendable {
    package let user: String
    package let password: String
    package let host: String
    package let port: String

    /// Makes an address of its parts, none of which needs escaping in a URL.
    package init(user: String, password: String, host: String, port: String) {
        self.user = user
        self.password = password
        self.host = host
        self.port = port
    }

    /// The server that `scripts/servers` started.
    package static func ofTestServer() throws -> PostgresAddress {
        try PostgresAddress(parsing: TestEnvironment.value(of: "TRIBUTARY_TEST_POSTGRES"))
    }

    /// Reads an address as `scripts/servers` writes it.
    package init(parsing text: String) throws {
        guard let parts = text.wholeMatch(of: /postgres:\/\/(.+):(.+)@(.+):([0-9]+)\/.*/) else {
            throw TestSupportError("TRIBUTARY_TEST_POSTGRES is no address: postgres://u:p@h:1/d")
        }
        self.init(
            user: String(parts.1),
            password: String(parts.2),
            host: String(parts.3),
            port: String(parts.4)
        )
    }

    /// The address of one database, with the password in it.
    ///
    /// Not encrypted unless told: that is the way most reads go on a private network.
    package func url(database: String, sslmode: String = "disable") -> String {
        "postgres://\(user):\(password)@\(host):\(port)/\(database)?sslmode=\(sslmode)"
    }
}
