import TestSupport
import Testing

/// What a message says is to be done, done.
@Suite struct RemedyRunTests {
    private func run(_ arguments: [String], _ lake: Lake) async throws -> ProcessResult {
        try await ChildProcess.run(
            TestEnvironment.binary,
            arguments + ["--lake", lake.folder],
            environment: ["XDG_CONFIG_HOME": "\(lake.folder).config"]
        )
    }

    /// The options that a message names.
    private func options(_ message: String) -> [String] {
        message.matches(of: /--[a-z][a-z-]*/).map { String($0.0) }
    }

    @Test func `a table without a cursor's value keeps one as the message says`() async throws {
        try await PostgresDatabase.withNew { database in
            try await database.run(
                "CREATE TABLE t (id int PRIMARY KEY, at timestamptz); INSERT INTO t VALUES (1, now())"
            )
            try await Lake.withNew { lake in
                let sync = ["--mode", "incremental", "--cursor", "at"]
                _ = try await lake.synced(database.url, ["public.t"], sync)
                let cursor = ["dataset", "cursor", "public.t", "--airbyte"]
                let refused = try await run(cursor, lake)
                #expect(!refused.succeeded)
                let remedy = options(refused.standardError)
                #expect(remedy == ["--lookback", "--restart"], "\(refused.transcript)")
                let values = ["--lookback": ["1h"]]
                _ = try await lake.synced(
                    database.url,
                    ["public.t"],
                    sync + remedy.flatMap { [$0] + (values[$0] ?? []) }
                )
                let state = try await run(cursor, lake)
                #expect(
                    state.succeeded && state.standardOutput.contains("\"cursor_field\":[\"at\"]")
                )
            }
        }
    }

    @Test func `an address with a password is taken when it is kept as the message says`()
        async throws
    {
        try await PostgresDatabase.withNew { database in
            try await Lake.withNew { lake in
                let server = database.server
                let create = ["source", "create", "shop", "--dsn"]
                let refused = try await run(create + [database.url], lake)
                #expect(!refused.succeeded)
                #expect(
                    refused.standardError.contains("`tributary secret put`"),
                    "\(refused.transcript)"
                )
                #expect(refused.standardError.contains("secret:NAME"))
                let put = try await run(
                    ["secret", "put", "shop", "--from", "exec:printf %s \(server.password)"],
                    lake
                )
                try #require(put.succeeded, "\(put.transcript)")
                let made = try await run(
                    create + [
                        database.url.replacing(":\(server.password)@", with: ":secret:shop@")
                    ],
                    lake
                )
                try #require(made.succeeded, "\(made.transcript)")
                let check = try await run(["source", "check", "shop"], lake)
                #expect(check.succeeded, "\(check.transcript)")
            }
        }
    }
}
