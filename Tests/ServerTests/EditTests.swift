import Definitions
import JSON
import TestSupport
import Testing

/// Several who write at once, and those who ask a second time.
@Suite struct EditTests {
    private static let shop = TestServer.Setup(isScheduling: false, hasShop: true)

    private func tag(_ server: TestServer, _ path: String) async throws -> String {
        let answer = try await server.ask("GET", path).expect(200)
        return answer[header: "etag"] ?? ""
    }

    @Test func `a write of an older version is refused, and of the newest one done`() async throws {
        try await TestServer.with(Self.shop) { server in
            let source: JSONValue = .object(["id": "spare", "dsn": "postgres://u@db.example/d"])
            for (path, method, body): (String, String, JSONValue) in [
                ("/api/v1/schedules/spare", "PUT", .object(Shop.schedule("spare"))),
                ("/api/v1/schedules/spare", "PATCH", .object(["description": "x"])),
                ("/api/v1/sources/spare", "PUT", source),
            ] {
                let old = try await tag(server, path)
                #expect(old.hasPrefix("\"") && old.hasSuffix("\"") && old.count > 2, "\(old)")
                // What is written has to differ, or its version does not.
                var changed = body.object ?? JSONObject()
                changed["description"] = .string(method + old)
                let first = try await server.ask(
                    method,
                    path,
                    .object(changed),
                    headers: ["if-match": old]
                )
                first.expect(200)
                let new = first[header: "etag"]
                #expect(new != nil && new != old)
                #expect(try await tag(server, path) == new)
                let second = try await server.ask(method, path, body, headers: ["if-match": old])
                second.expect(412, problem: "changed")
                #expect(try await tag(server, path) == new)
                try await server.ask("DELETE", path, headers: ["if-match": old])
                    .expect(412, problem: "changed")
                // Whichever is there, and one without its quotes.
                try await server.ask(method, path, body, headers: ["if-match": "*"]).expect(200)
                let newest = try await tag(server, path).filter { $0 != "\"" }
                try await server.ask(method, path, body, headers: ["if-match": newest]).expect(200)
            }
            for path in ["/api/v1/schedules/spare", "/api/v1/sources/spare"] {
                let newest = try await tag(server, path)
                try await server.ask("DELETE", path, headers: ["if-match": newest]).expect(204)
                try await server.ask("GET", path).expect(404)
            }
        }
    }

    @Test func `the version of a schedule stands in its answer too`() async throws {
        try await TestServer.with(Self.shop) { server in
            let answer = try await server.ask("GET", "/api/v1/schedules/orders").expect(200)
            #expect(answer["etag"]?.string.map { "\"\($0)\"" } == answer[header: "etag"])
        }
    }

    @Test func `changes of different fields at the same time are all there`() async throws {
        try await TestServer.with(Self.shop) { server in
            let changes: [(String, JSONValue)] = [
                ("description", "x"), ("pause_after", .integer(7)), ("jitter", "1m30s"),
                ("timeout", "2h"), ("overlap", "buffer-one"),
            ]
            try await withThrowingTaskGroup(of: Void.self) { group in
                for change in changes {
                    group.addTask {
                        let path = "/api/v1/schedules/orders"
                        let body: JSONValue = .object(JSONObject([change]))
                        try await server.ask("PATCH", path, body).expect(200)
                    }
                }
                try await group.waitForAll()
            }
            let answer = try await server.ask("GET", "/api/v1/schedules/orders")
            for (field, value) in changes {
                let present = answer["definition"]?[field]
                // A span is written in its largest unit that has no rest.
                #expect(present == value, "\(field): \(answer.text)")
            }
        }
    }

