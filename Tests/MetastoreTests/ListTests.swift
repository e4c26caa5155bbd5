import Basics
import Metastore
import Scheduling
import TestSupport
import Testing

/// Lists as the index gives them.
@Suite struct ListTests {
    private static func record(_ id: String, document: String? = "{}") throws -> ScheduleRecord {
        let spec = ScheduleSpec(
            id: id,
            trigger: try Trigger(parsing: "@hourly"),
            target: "shop.\(id)",
            pool: "db",
            createdAt: 5
        )
        return ScheduleRecord(
            tag: "t",
            trigger: TriggerText("@hourly"),
            spec: spec,
            document: document
        )
    }

    private static func page(
        _ store: Metastore,
        after id: String? = nil,
        limit: Int = 10
    ) async throws -> [ListedSchedule] {
        try await store.listedSchedules(after: id, limit: limit) {
            try Trigger(parsing: $0.text)
        }
    }

    @Test func `schedules are listed with their documents and last runs, page by page`()
        async throws
    {
        let store = try Metastore()
        let lease = try await MetastoreTests.lease(store)
        #expect(try await !store.isWhole())
        let broken = ScheduleRecord(id: "c", tag: "t", problem: "it is no JSON")
        try await store.note(
            [try Self.record("a", document: "one"), try Self.record("b"), broken],
            gone: [],
            under: lease
        )
        try await store.noteWhole(under: lease)
        #expect(try await store.isWhole())
        var step = SchedulerStep()
        let ran = MetastoreTests.occurrence()
        step.changes = [
            .added(ran), .started(ran.id, attempt: 1, at: 60_010),
            .attempted(ran.id, attempt: 1, AttemptReport(.succeeded), at: 60_020),
            .ended(ran.id, .succeeded, nil, at: 60_020),
            // What was not run is no last run.
            .passed(
                MetastoreTests.occurrence(120_000),
                .skipped,
                .overlap,
                count: 1,
                through: 120_000
            ),
        ]
        _ = try await store.write(step, under: lease)
        let all = try await Self.page(store)
        #expect(all.map(\.record.id) == ["a", "b", "c"])
        #expect(all[0].record.document == "one")
        #expect(all[0].lastRun?.occurrence.id == ran.id)
        #expect(all[0].lastRun?.lastAttempt?.end == "succeeded")
        #expect(all[1].lastRun == nil)
        #expect(all[2].record.problem == "it is no JSON")
        #expect(try await Self.page(store, after: "a", limit: 1).map(\.record.id) == ["b"])
        // One that is gone is not listed, nor is its document when the name comes again.
        try await store.note([], gone: ["a"], under: lease)
        try await store.note([try Self.record("a", document: nil)], gone: [], under: lease)
        #expect(try await Self.page(store).first?.record.document == nil)
    }

    @Test func `tables are listed as they were seen, and a new one with its first run`()
        async throws
    {
        let store = try Metastore()
        let lease = try await MetastoreTests.lease(store)
        try await store.note(datasets: ["a.b", "a.c", "d.e"], under: lease)
        #expect(try await store.datasets(after: nil, limit: 2) == ["a.b", "a.c"])
        #expect(try await store.datasets(after: "a.c", limit: 2) == ["d.e"])
        try await store.note(datasets: ["a.c"], under: lease)
        #expect(try await store.datasets(after: nil, limit: 9) == ["a.c"])
        var step = SchedulerStep()
        let run = MetastoreTests.occurrence()
        var report = AttemptReport(.succeeded)
        report.snapshotID = 7
        step.changes = [
            .added(run), .started(run.id, attempt: 1, at: 60_010),
            .attempted(run.id, attempt: 1, report, at: 60_020),
            .ended(run.id, .succeeded, nil, at: 60_020),
        ]
        _ = try await store.write(step, under: lease)
        #expect(try await store.datasets(after: nil, limit: 9) == ["a.c", "shop.a"])
    }

    @Test func `runs are found by state, dataset and origin`() async throws {
        let store = try Metastore()
        let lease = try await MetastoreTests.lease(store)
        var step = SchedulerStep()
        for time in 1...9 {
            let run = MetastoreTests.occurrence(Instant(seconds: Int64(time) * 60))
            step.changes += [
                .added(run), .started(run.id, attempt: 1, at: 0),
                .ended(run.id, time % 3 == 0 ? .failed : .succeeded, nil, at: 1),
            ]
        }
        _ = try await store.write(step, under: lease)
        var filter = OccurrenceFilter()
        filter.states = [.failed]
        #expect(
            try await store.runs(filter).map(\.occurrence.scheduledFor) == [
                540_000, 360_000, 180_000,
            ]
        )
        filter.target = "shop.b"
        #expect(try await store.runs(filter).isEmpty)
        filter.target = "shop.a"
        filter.origin = .schedule
        filter.limit = 1
        #expect(try await store.runs(filter).map(\.occurrence.scheduledFor) == [540_000])
        filter.origin = .manual
        #expect(try await store.runs(filter).isEmpty)
    }

    @Test func `a file of the first version is taken over, and tells no command any more`()
        async throws
    {
        try await withScratchDirectory { folder in
            let path = "\(folder)/metastore.sqlite"
            let store = try Metastore(path: path)
            let lease = try await MetastoreTests.lease(store)
            try await store.note([try Self.record("a")], gone: [], under: lease)
            var step = SchedulerStep()
            step.changes = [.added(MetastoreTests.occurrence())]
            _ = try await store.write(step, under: lease)
            try store.close()
            // As the version before wrote it.
            let old = """
                import sqlite3, sys
                c = sqlite3.connect(sys.argv[1])
                for name in ["state", "target", "ran", "asked"]:
                    c.execute("DROP INDEX occurrences_" + name)
                for name in ["documents", "datasets"]:
                    c.execute("DROP TABLE " + name)
                c.execute("UPDATE occurrences SET pool = 'exec:pass hidden'")
                c.execute("DELETE FROM facts")
                c.execute("DELETE FROM grdb_migrations WHERE identifier LIKE '2 %'")
                c.commit()
                """
            try await ChildProcess.run(TestEnvironment.python, ["-c", old, path]).requireSuccess()
            let again = try Metastore(path: path)
            #expect(try await !again.isWhole(), "what is listed has not been read yet")
            #expect(try await again.unfinished().map(\.occurrence.pool) == ["unknown"])
            let known = try await again.schedules(limit: 9) { try Trigger(parsing: $0.text) }
            // Another tag than any document's: all are read again.
            #expect(known.map(\.tag) == [""])
            try again.close()
        }
    }
}
