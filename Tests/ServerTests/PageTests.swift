import Daemon
import JSON
import TestSupport
import Testing

/// Lists are given in pages.
@Suite struct PageTests {
    /// Names of all items, in pages of a size; the last page says that there is no more.
    private func walk(
        _ server: TestServer,
        _ list: String,
        _ parameter: String,
        by size: Int,
        _ name: @Sendable (JSONValue) -> String?
    ) async throws -> [String] {
        var found: [String] = []
        var next: String?
        var count = 0
        repeat {
            let rest = next.map { "&\(parameter)=\($0)" } ?? ""
            let path = "\(list)\(list.contains("?") ? "&" : "?")limit=\(size)\(rest)"
            let answer = try await server.ask("GET", path).expect(200)
            #expect(!answer.items.isEmpty && answer.items.count <= size, "\(path): \(answer.text)")
            found += answer.items.compactMap(name)
            next = answer["next"]?.string
            if next != nil { #expect(answer.items.count == size, "\(path)") }
            count += 1
        } while next != nil && count < 2_000
        return found
    }

    @Test(arguments: [true, false])
    func `a walk over schedules and datasets meets each one once`(_ isScheduling: Bool) async throws
    {
        let setup = TestServer.Setup(isScheduling: isScheduling, hasShop: true)
        try await TestServer.with(setup) { server in
            for size in [1, 2, 3, 6, 7, 8, 1_000] {
                let ids = try await walk(server, "/api/v1/schedules", "after", by: size) {
                    $0["definition"]?["id"]?.string
                }
                #expect(ids == Shop.schedules, "\(size)")
                let tables = try await walk(server, "/api/v1/datasets", "after", by: size) {
                    $0["name"]?.string
                }
                #expect(tables == Shop.loaded.map { "shop.\($0)" }, "\(size)")
            }
        }
    }

    @Test func `a walk over runs and events meets each one once, the newest first`() async throws {
        let count = 1_030
        let setup = TestServer.Setup(isScheduling: false, hasShop: true) { node, clock in
            try await clock.writeHistory(
                of: "orders",
                "shop.orders",
                count: count,
                to: node.metastore
            )
        }
        try await TestServer.with(setup) { server in
            for list in [
                "/api/v1/runs?schedule=orders&origin=schedule",
                "/api/v1/schedules/orders/runs?state=skipped",
            ] {
                for size in [100, 999, 1_000] {
                    let times = try await walk(server, list, "before", by: size) {
                        $0["scheduled_for"]?.string
                    }
                    #expect(times.count == count, "\(list), \(size)")
                    #expect(Set(times).count == times.count)
                    #expect(times == times.sorted(by: >))
                }
            }
            let all = try await server.ask("GET", "/api/v1/events?limit=1000").items
            #expect(all.count > 10)
            for size in [1, 3, all.count - 1, all.count, all.count + 1] {
                let kinds = try await walk(server, "/api/v1/events", "before", by: size) {
                    "\($0["kind"]?.string ?? "") \($0["subject"]?.string ?? "")"
                }
                #expect(kinds.count == all.count, "\(size)")
            }
        }
    }

    @Test func `a page has 1 to 1,000 items, whatever else is asked for`() async throws {
        try await TestServer.with(.init(isScheduling: false, hasShop: true)) { server in
            let lists = server.operations.filter { $0.query.contains("limit") }
            #expect(lists.count == 5)
            for operation in lists {
                let path = operation.path.replacing("{id}", with: "orders")
                for limit in [
                    "0", "-1", "1001", "+1", "1.0", "1e2", "", "many", "99999999999999999999",
                ] {
                    try await server.ask("GET", "\(path)?limit=\(limit)")
                        .expect(400, field: "limit", problem: "invalid")
                }
                for limit in [1, 1_000] {
                    try await server.ask("GET", "\(path)?limit=\(limit)").expect(200)
                }
            }
        }
    }

    @Test func `a place in a list that is none is refused, and one behind the end is empty`()
        async throws
    {
        try await TestServer.with(.init(isScheduling: false, hasShop: true)) { server in
            for list in ["/api/v1/runs", "/api/v1/events", "/api/v1/schedules/orders/runs"] {
                for place in ["0", "-1", "x", "", "+5"] {
                    try await server.ask("GET", "\(list)?before=\(place)")
                        .expect(400, field: "before", problem: "invalid")
                }
                let answer = try await server.ask("GET", "\(list)?before=1").expect(200)
                #expect(answer.items.isEmpty && answer["next"] == nil)
            }
            for list in ["/api/v1/schedules", "/api/v1/datasets"] {
                let answer = try await server.ask("GET", "\(list)?after=zzz").expect(200)
                #expect(answer.items.isEmpty && answer["next"] == nil)
            }
        }
    }

    @Test func `runs are chosen by what the query says`() async throws {
        try await TestServer.with(.init(hasShop: true)) { server in
            let runs = try await server.runSome()
            for (query, expected) in [
                ("state=failed", ["failed"]), ("state=running", ["held"]),
                (
                    "schedule=orders&since=\(server.clock.text(minutes: -10))&origin=manual",
                    ["ended"]
                ),
                ("dataset=shop.held", ["held"]), ("dataset=shop.nowhere", []),
                ("until=2000-01-01T00:00:00Z", []), ("since=2030-01-01T00:00:00Z", []),
            ] {
                let answer = try await server.ask("GET", "/api/v1/runs?\(query)").expect(200)
                let ids = Set(answer.items.compactMap { $0["id"]?.string })
                #expect(ids.isSuperset(of: expected.compactMap { runs[$0] }), "\(query)")
                #expect(ids.isEmpty == expected.isEmpty, "\(query)")
            }
            for query in ["state=odd", "origin=odd", "since=today", "until=1", "state="] {
                let field = String(query.prefix { $0 != "=" })
                try await server.ask("GET", "/api/v1/runs?\(query)")
                    .expect(400, field: field, problem: "invalid")
            }
        }
    }
}