    @Test func `a source that a schedule reads stays, and an id is given once`() async throws {
        try await TestServer.with(Self.shop) { server in
            let answer = try await server.ask("DELETE", "/api/v1/sources/shop")
            answer.expect(409, problem: "conflict")
            try await server.ask("GET", "/api/v1/sources/shop").expect(200)
            let source: JSONValue = .object(["id": "shop", "dsn": "sqlite:x.db"])
            try await server.ask("POST", "/api/v1/sources", source)
                .expect(409, field: "id", problem: "exists")
            let schedule: JSONValue = .object(Shop.schedule("orders"))
            try await server.ask("POST", "/api/v1/schedules", schedule)
                .expect(409, field: "id", problem: "exists")
        }
    }

    // MARK: Keys

    @Test func `a request of the same key gets the same answer, and is done once`() async throws {
        try await TestServer.with(.init(hasShop: true)) { server in
            for (operation, example) in server.examples where operation.takesKey {
                let headers = ["idempotency-key": "key-of-\(operation.name)"]
                func ask(_ body: JSONValue?, as role: Role) async throws -> Answer {
                    try await server.ask(
                        operation.method,
                        example.path,
                        body,
                        as: role,
                        headers: headers
                    )
                }
                let first = try await ask(example.body, as: .operator).expect(operation.status)
                #expect(first[header: "idempotency-replayed"] == nil)
                let again = try await ask(example.body, as: .operator).expect(operation.status)
                #expect(again[header: "idempotency-replayed"] == "true")
                #expect(again.json == first.json, "\(operation.name)")
                // Another request of that key, and of another caller.
                var body = example.body?.object ?? JSONObject()
                body["rows_rule"] = "adopt"
                try await ask(.object(body), as: .operator)
                    .expect(422, field: "idempotency-key", problem: "key-reused")
                let other = try await ask(example.body, as: .admin)
                #expect(other[header: "idempotency-replayed"] == nil, "\(other.request)")
            }
            // It was done once: there is one run for each that was asked for.
            let runs = try await server.ask("GET", "/api/v1/runs?schedule=hourly&limit=1000")
            let ids = runs.items.compactMap { $0["id"]?.string }
            #expect(Set(ids).count == ids.count)
        }
    }

    @Test func `a request that was refused may be made again by its key`() async throws {
        try await TestServer.with(Self.shop) { server in
            let headers = ["idempotency-key": "one"]
            var schedule = Shop.schedule("more")
            schedule["trigger"] = "never"
            let path = "/api/v1/schedules"
            try await server.ask("POST", path, .object(schedule), headers: headers).expect(422)
            schedule["trigger"] = "@daily"
            try await server.ask("POST", path, .object(schedule), headers: headers).expect(201)
        }
    }

    @Test func `a request whose first one is not answered yet is told to wait`() async throws {
        // Without a scheduler a run is done within its request.
        try await TestServer.with(Self.shop) { server in
            let path = "/api/v1/schedules/held/run"
            @Sendable func ask() async throws -> Answer {
                try await server.ask("POST", path, headers: ["idempotency-key": "one"])
            }
            try await withThrowingTaskGroup(of: Answer.self) { group in
                group.addTask { try await ask() }
                try await pollUntil("the run") { server.work.hasBegun("held") }
                try await ask().expect(409, problem: "in-flight")
                server.work.letGo()
                let first = try await group.next()?.expect(202)
                let again = try await ask().expect(202)
                #expect(again[header: "idempotency-replayed"] == "true")
                #expect(again.json == first?.json && again["state"] == "succeeded")
            }
        }
    }

    @Test func `a key has a length`() async throws {
        try await TestServer.with(Self.shop) { server in
            for key in ["", String(repeating: "k", count: 201)] {
                try await server.ask(
                    "POST",
                    "/api/v1/schedules",
                    .object(Shop.schedule("more")),
                    headers: ["idempotency-key": key]
                ).expect(400, field: "idempotency-key", problem: "invalid")
            }
            try await server.ask(
                "POST",
                "/api/v1/schedules",
                .object(Shop.schedule("more")),
                headers: ["idempotency-key": String(repeating: "k", count: 200)]
            ).expect(201)
        }
    }
}
