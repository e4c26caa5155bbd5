import Daemon
import Definitions
import JSON
import TestSupport
import Testing

/// Every endpoint of the table that the OpenAPI document is made of.
@Suite struct EndpointTests {
    private static let quiet = TestServer.Setup(isScheduling: false)
    private static let shop = TestServer.Setup(isScheduling: false, hasShop: true)

    /// Members that no answer of the walk has, since what they tell of does not happen there.
    private static let rare: Set<String> = [
        // Of documents that cannot be used, and of a process that is not ready.
        "ListedSchedule.id", "ListedSchedule.problem", "ListedSource.problem", "SecretName.problem",
        "Token.problem", "Readiness.reason",
        // Of a schedule that paused itself.
        "ScheduleStatus.pause_reason",
        // Of lists that come whole.
        "SourceList.next", "StreamList.next", "SnapshotList.next", "SecretList.next",
        "TokenList.next",
        // Told in the events of a run, and with its attempts.
        "Run.progress",
        // Of sources that know how many rows there are before they read them.
        "Progress.estimated_rows",
    ]

    @Test func `there is an example of every endpoint, and of nothing else`() async throws {
        try await TestServer.with(Self.quiet) { server in
            let names = server.operations.map(\.name).sorted()
            #expect(names.count > 30 && Set(names).count == names.count)
            #expect(names == Example.all.map(\.operation).sorted())
        }
    }

    @Test func `every endpoint does what it is there for, as its schema says`() async throws {
        let setup = TestServer.Setup(hasShop: true) { node, clock in
            try await clock.writeHistory(of: "orders", "shop.orders", count: 3, to: node.metastore)
        }
        try await TestServer.with(setup) { server in
            let runs = try await server.runSome()
            try await server.makeFull()
            for (operation, example) in server.examples {
                let path = server.path(of: example, runs)
                let answer = try await server.ask(
                    operation.method,
                    path,
                    example.body,
                    as: example.role
                )
                answer.expect(operation.status)
                let type = answer[header: "content-type"] ?? ""
                #expect(type.isEmpty == answer.text.isEmpty, "\(answer.request): \(type)")
            }
            #expect(server.succeeded == Set(server.operations.map(\.name)))
            try await server.askForMore()
            let checker = server.checker
            let promised = server.operations.reduce(into: Set<String>()) { found, operation in
                guard let schema = operation.schema(of: operation.status)?["$ref"]?.string else {
                    return
                }
                let name = schema.split(separator: "/").last.map(String.init) ?? ""
                found.formUnion(checker.members(of: name))
            }
            #expect(promised.count > 100)
            let unseen = promised.subtracting(checker.seen).subtracting(Self.rare)
            #expect(unseen.isEmpty, "promised, and never told: \(unseen.sorted())")
        }
    }

    @Test func `who may ask what is as the document says, for every role`() async throws {
        try await TestServer.with(Self.quiet) { server in
            for (operation, example) in server.examples {
                #expect(operation.role == example.role, "\(operation.name)")
                let path = server.path(of: example, ["held": "none", "ended": "none"])
                guard let lowest = example.role else {
                    let answer = try await server.ask(operation.method, path, nil, as: nil)
                    #expect(answer.status != 401 && answer.status != 403, "\(answer.request)")
                    continue
                }
                let stranger = try await server.ask(operation.method, path, nil, as: nil)
                stranger.expect(401, problem: "unauthorized")
                #expect(stranger[header: "www-authenticate"]?.contains("Bearer") == true)
                for role in Role.allCases {
                    let body = example.body
                    let answer = try await server.ask(operation.method, path, body, as: role)
                    if role < lowest {
                        answer.expect(403, problem: "forbidden")
                        #expect(answer.text.contains(lowest.rawValue), "\(answer.text)")
                    } else {
                        #expect(answer.status != 401 && answer.status != 403, "\(answer.request)")
                    }
                }
            }
        }
    }

