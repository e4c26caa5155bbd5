import JSON
import Testing

/// Names that nobody would give.
@Suite struct NameTests {
    private static let shop = TestServer.Setup(isScheduling: false, hasShop: true)

    /// As they stand in a path.
    private static let odd = [
        ".", "..", "%2e%2e", "..%2F..%2Fetc%2Fpasswd", "a%2Fb", "%2F", "%5C..%5C", "%00", "a%00b",
        "%zz", "%", "%ff", "%C3%BC", "\u{FC}", "%F0%9F%98%80", "%E2%80%AE", "ORDERS", "orders.json",
        "orders%20", "-orders", "or%0Aders", "shop.%2e%2e", "shop.", ".orders", "a.b.c",
        String(repeating: "n", count: 64), String(repeating: "n", count: 12_000),
    ]

    @Test func `nothing has an odd name, and asking for it harms nothing`() async throws {
        try await TestServer.with(Self.shop) { server in
            for (operation, example) in server.examples
            where operation.namesSomething && operation.method != "PUT" {
                for name in Self.odd {
                    let path = operation.path.replacing(/\{\w+\}/, with: name)
                    let answer = try await server.ask(operation.method, path, example.body)
                    answer.expect(404)
                }
            }
            // All is there as before.
            try await server.ask("GET", "/api/v1/schedules/orders").expect(200)
            let schedules = try await server.ask("GET", "/api/v1/schedules")
            #expect(schedules.items.count == Shop.schedules.count)
        }
    }

    @Test func `nothing is put under an odd name`() async throws {
        try await TestServer.with(Self.shop) { server in
            for (operation, example) in server.examples
            where operation.namesSomething && operation.method == "PUT" {
                for name in Self.odd {
                    let path = operation.path.replacing(/\{\w+\}/, with: name)
                    let answer = try await server.ask(operation.method, path, example.body)
                    answer.expect(422, field: "id", problem: "invalid")
                }
            }
            try await server.ask("GET", "/api/v1/secrets").expect(200)
            let secrets = try await server.ask("GET", "/api/v1/secrets")
            #expect(secrets.items.isEmpty)
        }
    }

    @Test func `a name is the same however it is spelt in a path`() async throws {
        try await TestServer.with(Self.shop) { server in
            for path in ["/api/v1/schedules/%6Frders", "//api/v1//schedules/orders/"] {
                let answer = try await server.ask("GET", path, isDescribed: false).expect(200)
                #expect(answer["definition"]?["id"] == "orders")
            }
            let table = try await server.ask("GET", "/api/v1/datasets/shop%2Eorders").expect(200)
            #expect(table["name"] == "shop.orders")
        }
    }

    @Test func `no definition is made with an odd id`() async throws {
        try await TestServer.with(Self.shop) { server in
            for id in [
                "", "..", "a/b", "\u{FC}", "A", "-a", "a b", String(repeating: "n", count: 64),
            ] {
                var schedule = Shop.schedule("more")
                schedule["id"] = .string(id)
                for (path, body) in [
                    ("/api/v1/schedules", schedule),
                    ("/api/v1/sources", ["id": .string(id), "dsn": "sqlite:x.db"]),
                    ("/api/v1/tokens", ["id": .string(id), "role": "reader"]),
                ] {
                    try await server.ask("POST", path, .object(body))
                        .expect(422, field: "id", problem: "invalid")
                }
            }
        }
    }

    @Test func `a table may have a name of any language`() async throws {
        try await TestServer.with(Self.shop) { server in
            var schedule = Shop.schedule("more")
            schedule["dataset"] = "l\u{E4}den.\u{6CE8}\u{6587}"
            try await server.ask("POST", "/api/v1/schedules", .object(schedule)).expect(201)
            let path = "/api/v1/datasets/l%C3%A4den.%E6%B3%A8%E6%96%87"
            try await server.ask("GET", path).expect(404)
            try await server.ask("POST", "/api/v1/schedules/more/run").expect(202)
        }
    }
}
