import FoundationEssentials
import Glibc
import JSON
import TestSupport
import Testing

/// What the service says of itself.
@Suite struct StateTests {
    private func ready(_ server: TestServer) async throws -> Answer {
        try await server.ask("GET", "/ready", as: nil)
    }

    /// Waits for an answer about readiness, while the clock goes on.
    private func wait(
        _ server: TestServer,
        for status: Int,
        _ reason: String = ""
    ) async throws -> Answer {
        try await poll("readiness \(status), \(reason)") {
            server.clock.pass(1_000)
            let answer = try await ready(server)
            let told = answer["reason"]?.string ?? ""
            return answer.status == status && (reason.isEmpty || told.contains(reason))
                ? answer : nil
        }
    }

    @Test func `one that leads is ready, and says what it schedules`() async throws {
        try await TestServer.with(.init(hasShop: true)) { server in
            let answer = try await ready(server).expect(200)
            #expect(answer["status"] == "ready" && answer["leads"] == .boolean(true))
            #expect(answer["leader"]?.string?.contains("\(getpid())") == true, "\(answer.text)")
            #expect(answer["schedules"] == .integer(Shop.schedules.count))
            #expect(answer["quarantined"] == .integer(0))
        }
    }

    @Test func `one that has not begun lives, is not ready and says so`() async throws {
        try await TestServer.with(.init(isScheduling: false, hasShop: true)) { server in
            try await server.ask("GET", "/health", as: nil).expect(200)
            let answer = try await ready(server).expect(503)
            #expect(answer["status"] == "not ready" && answer["leads"] == .boolean(false))
            #expect(answer["reason"]?.string?.contains("started") == true, "\(answer.text)")
            #expect(answer[header: "retry-after"] == "1")
        }
    }

    @Test func `one that stands by is ready, takes questions, and no work`() async throws {
        try await TestServer.with(.init(isScheduling: false, hasShop: true)) { server in
            #expect(try await server.giveLease(to: Self.other))
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask { try await server.schedule() }
                let answer = try await poll("a standby") {
                    let answer = try await ready(server)
                    return answer.status == 200 ? answer : nil
                }
                #expect(answer["leads"] == .boolean(false), "\(answer.text)")
                #expect(answer["leader"] == "process 1" && answer["schedules"] == nil)
                let list = try await server.ask("GET", "/api/v1/schedules").expect(200)
                #expect(list.items.count == Shop.schedules.count)
                let run = try await server.ask("POST", "/api/v1/schedules/orders/run")
                run.expect(503, problem: "not-ready")
                #expect(run[header: "retry-after"] == "1")
                let metrics = try await server.ask("GET", "/metrics").text
                #expect(metrics.contains("\ntributary_ready 1\n"))
                #expect(metrics.contains("\ntributary_leads 0\n"))
                group.cancelAll()
            }
        }
    }

    /// A process that is there: the first of the machine.
    private static var other: String {
        let fields = (try? String(contentsOfFile: "/proc/1/stat", encoding: .utf8)) ?? ""
        let start = fields.split(separator: ")").last?.split(separator: " ").dropFirst(19).first
        let boot =
            (try? String(contentsOfFile: "/proc/sys/kernel/random/boot_id", encoding: .utf8)) ?? ""
        let host = ProcessInfo.processInfo.hostName + "/" + boot.prefix(8)
        return #"{"host":"\#(host)","processID":1,"startTick":\#(start ?? "0")}"#
    }

    @Test func `one whose lake is away is not ready, and is when it is back`() async throws {
        try await TestServer.with(.init(hasShop: true)) { server in
            let files = FileManager.default
            try files.moveItem(atPath: server.lake, toPath: server.lake + ".away")
            let answer = try await wait(server, for: 503, "lake")
            #expect(answer["leads"] == .boolean(true), "\(answer.text)")
            try await server.ask("GET", "/health", as: nil).expect(200)
            // Who asks cannot be known: that is no wrong token.
            for (path, method) in [
                ("/api/v1/schedules/orders", "GET"), ("/metrics", "GET"),
                ("/api/v1/secrets", "GET"),
            ] {
                let answer = try await server.ask(method, path)
                answer.expect(503, problem: "unreachable")
                #expect(answer[header: "retry-after"] == "1")
            }
            try files.moveItem(atPath: server.lake + ".away", toPath: server.lake)
            _ = try await wait(server, for: 200)
            try await server.ask("GET", "/api/v1/schedules/orders").expect(200)
        }
    }

    @Test func `one whose folder of schedules is away is not ready and forgets none`() async throws
    {
        try await TestServer.with(.init(hasShop: true)) { server in
            let files = FileManager.default
            let folder = server.lake + "/_schedules"
            try files.moveItem(atPath: folder, toPath: server.folder + "/away")
            let answer = try await wait(server, for: 503, "_schedules")
            #expect(answer["leads"] == .boolean(true))
            let list = try await server.ask("GET", "/api/v1/schedules").expect(200)
            #expect(list.items.count == Shop.schedules.count)
            try files.moveItem(atPath: server.folder + "/away", toPath: folder)
            let back = try await wait(server, for: 200)
            #expect(back["schedules"] == .integer(Shop.schedules.count))
        }
    }

    @Test func `one that does not look at the clock any more is not ready`() async throws {
        try await TestServer.with(.init(hasShop: true)) { server in
            try await ready(server).expect(200)
            server.clock.hold(true)
            let answer = try await wait(server, for: 503, "go on")
            #expect(answer["status"] == "not ready")
            server.clock.hold(false)
            _ = try await wait(server, for: 200)
        }
    }

    @Test func `documents that cannot be used are told by their names`() async throws {
        try await TestServer.with(.init(hasShop: true)) { server in
            for kind in ["schedules", "sources", "secrets", "tokens"] {
                let folder = "\(server.lake)/_\(kind)"
                try FileManager.default.createDirectory(
                    atPath: folder,
                    withIntermediateDirectories: true
                )
                try "{".write(toFile: "\(folder)/bad.json", atomically: true, encoding: .utf8)
                let item = try await poll("the bad one of \(kind)") {
                    server.clock.pass(1_000)
                    return try await server.ask("GET", "/api/v1/\(kind)").items
                        .first { $0["id"] == "bad" }
                }
                #expect(item["problem"]?.string?.isEmpty == false, "\(item)")
            }
            try await server.ask("GET", "/api/v1/schedules/bad").expect(409, problem: "damaged")
            let answer = try await wait(server, for: 200)
            #expect(answer["quarantined"] == .integer(1))
        }
    }
}
