import TestSupport
import Testing

/// Databases whose names hold what ends a name in an address.
@Suite struct DatabaseNameTests {
    private static let odd = "sl/ash 100%? #\u{e9}"
    private static let encoded = "sl%2Fash%20100%25%3F%20%23%C3%A9"

    @Test func `a Postgres database with a slash in its name is read`() async throws {
        try await PostgresDatabase.withNew { control in
            let name = "\(Self.odd) \(control.name)"
            try await control.run("CREATE DATABASE \"\(name)\"")
            let url = control.url.replacing(
                "/\(control.name)?",
                with: "/\(Self.encoded)%20\(control.name)?"
            )
            do {
                let made = try await ChildProcess.run(
                    "psql",
                    ["--no-psqlrc", "--dbname", url, "-c", "CREATE TABLE t AS SELECT 1 AS id"]
                )
                try #require(made.succeeded, "\(made.transcript)")
                try await Lake.withNew { lake in
                    let report = try await lake.synced(url, ["public.t"])
                    #expect(report.streams[0].rows == 1)
                }
            } catch {
                try await control.run("DROP DATABASE \"\(name)\" WITH (FORCE)")
                throw error
            }
            try await control.run("DROP DATABASE \"\(name)\" WITH (FORCE)")
        }
    }

    @Test func `a MariaDB database with a slash in its name is read`() async throws {
        try await MariaDBDatabase.withNew { control in
            let name = "\(Self.odd) \(control.name)"
            try await control.run("CREATE DATABASE `\(name)`")
            let url = control.url.replacing(
                "/\(control.name)",
                with: "/\(Self.encoded)%20\(control.name)"
            )
            do {
                try await control.run("CREATE TABLE `\(name)`.t AS SELECT 1 AS id")
                try await Lake.withNew { lake in
                    let report = try await lake.synced(url, ["t"])
                    #expect(report.streams[0].rows == 1)
                }
            } catch {
                try await control.run("DROP DATABASE `\(name)`")
                throw error
            }
            try await control.run("DROP DATABASE `\(name)`")
        }
    }
}
