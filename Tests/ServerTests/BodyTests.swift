import Definitions
import JSON
import Testing

/// Bodies that are none, or hold what cannot be.
@Suite struct BodyTests {
    private static let shop = TestServer.Setup(isScheduling: false, hasShop: true)
    private static let limit = 512 << 10

    /// The path of an example whose run is not there.
    private static func path(_ server: TestServer, _ example: Example) -> String {
        server.path(of: example, ["held": "none", "ended": "none"])
    }

    @Test func `a body that is no JSON object is refused`() async throws {
        try await TestServer.with(Self.shop) { server in
            for (operation, example) in server.examples where operation.body != nil {
                let deep =
                    String(repeating: "{\"a\":", count: 50) + "1"
                    + String(repeating: "}", count: 50)
                for text in [
                    "{", "nothing", "[]", "\"text\"", "17", "null", "{}{}", deep,
                    "{\"a\":1,\"a\":2}",
                ] {
                    let answer = try await server.ask(
                        operation.method,
                        Self.path(server, example),
                        bytes: Array(text.utf8)
                    )
                    answer.expect(400, problem: "malformed")
                }
                try await server.ask(
                    operation.method,
                    Self.path(server, example),
                    bytes: [0x7B, 0x22, 0xFF, 0xFE, 0x22, 0x3A, 0x31, 0x7D]
                ).expect(400, problem: "malformed")
                guard operation.name != "runSchedule" else { continue }
                try await server.ask(operation.method, Self.path(server, example)).expect(400)
            }
        }
    }

    @Test func `a field that nobody knows is refused, where a body is taken and where none is`()
        async throws
    {
        try await TestServer.with(Self.shop) { server in
            for (operation, example) in server.examples {
                var fields = example.body?.object ?? JSONObject()
                fields["odd"] = .integer(1)
                let answer = try await server.ask(
                    operation.method,
                    Self.path(server, example),
                    .object(fields),
                    isDescribed: operation.body != nil
                )
                answer.expect(422, field: "odd", problem: "invalid")
            }
        }
    }

    @Test func `a field of another type is refused by its name, however deep`() async throws {
        try await TestServer.with(Self.shop) { server in
            var count = 0
            for (operation, example) in server.examples {
                guard let schema = operation.body else { continue }
                for place in server.places(operation.name == "patchSchedule" ? .patch : schema) {
                    count += 1
                    var body = example.body ?? .object([:] as JSONObject)
                    body.put(.array([.array([.integer(1)])]), at: place[...])
                    let answer = try await server.ask(
                        operation.method,
                        Self.path(server, example),
                        body
                    )
                    answer.expect(422, field: place.joined(separator: "."), problem: "invalid")
                }
            }
            #expect(count > 100)
        }
    }

    @Test func `a field that has to be there is missed by its name`() async throws {
        try await TestServer.with(Self.shop) { server in
            for (operation, example) in server.examples {
                let name = operation.body?["$ref"]?.string?.split(separator: "/").last ?? ""
                let schema = server.document["components"]?["schemas"]?[String(name)]
                for field in (schema?["required"]?.array ?? []).compactMap(\.string) {
                    var fields = example.body?.object ?? JSONObject()
                    fields[field] = nil
                    let answer = try await server.ask(
                        operation.method,
                        Self.path(server, example),
                        .object(fields)
                    )
                    answer.expect(422, field: field, problem: "invalid")
                }
            }
        }
    }

    @Test func `a body of another type of text is refused`() async throws {
        try await TestServer.with(Self.shop) { server in
            for (operation, example) in server.examples where operation.body != nil {
                let answer = try await server.ask(
                    operation.method,
                    Self.path(server, example),
                    example.body,
                    headers: ["content-type": "text/plain"]
                )
                answer.expect(415, problem: "media-type")
            }
            let answer = try await server.ask(
                "PATCH",
                "/api/v1/schedules/orders",
                .object(["description": "x"]),
                headers: ["content-type": "application/merge-patch+json; charset=utf-8"]
            )
            answer.expect(200)
        }
    }

