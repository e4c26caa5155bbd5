import Basics
import Commands
import Daemon
import Definitions
import FoundationEssentials
import Logging
import Metastore
import Server
import TestSupport
import Testing

/// `apply` makes sources and schedules what a file says, or nothing.
@Suite struct ApplyTests {
    /// A lake, and what a file would make of it.
    private struct Lake {
        let folder: String
        let node: Node

        static func with(_ body: (Lake) async throws -> Void) async throws {
            try await withScratchDirectory { folder in
                let settings = NodeSettings(
                    lake: folder + "/lake",
                    environment: ["XDG_CONFIG_HOME": folder + "/config"],
                    release: "tributary test"
                )
                let log = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
                let node = try await Node(settings, log: log)
                try await body(Lake(folder: folder, node: node))
                try node.metastore.close()
            }
        }

        func plan(_ yaml: String, prunes: Bool = false) async throws -> ApplyProbe {
            let file = folder + "/definitions.yaml"
            try yaml.write(toFile: file, atomically: true, encoding: .utf8)
            return try await ApplyProbe(file: file, API(node), prunes: prunes)
        }

        /// Notes an issue where there are other sources and schedules than those.
        func expect(
            _ ids: [String],
            _ location: SourceLocation = #_sourceLocation
        ) async throws {
            let sources = try await node.sources.list().documents.map(\.id.rawValue)
            let schedules = try await node.schedules.list().documents.map(\.id.rawValue)
            #expect(sources.sorted() + schedules.sorted() == ids, sourceLocation: location)
        }
    }

    /// What is told of something that cannot be; empty for what can.
    private func refusal(_ body: () async throws -> Void) async -> String {
        do {
            try await body()
            return ""
        } catch {
            return "\(error)"
        }
    }

    private static let sources = """
        sources:
          - {id: shop, dsn: "sqlite:/tmp/shop.db"}
          - {id: spare, dsn: "postgres://u@db.example/d"}

        """
    private static let schedules = """
        schedules:
          - {id: one, source: shop, stream: orders, dataset: shop.one, trigger: "@daily"}
          - {id: two, source: spare, stream: a.b, dataset: shop.two, trigger: "0 3 * * *"}

        """

    @Test func `a file is made true, and applied again changes nothing`() async throws {
        try await Lake.with { lake in
            let first = try await lake.plan(Self.sources + Self.schedules)
            #expect(
                first.changes == [
                    "POST sources shop", "POST sources spare", "POST schedules one",
                    "POST schedules two",
                ]
            )
            // A plan by itself changes nothing.
            try await lake.expect([])
            try await first.perform()
            try await lake.expect(["shop", "spare", "one", "two"])
            #expect(try await lake.plan(Self.sources + Self.schedules).changes == [])
        }
    }

    @Test func `what differs is changed, by its fields`() async throws {
        try await Lake.with { lake in
            try await lake.plan(Self.sources + Self.schedules).perform()
            let changed = (Self.sources + Self.schedules).replacing("@daily", with: "@hourly")
                .replacing("db.example/d", with: "db.example/e")
            let plan = try await lake.plan(changed)
            #expect(plan.changes == ["PUT sources spare dsn", "PUT schedules one trigger"])
            try await plan.perform()
            let schedule = try await lake.node.schedules.get(DefinitionID("one")).document
            #expect(schedule.trigger == "@hourly")
            #expect(try await lake.plan(changed).changes == [])
        }
    }

    @Test func `what the file does not name stays, and goes when that is asked for`() async throws {
        try await Lake.with { lake in
            try await lake.plan(Self.sources + Self.schedules).perform()
            let rest = """
                sources:
                  - {id: shop, dsn: "sqlite:/tmp/shop.db"}
                schedules:
                  - {id: one, source: shop, stream: orders, dataset: shop.one, trigger: "@daily"}
                """
            #expect(try await lake.plan(rest).changes == [])
            let plan = try await lake.plan(rest, prunes: true)
            #expect(plan.changes == ["DELETE schedules two", "DELETE sources spare"])
            try await plan.perform()
            try await lake.expect(["shop", "one"])
        }
    }

    @Test(
        arguments: [
            (
                "schedules:\n  - {id: bad, source: shop, stream: s, dataset: a.b, trigger: never}",
                "trigger"
            ),
            (
                "schedules:\n  - {id: bad, source: shop, stream: s, dataset: a.b, trigger: '@daily', odd: 1}",
                "odd"
            ),
            (
                "schedules:\n  - {source: shop, stream: s, dataset: a.b, trigger: '@daily'}",
                "has an id"
            ),
            (
                "schedules:\n  - {id: bad, source: nowhere, stream: s, dataset: a.b, trigger: '@daily'}",
                "nowhere"
            ),
            (
                "schedules:\n  - &a {id: bad, source: shop, stream: s, dataset: a.b, trigger: '@daily'}\n"
                    + "  - {id: bad, source: shop, stream: s, dataset: a.c, trigger: '@daily'}",
                "twice"
            ),
            ("sources: [{id: bad, dsn: 'postgres://u:word@h/d'}]", "password"),
            ("sources: [{id: BAD, dsn: 'sqlite:x'}]", "name"), ("sources: {id: bad}", "is a list"),
            ("others: []", "others"), ("- a", "lists"), ("", "lists"), ("sources: [", "yaml"),
        ]
    )
    func `a file in which anything is wrong changes nothing`(_ yaml: String, _ told: String)
        async throws
    {
        try await Lake.with { lake in
            // What is right in it comes first.
            let before =
                yaml.hasPrefix("schedules")
                ? Self.sources : yaml.hasPrefix("sources") ? Self.schedules : ""
            let message = await refusal {
                try await lake.plan(before + yaml).perform()
            }
            #expect(message.contains(told), "\(message)")
            try await lake.expect([])
        }
    }

    @Test func `a source that the file needs is not deleted for not being in it`() async throws {
        try await Lake.with { lake in
            try await lake.plan(Self.sources).perform()
            // It is there already, so the file need not have it.
            let plan = try await lake.plan(Self.schedules)
            #expect(plan.changes.count == 2)
            let message = await refusal {
                try await lake.plan(Self.schedules, prunes: true).perform()
            }
            #expect(message.contains("not in the file"), "\(message)")
            try await lake.expect(["shop", "spare"])
        }
    }

    @Test func `a file that cannot be read is named`() async throws {
        try await Lake.with { lake in
            let message = await refusal {
                _ = try await ApplyProbe(file: "/nowhere/at.all", API(lake.node))
            }
            #expect(message.contains("/nowhere/at.all"), "\(message)")
        }
    }
}
