import Definitions
import FoundationEssentials
import JSON
import Testing

/// A secret is in no answer and no log, whatever goes wrong with it.
@Suite struct SecretTests {
    @Test func `a secret that is sealed, sent or wrong is told by nobody`() async throws {
        try await TestServer.with(.init(isScheduling: false)) { server in
            // Every answer is held against the word; see `TestServer`.
            let word = TestServer.secret
            for (name, value) in [
                ("right", word), ("odd", "nonsense \(word)"),
                ("whole", "postgres://reader:\(word)@127.0.0.1:1/d?connect_timeout=2"),
            ] {
                try await server.ask(
                    "PUT",
                    "/api/v1/secrets/\(name)",
                    .object(["value": .string(value)])
                ).expect(204)
            }
            server.hide(try key(of: server))
            for (name, dsn) in [
                ("right", "postgres://reader:secret:right@127.0.0.1:1/d?connect_timeout=2"),
                ("whole", "secret:whole"), ("odd", "secret:odd"),
            ] {
                let source: JSONValue = .object(["id": .string(name), "dsn": .string(dsn)])
                try await server.ask("POST", "/api/v1/sources", source).expect(201)
                let check = try await server.ask("POST", "/api/v1/sources/\(name)/check")
                #expect([422, 424].contains(check.status), "\(check.text)")
                let streams = try await server.ask("GET", "/api/v1/sources/\(name)/streams")
                #expect(streams.status == check.status)
            }
            for (dsn, told) in [
                ("postgres://u:\(word)@h/d", true), ("postgres://h/d?password=\(word)", true),
                ("postgres://u:\(word)@h/d?x=#", true), ("\(word)", false),
            ] {
                let source: JSONValue = .object(["id": "inline", "dsn": .string(dsn)])
                let answer = try await server.ask("POST", "/api/v1/sources", source)
                answer.expect(422, field: "dsn")
                #expect(answer.text.contains("secret put") == told, "\(answer.text)")
            }
            // A body that is no secret's may hold one by mistake.
            try await server.ask(
                "PUT",
                "/api/v1/secrets/x",
                .object(["value": "x", "valeu": .string(word)])
            )
            .expect(422, field: "valeu")
            for operation in server.operations
            where operation.method == "GET" && !operation.namesSomething {
                let answer = try await server.ask("GET", operation.path)
                #expect(answer.status < 400 || operation.name == "getReadiness")
            }
            for line in server.logLines {
                for hidden in [word, server.token(.admin), try key(of: server)] {
                    #expect(!line.contains(hidden), "\(line)")
                }
            }
            #expect(server.logLines.count > 10)
        }
    }

    /// The key that secrets are sealed with.
    private func key(of server: TestServer) throws -> String {
        let text = try String(
            contentsOfFile: "\(server.folder)/config/tributary/key",
            encoding: .utf8
        )
        return String(text.prefix { !$0.isNewline })
    }

    @Test func `a secret is sent to the hosts it is bound to, and others are told no`() async throws
    {
        let setup = TestServer.Setup(
            isScheduling: false,
            sourceHosts: ["127.0.0.1", "*.good.example"]
        )
        try await TestServer.with(setup) { server in
            let value: JSONValue = .string(TestServer.secret)
            let hosts: JSONValue = .array(["127.0.0.1"])
            try await server.ask("PUT", "/api/v1/secrets/free", .object(["value": value]))
                .expect(204)
            try await server.ask(
                "PUT",
                "/api/v1/secrets/bound",
                .object(["value": value, "hosts": hosts])
            ).expect(204)
            for (name, secret, host, role, status): (String, String, String, Role, Int) in [
                ("a", "free", "127.0.0.1:1", .operator, 403),
                ("b", "bound", "127.0.0.1:1", .operator, 201),
                ("c", "bound", "a.good.example", .operator, 201),
                ("d", "bound", "127.0.0.2:1", .operator, 201),
            ] {
                let dsn = "postgres://u:secret:\(secret)@\(host)/d?connect_timeout=2"
                let source: JSONValue = .object(["id": .string(name), "dsn": .string(dsn)])
                try await server.ask("POST", "/api/v1/sources", source, as: role).expect(status)
            }
            for (name, status) in [("b", 424), ("c", 403), ("d", 403)] {
                try await server.ask("POST", "/api/v1/sources/\(name)/check").expect(status)
            }
        }
    }

    @Test func `secrets are put under an administrator's name, and listed by names`() async throws {
        try await TestServer.with(.init(isScheduling: false)) { server in
            let hosts: JSONValue = .array(["db.example"])
            let body: JSONValue = .object(["value": .string(TestServer.secret), "hosts": hosts])
            for _ in 0..<2 { try await server.ask("PUT", "/api/v1/secrets/a", body).expect(204) }
            let items = try await server.ask("GET", "/api/v1/secrets").items
            #expect(items.count == 1 && items[0]["id"] == "a" && items[0]["hosts"] == hosts)
            #expect(items[0]["created_by"] == "token:test-admin", "\(items)")
            let large = String(repeating: "x", count: (64 << 10) + 1)
            try await server.ask("PUT", "/api/v1/secrets/b", .object(["value": .string(large)]))
                .expect(422, problem: "secret")
            try await server.ask("PUT", "/api/v1/secrets/b", .object(["value": ""]))
                .expect(422, field: "value")
            let events = try await server.ask("GET", "/api/v1/events").items
            #expect(events.count { $0["kind"] == "secret.put" } == 2)
        }
    }
}
