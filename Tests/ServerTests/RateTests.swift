import Definitions
import TestSupport
import Testing

/// A caller has 400 requests at once, and 200 more each second.
@Suite struct RateTests {
    @Test func `a caller who asks too much waits, and nobody else does`() async throws {
        try await TestServer.with(.init(isScheduling: false)) { server in
            // The document was asked for before.
            server.clock.pass(5_000)
            func ask(_ role: Role?) async throws -> Answer {
                try await server.ask("GET", "/metrics", bytes: nil, as: role, isPaced: false)
            }
            for _ in 0..<400 { try await ask(.reader).expect(200) }
            let answer = try await ask(.reader).expect(429, problem: "too-many-requests")
            #expect(answer[header: "retry-after"] == "1")
            try await ask(.operator).expect(200)
            // Who needs no token needs no room either.
            let health = try await server.ask("GET", "/health", bytes: nil, isPaced: false)
            health.expect(200)
            server.clock.pass(5)
            try await ask(.reader).expect(200)
            try await ask(.reader).expect(429)
            server.clock.pass(1_000)
            for _ in 0..<200 { try await ask(.reader).expect(200) }
            try await ask(.reader).expect(429)
            // However long a caller is away, there is no more than that.
            server.clock.pass(3_600_000)
            for _ in 0..<400 { try await ask(.reader).expect(200) }
            try await ask(.reader).expect(429)
        }
    }

    @Test func `all who are not known share one measure, and take nothing from those who are`()
        async throws
    {
        try await TestServer.with(.init(isScheduling: false)) { server in
            func ask(_ header: String) async throws -> Answer {
                try await server.ask(
                    "GET",
                    "/metrics",
                    bytes: nil,
                    as: nil,
                    headers: ["authorization": header],
                    isPaced: false
                )
            }
            for number in 0..<400 { try await ask("Bearer trib.x.\(number)").expect(401) }
            try await ask("Bearer trib.y.0").expect(429, problem: "too-many-requests")
            try await ask("Bearer \(server.token(.reader))").expect(200)
        }
    }
}