    @Test func `what is not there is not found, whatever is asked of it`() async throws {
        try await TestServer.with(Self.shop) { server in
            for (operation, example) in server.examples where operation.namesSomething {
                // What one of them puts there is not found by the others.
                let name = operation.name.lowercased()
                let path = operation.path.replacing(/\{\w+\}/, with: name)
                let answer = try await server.ask(operation.method, path, example.body)
                // A secret is put where none was.
                let status = operation.name == "putSecret" ? 204 : 404
                answer.expect(status)
                if status == 404 { #expect(answer.problem == "not-found", "\(answer.text)") }
            }
        }
    }

    @Test func `a path takes its methods and no other, and says which`() async throws {
        try await TestServer.with(Self.quiet) { server in
            let paths = Dictionary(grouping: server.operations, by: \.path)
            for (path, operations) in paths {
                let own = operations.map(\.method).sorted()
                let path = path.replacing(/\{\w+\}/, with: "orders")
                for method in ["GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS", "LOCK"]
                where !own.contains(method) {
                    let answer = try await server.ask(method, path)
                    answer.expect(405, problem: "method")
                    #expect(answer[header: "allow"] == own.joined(separator: ", "))
                }
            }
        }
    }

    @Test func `there is nothing at any other path, for nobody`() async throws {
        try await TestServer.with(Self.quiet) { server in
            for path in [
                "/", "/api", "/api/v1", "/api/v2/schedules", "/api/v1/schedule",
                "/API/v1/schedules", "/api/v1/schedules/orders/run/now", "/healthz",
                "/api/v1/openapi", "/ready/x",
            ] {
                for role in [nil, Role.admin] {
                    for method in ["GET", "DELETE", "LOCK"] {
                        try await server.ask(method, path, as: role)
                            .expect(404, problem: "not-found")
                    }
                }
            }
        }
    }

    @Test func `a parameter that nobody knows is refused everywhere, as is one given twice`()
        async throws
    {
        try await TestServer.with(Self.quiet) { server in
            for (operation, example) in server.examples {
                let path = server.path(of: example, ["held": "none", "ended": "none"])
                    .prefix { $0 != "?" }
                let answer = try await server.ask(operation.method, path + "?odd=1")
                answer.expect(400, field: "odd")
                for name in operation.query where !operation.namesSomething {
                    let answer = try await server.ask("GET", path + "?\(name)=1&\(name)=1")
                    answer.expect(400, field: name)
                }
            }
        }
    }
}

extension TestServer {
    /// Runs some schedules: one has ended, one has failed, one goes on.
    func runSome() async throws -> [String: String] {
        var runs: [String: String] = [:]
        for (word, schedule) in [("failed", "failing"), ("ended", "orders"), ("held", "held")] {
            let answer = try await ask("POST", "/api/v1/schedules/\(schedule)/run").expect(202)
            let id = answer["id"]?.string ?? ""
            runs[word] = id
            try await pollUntil("the run of \(schedule)") {
                let state = try await ask("GET", "/api/v1/runs/\(id)")["state"]
                return state
                    == (word == "held" ? "running" : word == "ended" ? "succeeded" : "failed")
            }
        }
        return runs
    }

    /// A source of each kind, with every field it has.
    private static let everyField: [JSONObject] = [
        [
            "kind": "postgres", "host": "db.example", "port": "5433", "user": "reader",
            "password": "env:SHOP_PASSWORD", "database": "shop",
            "sslpassword": "env:SHOP_PASSWORD", "parameters": .object(["sslmode": "require"]),
        ],
        [
            "kind": "mysql", "host": "db.example", "port": .integer(3307), "user": "reader",
            "password": "env:SHOP_PASSWORD", "database": "shop", "ssl_mode": "verify-full",
            "ssl_ca": "/ca.pem", "ssl_cert": "/cert.pem", "ssl_key": "/key.pem",
            "connect_timeout": .integer(5), "defaults_file": "/my.cnf", "defaults_group": "client",
        ],
        ["kind": "mysql", "socket": "/run/mysqld.sock", "user": "reader"],
        ["kind": "sqlite", "file": "/srv/shop.db"],
    ]

