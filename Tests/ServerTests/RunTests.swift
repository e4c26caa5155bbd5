import JSON
import TestSupport
import Testing

/// Runs as they are asked for, watched and stopped.
@Suite struct RunTests {
    /// The events of a stream: their names, and what they say.
    private func events(_ answer: Answer) throws -> [(name: String, run: JSONValue)] {
        try answer.text.split(separator: "\n\n").map { part in
            let lines = part.split(separator: "\n")
            #expect(
                lines.count == 2 && lines[0].hasPrefix("event: ") && lines[1].hasPrefix("data: ")
            )
            let data = try JSONValue(parsing: Array(lines[1].dropFirst(6).utf8))
            return (String(lines[0].dropFirst(7)), data)
        }
    }

    /// Notes an issue where a run is not as its schema says.
    private func check(_ run: JSONValue, _ server: TestServer) {
        var checker = server.checker
        let schema: JSONValue = .object(["$ref": "#/components/schemas/Run"])
        #expect(checker.faults(run, schema, "event").isEmpty, "\(run)")
    }

    @Test func `whoever watches a run sees it go on, and its end as the last`() async throws {
        try await TestServer.with(.init(hasShop: true)) { server in
            let id = try await server.runSome()["held"] ?? ""
            try await withThrowingTaskGroup(of: Answer.self) { group in
                group.addTask { try await server.ask("GET", "/api/v1/runs/\(id)/events") }
                try await pollUntil("a few reports") {
                    server.clock.waitCount(500) > 2
                }
                server.work.letGo()
                let answer = try await group.next()?.expect(200)
                #expect(answer?[header: "content-type"] == "text/event-stream")
                #expect(answer?[header: "cache-control"] == "no-store")
                let events = try answer.map(events) ?? []
                #expect(events.count > 2)
                for event in events { check(event.run, server) }
                #expect(events.dropLast().allSatisfy { $0.name == "progress" })
                #expect(events.first?.run["state"] == "running")
                #expect(events.first?.run["progress"]?["phase"] == "waiting")
                #expect(events.last?.name == "end")
                #expect(events.last?.run["state"] == "succeeded")
                #expect(events.last?.run["rows"] == .integer(12))
            }
            let again = try events(try await server.ask("GET", "/api/v1/runs/\(id)/events"))
            #expect(again.map(\.name) == ["end"])
        }
    }

    @Test func `a stream of a run that goes on ends with the server`() async throws {
        try await TestServer.with(.init(isScheduling: false, hasShop: true)) { server in
            try await withThrowingTaskGroup(of: Answer.self) { watchers in
                try await withThrowingTaskGroup(of: Void.self) { group in
                    group.addTask { try await server.schedule() }
                    try await pollUntil("the scheduler") { server.leads }
                    let id = try await server.runSome()["held"] ?? ""
                    watchers.addTask { try await server.ask("GET", "/api/v1/runs/\(id)/events") }
                    try await pollUntil("a report") {
                        server.clock.waitCount(500) > 0
                    }
                    group.cancelAll()
                }
                let events = try await watchers.next().map(events) ?? []
                #expect(!events.isEmpty && events.allSatisfy { $0.name == "progress" })
            }
        }
    }

    @Test func `a run that is cancelled stops, and cannot be a second time`() async throws {
        try await TestServer.with(.init(hasShop: true)) { server in
            let runs = try await server.runSome()
            let path = "/api/v1/runs/\(runs["held"] ?? "")"
            try await server.ask("POST", "\(path)/cancel").expect(202)
            let ended = try await poll("the end") {
                let answer = try await server.ask("GET", path)
                return answer["state"] == "cancelled" ? answer : nil
            }
            #expect(ended["reason"] == "asked", "\(ended.text)")
            for word in ["held", "ended", "failed"] {
                try await server.ask("POST", "/api/v1/runs/\(runs[word] ?? "")/cancel")
                    .expect(409, problem: "conflict")
            }
        }
    }

    @Test func `a run that failed says why, with its remedy as a field`() async throws {
        try await TestServer.with(.init(hasShop: true)) { server in
            let id = try await server.runSome()["failed"] ?? ""
            let run = try await server.ask("GET", "/api/v1/runs/\(id)").expect(200)
            #expect(run["failure_class"] == "data" && run["state"] == "failed")
            #expect(run["message"]?.string?.contains("`policy: string`") == true, "\(run.text)")
            #expect(run["attempt_list"]?.array?.count == 1)
        }
    }

    @Test func `a schedule that runs is not run beside itself`() async throws {
        try await TestServer.with(.init(hasShop: true)) { server in
            _ = try await server.runSome()
            try await server.ask("POST", "/api/v1/schedules/held/run")
                .expect(409, problem: "conflict")
            // Only one that keeps rows can be told to adopt them.
            try await server.ask(
                "POST",
                "/api/v1/schedules/orders/run",
                .object(["rows_rule": "adopt"])
            ).expect(422, field: "rows_rule")
            // Without a clock there are no times to fill; a range has a beginning and an end.
            let range: JSONValue = .object([
                "from": "2025-11-20T08:00:00Z", "to": "2025-11-20T11:00:00Z",
            ])
            try await server.ask("POST", "/api/v1/schedules/orders/backfill", range)
                .expect(409, problem: "conflict")
            let back: JSONValue = .object([
                "from": "2025-11-20T11:00:00Z", "to": "2025-11-20T08:00:00Z",
            ])
            try await server.ask("POST", "/api/v1/schedules/hourly/backfill", back)
                .expect(422, field: "to")
        }
    }

    @Test func `a schedule that is paused is said to be, until it is resumed`() async throws {
        try await TestServer.with(.init(hasShop: true)) { server in
            let path = "/api/v1/schedules/hourly"
            let active = try await server.ask("GET", path)
            #expect(active["status"]?["state"] == "active", "\(active.text)")
            #expect(active["status"]?["next_due"] == "2025-11-20T13:00:00Z", "\(active.text)")
            let paused = try await server.ask("POST", "\(path)/pause").expect(200)
            #expect(paused["status"]?["state"] == "disabled", "\(paused.text)")
            #expect(paused["status"]?["next_due"] == nil)
            let resumed = try await server.ask("POST", "\(path)/resume").expect(200)
            #expect(resumed["status"]?["state"] == "active")
            let times = try await server.ask("GET", "\(path)/next?count=2").expect(200)
            #expect(
                times["times"]?.array?.compactMap { $0["local"]?.string }.count == 2,
                "\(times.text)"
            )
            for count in ["0", "1001", "x"] {
                try await server.ask("GET", "\(path)/next?count=\(count)")
                    .expect(400, field: "count")
            }
        }
    }

    @Test func `metrics count what was done, each with its help and kind`() async throws {
        try await TestServer.with(.init(hasShop: true)) { server in
            _ = try await server.runSome()
            let answer = try await server.ask("GET", "/metrics").expect(200)
            #expect(answer[header: "content-type"]?.hasPrefix("text/plain; version=0.0.4") == true)
            var values: [String: Double] = [:]
            var known: Set<Substring> = []
            for line in answer.text.split(separator: "\n") {
                let words = line.split(separator: " ")
                if line.hasPrefix("#") {
                    #expect(words.count > 3 || words[1] == "TYPE", "\(line)")
                    if words[1] == "TYPE" { #expect(known.insert(words[2]).inserted, "\(line)") }
                    continue
                }
                let name = words[0].prefix { $0 != "{" }
                let base = name.replacing(/_(bucket|sum|count)$/, with: "")
                #expect(known.contains(name) || known.contains(base[...]), "\(line)")
                values[String(words[0])] = Double(words[1])
                #expect(words.count == 2 && Double(words[1]) != nil, "\(line)")
            }
            #expect(values["tributary_ready"] == 1 && values["tributary_leads"] == 1)
            #expect(values["tributary_schedules"] == Double(Shop.schedules.count))
            #expect(values["tributary_runs_running"] == 1)
            #expect(values[#"tributary_occurrences_total{origin="manual"}"#] == 3)
            #expect(values[#"tributary_occurrences_ended_total{state="succeeded"}"#] == 1)
            #expect(values[#"tributary_occurrences_ended_total{state="failed"}"#] == 1)
            #expect(values[#"tributary_attempts_failed_total{class="data"}"#] == 1)
            #expect(values["tributary_rows_total"] == 12)
            #expect(values["tributary_attempts_total"] == 3)
        }
    }
}
