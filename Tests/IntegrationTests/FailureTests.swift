import FoundationEssentials
import Glibc
import TestSupport
import Testing

/// What goes wrong gives one clear message, a non-zero exit and an unchanged table.
@Suite struct FailureTests {
    @Test func `a wrong password is refused without printing it`() async throws {
        try await OrdersFixture.withSynced { fixture in
            var lake = fixture.lake
            lake.secrets.append("not-the-password")
            let url = fixture.database.url(user: "postgres", password: "not-the-password")
            let result = try await lake.sync(url, ["public.orders"])
            try await fixture.expectRefused(result, exitCode: 3, saying: ["password"])
        }
    }

    @Test func `a server that is not there is named`() async throws {
        try await OrdersFixture.withSynced { fixture in
            // Port 1 of loopback: nothing listens there, and no test can take it.
            let result = try await fixture.lake.sync(
                "postgres://postgres@127.0.0.1:1/shop",
                ["public.orders"]
            )
            try await fixture.expectRefused(result, exitCode: 3, saying: ["127.0.0.1:1"])
        }
    }

    @Test func `a missing table is named`() async throws {
        try await OrdersFixture.withSynced { fixture in
            try await fixture.database.run("DROP TABLE orders")
            let result = try await fixture.lake.sync(fixture.database.url, ["public.orders"])
            try await fixture.expectRefused(result, exitCode: 3, saying: ["orders"])
        }
    }

    @Test func `a revoked right is named`() async throws {
        try await OrdersFixture.withSynced { fixture in
            let role = "revoked_\(fixture.database.name)"
            try await fixture.database.run(
                "CREATE ROLE \(role) LOGIN PASSWORD 'revoked-secret'; REVOKE ALL ON orders FROM public"
            )
            var lake = fixture.lake
            lake.secrets.append("revoked-secret")
            let result = try await lake.sync(
                fixture.database.url(user: role, password: "revoked-secret"),
                ["public.orders"]
            )
            try await fixture.database.run("DROP ROLE \(role)")
            try await fixture.expectRefused(result, exitCode: 3, saying: ["orders"])
        }
    }

    @Test func `a connection that is cut in the middle of a read publishes nothing`() async throws {
        try await OrdersFixture.withSynced { fixture in
            try await fixture.makeSlow()
            let result = try await ChildProcess.withStarted(
                TestEnvironment.binary,
                fixture.lake.arguments(fixture.database.url, ["public.orders"])
            ) { child in
                let backend = try await fixture.readingBackend()
                try await fixture.database.run("SELECT pg_terminate_backend(\(backend))")
                return try await child.wait()
            }
            try await fixture.expectRefused(result, exitCode: 3, saying: ["orders"])
        }
    }

    @Test func `a lake that cannot be made is named`() async throws {
        try await OrdersFixture.withSynced { fixture in
            // Root may write anywhere but under a file.
            let file = fixture.lake.folder + "/../a-file"
            try Data("x".utf8).write(to: URL(filePath: file))
            let lake = Lake(folder: file + "/lake", secrets: fixture.lake.secrets)
            let result = try await lake.sync(fixture.database.url, ["public.orders"])
            try await fixture.expectRefused(result, exitCode: 5, saying: ["a-file"])
        }
    }

    @Test func `a folder that cannot be written leaves the table as it was`() async throws {
        try await OrdersFixture.withSynced { fixture in
            let data = String(fixture.location.dropFirst("file://".count)) + "/data"
            try FileManager.default.moveItem(atPath: data, toPath: data + "-away")
            try Data("in the way".utf8).write(to: URL(filePath: data))
            let result = try await fixture.lake.sync(fixture.database.url, ["public.orders"])
            try FileManager.default.removeItem(atPath: data)
            try FileManager.default.moveItem(atPath: data + "-away", toPath: data)
            try await fixture.expectRefused(result, exitCode: 5, saying: ["data"])
        }
    }

    @Test func `a file that may not grow fails like a full disk`() async throws {
        try await OrdersFixture.withSynced { fixture in
            // With the signal ignored the write itself fails, as it does on a full disk. The
            // limit is in blocks of 512 or 1024 bytes: far less than the data file either way.
            let command =
                [try TestEnvironment.binary]
                + fixture.lake.arguments(fixture.database.url, ["public.orders"])
            let result = try await ChildProcess.run(
                "sh",
                ["-c", #"trap '' XFSZ; ulimit -f 64; exec "$0" "$@""#] + command
            )
            try await fixture.expectRefused(result, exitCode: 5, saying: [])
        }
    }
}
