import Basics
import Definitions
import JSON
import TestSupport
import Testing

/// Who asks is known by a token that is good.
@Suite struct TokenTests {
    private static let path = "/api/v1/schedules"
    private static let quiet = TestServer.Setup(isScheduling: false)

    private func ask(_ server: TestServer, _ header: String) async throws -> Answer {
        try await server.ask("GET", Self.path, as: nil, headers: ["authorization": header])
    }

    @Test func `a token that is not whole, or sent in another way, is none`() async throws {
        try await TestServer.with(Self.quiet) { server in
            let token = server.token(.admin)
            for header in [
                "", "Bearer", "Bearer ", token, "Basic \(token)", "Bearer \(token)0",
                "Bearer \(token.dropLast())", "Bearer \(token) \(token)", "Bearer nonsense",
                "Bearer trib.test-admin.", "Bearer trib.nowhere.00", "Bearer trib.../x.00",
                "Bearer trib.TEST-ADMIN.00", "Bearer \(token.uppercased())",
            ] {
                try await ask(server, header).expect(401, problem: "unauthorized")
            }
            try await ask(server, "bearer \(token)").expect(200)
        }
    }

    @Test func `a token is good until it ends, or is taken back`() async throws {
        try await TestServer.with(Self.quiet) { server in
            var made: [String] = []
            for (name, end) in [("short", server.clock.text(minutes: 10)), ("long", nil)] {
                let answer = try await server.ask(
                    "POST",
                    "/api/v1/tokens",
                    .object([
                        "id": .string(name), "role": "operator",
                        "expires_at": .string(end ?? server.clock.text(minutes: 60)),
                    ])
                )
                made.append("Bearer " + (answer.expect(201)["token"]?.string ?? ""))
            }
            for token in made { try await ask(server, token).expect(200) }
            server.clock.pass(.minutes(10))
            try await ask(server, made[0]).expect(401)
            try await ask(server, made[1]).expect(200)
            try await server.ask("DELETE", "/api/v1/tokens/long").expect(204)
            try await ask(server, made[1]).expect(401)
        }
    }

    @Test func `a token cannot take back itself, nor be made a second time`() async throws {
        try await TestServer.with(Self.quiet) { server in
            let path = "/api/v1/tokens/test-admin"
            try await server.ask("DELETE", path).expect(409, problem: "conflict")
            try await server.ask("GET", Self.path).expect(200)
            let body: JSONValue = .object(["id": "test-reader", "role": "admin"])
            try await server.ask("POST", "/api/v1/tokens", body)
                .expect(409, field: "id", problem: "exists")
        }
    }

    @Test func `what only an administrator may name is refused to others`() async throws {
        try await TestServer.with(Self.quiet) { server in
            for dsn in [
                "sqlite:/etc/shop.db", "env:HOME", "file:/etc/passwd", "exec:id",
                "postgres://u@h/db?service=prod", "postgres:///db?host=/tmp",
            ] {
                let address: JSONValue = .object(["dsn": .string(dsn)])
                try await server.ask(
                    "POST",
                    "/api/v1/sources",
                    .object(["id": "x", "dsn": .string(dsn)]),
                    as: .operator
                ).expect(403, field: "dsn", problem: "forbidden")
                var schedule = Shop.schedule("x")
                schedule["source"] = address
                try await server.ask("POST", Self.path, .object(schedule), as: .operator)
                    .expect(403, field: "source.dsn", problem: "forbidden")
            }
        }
    }
}
