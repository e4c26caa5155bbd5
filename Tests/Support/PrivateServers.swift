import FoundationEssentials
import Glibc

/// Servers of one test alone, with settings that no other test may have.
package enum PrivateServers {
    /// A Postgres whose programs lie in `bin`, the newest of the machine's where nothing is named.
    package static func withPostgres<Result>(
        bin: String? = nil,
        _ body: (PostgresAddress) async throws -> Result
    ) async throws -> Result {
        var environment: [String: String?] = ["TRIBUTARY_SERVERS_TLS": "off"]
        if let bin { environment["TRIBUTARY_POSTGRES_BIN"] = bin }
        return try await with("postgres", environment) { variables in
            try await body(
                PostgresAddress(
                    parsing: variables["TRIBUTARY_TEST_POSTGRES"] ?? ""
                )
            )
        }
    }

    /// A MariaDB with further options; its address up to the database.
    package static func withMariaDB<Result>(
        options: [String],
        _ body: (String) async throws -> Result
    ) async throws -> Result {
        try await with(
            "mariadb",
            ["TRIBUTARY_MARIADB_OPTIONS": options.joined(separator: " ")]
        ) { variables in
            try await body(variables["TRIBUTARY_TEST_MARIADB"] ?? "")
        }
    }

    private static func with<Result>(
        _ name: String,
        _ more: [String: String?],
        _ body: ([String: String]) async throws -> Result
    ) async throws -> Result {
        var template = Array("/var/tmp/tributary-server-XXXXXX\0".utf8CString)
        guard mkdtemp(&template) != nil else { throw TestSupportError("no folder for a server") }
        let folder = String(
            decoding: template.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)),
            as: UTF8.self
        )
        chmod(folder, 0o755)
        let script = TestEnvironment.packageRoot + "/scripts/servers"
        var environment = more
        environment["TRIBUTARY_SERVERS"] = folder
        environment["TRIBUTARY_SERVERS_MEMORY"] = "128MB"
        func run(_ arguments: [String]) async throws {
            let result = try await ChildProcess.run(script, arguments, environment: environment)
            guard result.succeeded else { throw TestSupportError(result.transcript) }
        }
        do {
            try await run(["up", name])
            let text = String(
                decoding: try Data(contentsOf: URL(filePath: folder + "/env")),
                as: UTF8.self
            )
            var variables: [String: String] = [:]
            for match in text.matches(of: /export ([A-Z_]+)='(.*)'/) {
                variables[String(match.1)] = String(match.2)
            }
            let result = try await body(variables)
            try await run(["down"])
            try FileManager.default.removeItem(atPath: folder)
            return result
        } catch {
            // The failure that led here is the one to report.
            try? await run(["down"])
            try? FileManager.default.removeItem(atPath: folder)
            throw error
        }
    }
}