    /// Makes a schedule and a source in which every field is set, and a run that waits for its next attempt.
    fileprivate func makeFull() async throws {
        let address: JSONObject = [
            "kind": "postgres", "dsn": "postgres://reader@db.example/d", "parallel": .integer(3),
            "max_connections": .integer(5), "lock_timeout": "7s",
            "max_bytes_per_second": .integer(1_000_000),
        ]
        let source = address.merging(["id": "full", "description": "all of it"])
        try await ask("POST", "/api/v1/sources", .object(source)).expect(201)
        try await ask("GET", "/api/v1/sources/full").expect(200)
        let sync: JSONObject = [
            "mode": "incremental", "cursor": "changed_at", "primary_key": .array(["id"]),
            "on_conflict": "merge", "lookback": "1h", "columns": .array(["id", "changed_at"]),
            "where": "id > 0", "policy": "null",
            "column_policies": .object(["id": "string"]), "schema": "freeze",
            "allow_type_change": .boolean(true), "accept_unseen_changes": .boolean(true),
            "require_equal": .boolean(true), "encoding": "compact",
        ]
        for (number, fields) in Self.everyField.enumerated() {
            let own = fields.merging(["id": .string("full-\(number)")])
            try await ask("POST", "/api/v1/sources", .object(own)).expect(201)
            try await ask("GET", "/api/v1/sources/full-\(number)").expect(200)
            let schedule: JSONObject = [
                "id": .string("full-\(number)"), "source": .object(fields), "stream": "public.full",
                "dataset": .string("shop.full_\(number)"), "trigger": "@manual",
            ]
            try await ask("POST", "/api/v1/schedules", .object(schedule)).expect(201)
            try await ask("GET", "/api/v1/schedules/full-\(number)").expect(200)
        }
        let schedule: JSONObject = [
            "id": "full", "description": "all of it", "source": .object(address),
            "stream": "public.full", "dataset": "shop.full", "sync": .object(sync),
            "trigger": "30 2 * * *", "time_zone": "Europe/Berlin", "dst": "vixie",
            "start": "next", "overlap": "skip",
            "catch_up": .object(["max": .integer(3), "window": "7d"]), "jitter": "10s",
            "retry": .object(["attempts": .integer(2), "base": "5s", "cap": "1m"]),
            "timeout": "1h", "start_at": "2025-01-01T00:00:00Z", "end_at": "2030-01-01T00:00:00Z",
            "pause_after": .integer(3), "enabled": .boolean(true),
        ]
        try await ask("POST", "/api/v1/schedules", .object(schedule)).expect(201)
        let run = try await ask("POST", "/api/v1/schedules/flaky/run").expect(202)
        let path = "/api/v1/runs/\(run["id"]?.string ?? "")"
        try await pollUntil("a wait for the next attempt") {
            try await ask("GET", path)["retry_at"] != nil
        }
    }

    /// Asks for what the examples leave out: pages that go on, a day without its hour, runs of all sorts.
    fileprivate func askForMore() async throws {
        for operation in operations where operation.query.contains("limit") {
            let path = operation.path.replacing("{id}", with: "orders")
            let answer = try await ask("GET", "\(path)?limit=1").expect(200)
            #expect(answer["next"] != nil, "\(answer.request)")
        }
        try await ask("GET", "/api/v1/schedules/full/next?count=200").expect(200)
        for run in try await ask("GET", "/api/v1/runs?limit=1000").items {
            try await ask("GET", "/api/v1/runs/\(run["id"]?.string ?? "")").expect(200)
        }
    }

    /// The path of an example, with the ids of runs in it.
    func path(of example: Example, _ runs: [String: String]) -> String {
        runs.reduce(example.path) { $0.replacing("{\($1.key)}", with: $1.value) }
    }
}
