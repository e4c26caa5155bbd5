import FoundationEssentials

/// A database of the test server, made for one test and dropped after it.
package struct MariaDBDatabase: Sendable {
    /// The server's address up to the database, with the password in it.
    private let server: String
    private let port: String
    private let password: String
    package let name: String

    /// The whole address, with the password in it.
    package var url: String { server + name }

    /// The address for another user of the same server.
    package func url(user: String, password: String) -> String {
        "mariadb://\(user):\(password)@127.0.0.1:\(port)/\(name)"
    }

    private init(name: String, on server: String?) throws {
        let server = try server ?? TestEnvironment.value(of: "TRIBUTARY_TEST_MARIADB")
        self.server = server
        guard let parts = server.wholeMatch(of: /mariadb:\/\/.+:(.+)@.+:([0-9]+)\//) else {
            throw TestSupportError("TRIBUTARY_TEST_MARIADB is no address: mariadb://u:p@h:1/")
        }
        password = String(parts.1)
        port = String(parts.2)
        self.name = name
    }

    /// Makes a new database, lends it and drops it; on the test server where no other is named.
    package static func withNew<Result>(
        on server: String? = nil,
        _ body: (MariaDBDatabase) async throws -> Result
    ) async throws -> Result {
        var generator = SystemRandomNumberGenerator()
        let name = "test_\(String(generator.next(), radix: 36))"
        let control = try MariaDBDatabase(name: "mysql", on: server)
        try await control.run("CREATE DATABASE \(name)")
        do {
            let result = try await body(MariaDBDatabase(name: name, on: server))
            try await control.run("DROP DATABASE \(name)")
            return result
        } catch {
            try await control.run("DROP DATABASE \(name)")
            throw error
        }
    }

    /// Runs SQL and gives the rows: one per line, fields between tabs.
    @discardableResult
    package func run(_ sql: String) async throws -> String {
        try await client(["--execute", sql])
    }

    /// Runs a file of SQL.
    package func run(file: String) async throws {
        try await client(["--execute", "source \(file)"])
    }

    @discardableResult
    private func client(_ arguments: [String]) async throws -> String {
        let result = try await ChildProcess.run(
            "env",
            [
                "MYSQL_PWD=\(password)", "mariadb", "--no-defaults", "--batch",
                "--skip-column-names", "--default-character-set=utf8mb4", "-h", "127.0.0.1", "-P",
                port, "-u", "tributary", name,
            ] + arguments
        )
        guard result.succeeded else {
            throw TestSupportError("mariadb failed: \(result.transcript)")
        }
        return String(
            result.standardOutput.reversed().drop(while: \.isNewline).reversed()
        )
    }
}