    @Test func `a body that is too large is not read, whether its length is told or not`()
        async throws
    {
        try await TestServer.with(Self.shop) { server in
            let large = [UInt8](repeating: 0x20, count: Self.limit + 1)
            for (operation, example) in server.examples {
                let path = Self.path(server, example)
                for headers in [[:], ["transfer-encoding": "chunked"]] {
                    let answer = try await server.ask(
                        operation.method,
                        path,
                        bytes: large,
                        headers: headers,
                        isDescribed: operation.body != nil
                    )
                    answer.expect(413, problem: "too-large")
                    #expect(answer[header: "connection"] == "close")
                }
            }
            // Whoever is not known is told that before anything of a body is looked at.
            try await server.ask("POST", "/api/v1/schedules", bytes: large, as: nil).expect(401)
            try await server.ask("POST", "/api/v1/schedules", bytes: large, as: .reader).expect(403)
            // One that is not too large is read: it holds nothing.
            let most = [UInt8](repeating: 0x20, count: Self.limit)
            try await server.ask("POST", "/api/v1/schedules", bytes: most).expect(400)
        }
    }

    @Test func `what the server decides, and what cannot be together, is refused by its field`()
        async throws
    {
        try await TestServer.with(Self.shop) { server in
            for (field, value): (String, JSONValue) in [
                ("created_at", "2020-01-01T00:00:00Z"), ("created_by", "me"), ("id", "other"),
                ("trigger", "99 * * * *"), ("dataset", "../x.y"), ("dataset", "x"),
                ("time_zone", "Mars/Base"), ("source", "nowhere"), ("timeout", "0s"),
                ("status", .object([:] as JSONObject)), ("pause_after", .integer(-1)),
                ("trigger", "@after shop.orders"), ("format_version", .integer(2)),
                ("format_version", "1"), ("end_at", "yesterday"),
            ] {
                let answer = try await server.ask(
                    "PATCH",
                    "/api/v1/schedules/orders",
                    .object(JSONObject([(field, value)]))
                )
                let told = field == "time_zone" ? "trigger" : field
                // A document of a newer program is none that this one reads.
                let isNewer = value == .integer(2)
                answer.expect(isNewer ? 400 : 422, field: told)
            }
            for (field, value) in [("created_by", "me"), ("created_at", "2020-01-01T00:00:00Z")] {
                var source: JSONObject = ["id": "shop", "dsn": "sqlite:x.db"]
                source[field] = .string(value)
                try await server.ask("PUT", "/api/v1/sources/shop", .object(source))
                    .expect(422, field: field)
                source["id"] = "more"
                try await server.ask("POST", "/api/v1/sources", .object(source))
                    .expect(422, field: field)
            }
        }
    }

    @Test func `what was answered may be sent back`() async throws {
        try await TestServer.with(Self.shop) { server in
            let source = try await server.ask("GET", "/api/v1/sources/shop")
            try await server.ask("PUT", "/api/v1/sources/shop", source.json).expect(200)
            let schedule = try await server.ask("GET", "/api/v1/schedules/orders")
            let path = "/api/v1/schedules/orders"
            for method in ["PUT", "PATCH"] {
                let answer = try await server.ask(method, path, schedule["definition"]).expect(200)
                #expect(answer["definition"] == schedule["definition"])
            }
        }
    }
}

extension JSONValue {
    /// The schema of what a patch may hold.
    fileprivate static let patch: JSONValue = .object([
        "$ref": "#/components/schemas/ScheduleDefinition"
    ])

    /// Sets a value inside, and makes the objects above it where they are missing.
    fileprivate mutating func put(_ value: JSONValue, at place: ArraySlice<String>) {
        guard let name = place.first else {
            self = value
            return
        }
        var fields = object ?? JSONObject()
        var inner = fields[name] ?? .null
        inner.put(value, at: place.dropFirst())
        fields[name] = inner
        self = .object(fields)
    }
}

extension TestServer {
    /// Where a body of a schema has fields.
    fileprivate func places(_ schema: JSONValue) -> [[String]] {
        var schema = schema
        if let name = schema["$ref"]?.string?.split(separator: "/").last {
            schema = document["components"]?["schemas"]?[String(name)] ?? .null
        }
        return (schema["properties"]?.object ?? [:]).flatMap { name, inner in
            [[name]] + places(inner).map { [name] + $0 }
        }
    }
}
