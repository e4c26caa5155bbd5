import Basics
import Metastore
import Scheduling
import TestSupport
import Testing

@Suite struct MetastoreTests {
    static let now = Uptime(boot: "one", sinceBoot: 1_000)

    static func lease(_ store: Metastore, _ holder: String = "me") async throws -> Lease {
        try #require(
            try await store.lease("scheduler", for: holder, at: now, span: 100) { _ in true }
        )
    }

    static func occurrence(_ scheduledFor: Instant = 60_000) -> Occurrence {
        Occurrence(
            scheduleID: "a",
            origin: .schedule,
            scheduledFor: scheduledFor,
            dueAt: scheduledFor,
            claimedAt: scheduledFor + 3,
            era: 0,
            target: "shop.a",
            pool: "db"
        )
    }

    @Test func `an occurrence is recorded once, whoever records it`() async throws {
        let store = try Metastore()
        let lease = try await Self.lease(store)
        var step = SchedulerStep()
        step.changes = [.added(Self.occurrence())]
        #expect(try await store.write(step, under: lease) == [])
        #expect(try await store.write(step, under: lease) == [Self.occurrence().id])
        #expect(try await store.unfinished().map(\.occurrence.id) == [Self.occurrence().id])
    }

    @Test func `a run that follows another one in the same step is begun, once`() async throws {
        let store = try Metastore()
        let lease = try await Self.lease(store)
        let old = Self.occurrence()
        let new = Self.occurrence(120_000)
        var step = SchedulerStep()
        step.changes = [.added(old), .started(old.id, attempt: 1, at: 60_010)]
        #expect(try await store.write(step, under: lease) == [])
        // The new one is there before the old one's end is written: both are never running.
        step.changes = [
            .added(new),
            .attempted(old.id, attempt: 1, AttemptReport(.succeeded), at: 120_005),
            .ended(old.id, .succeeded, nil, at: 120_005),
            .started(new.id, attempt: 1, at: 120_006),
        ]
        #expect(try await store.write(step, under: lease) == [])
        let run = try #require(try await store.run(new.id))
        #expect(run.state == .running)
        #expect(run.occurrence.attempt == 1)
        #expect(run.occurrence.startedAt == 120_006)
        #expect(try await store.run(old.id)?.state == .succeeded)
        // Another process that has not seen it does not begin it again.
        step.changes = [.added(new), .started(new.id, attempt: 1, at: 120_900)]
        #expect(try await store.write(step, under: lease) == [new.id])
        #expect(try await store.attempts(of: new.id).count == 1)
        #expect(try await store.run(new.id)?.occurrence.startedAt == 120_006)
    }

    @Test func `occurrences keep the order in which they were recorded`() async throws {
        let store = try Metastore()
        let lease = try await Self.lease(store)
        for first: Instant in [60_000, 600_000] {
            var step = SchedulerStep()
            let all = (0..<3).map { Self.occurrence(first + .minutes($0)) }
            step.changes = all.map { .added($0) }
            if first == 60_000 {
                // The first one begins at once, and is written as running.
                step.changes.append(.started(all[0].id, attempt: 1, at: first))
            }
            #expect(try await store.write(step, under: lease) == [])
        }
        let times = try await store.unfinished().map(\.occurrence.scheduledFor)
        #expect(times == [60_000, 120_000, 180_000, 600_000, 660_000, 720_000])
    }

    @Test func `a lease goes to one at a time, and its epoch grows`() async throws {
        let store = try Metastore()
        let first = try await Self.lease(store)
        let isHeld = try await store.lease(
            "scheduler",
            for: "other",
            at: Self.now,
            span: 100
        ) { _ in true }
        #expect(isHeld == nil)
        let later = Uptime(boot: "one", sinceBoot: 1_101)
        let second = try #require(
            try await store.lease("scheduler", for: "other", at: later, span: 100) { _ in true }
        )
        #expect(second.epoch == first.epoch + 1)
        await #expect(throws: MetastoreError.self) {
            var step = SchedulerStep()
            step.changes = [.added(Self.occurrence())]
            _ = try await store.write(step, under: first)
        }
        #expect(try await store.runs(OccurrenceFilter()).isEmpty)
    }

    @Test func `the lease of a process that is gone, or of another start, is free at once`()
        async throws
    {
        let store = try Metastore()
        _ = try await Self.lease(store)
        #expect(
            try await store.lease("scheduler", for: "b", at: Self.now, span: 100) { _ in false }
                != nil
        )
        let reboot = Uptime(boot: "two", sinceBoot: 0)
        #expect(
            try await store.lease("scheduler", for: "c", at: reboot, span: 100) { _ in true } != nil
        )
    }

    @Test func `a run's history is complete`() async throws {
        let store = try Metastore()
        let lease = try await Self.lease(store)
        let id = Self.occurrence().id
        var report = AttemptReport(.succeeded)
        report.rowCount = 7
        report.snapshotID = 42
        report.warnings = ["one", "two"]
        report.replacedRowCount = 5
        report.comparison = "the table holds 2 fewer rows"
        report.difference = -2
        var asked = Self.occurrence()
        asked.rows = .restart
        var step = SchedulerStep()
        step.changes = [
            .added(asked),
            .started(id, attempt: 1, at: 60_010),
            .attempted(
                id,
                attempt: 1,
                AttemptReport(.failed(.transient), message: "gone"),
                at: 60_020
            ),
            .waits(id, until: 60_500),
            .started(id, attempt: 2, at: 60_500),
            .attempted(id, attempt: 2, report, at: 60_700),
            .ended(id, .succeeded, nil, at: 60_700),
        ]
        _ = try await store.write(step, under: lease)
        let run = try #require(try await store.run(id))
        #expect(run.state == .succeeded)
        #expect(run.occurrence.startedAt == 60_010)
        #expect(run.endedAt == 60_700)
        #expect(run.lastAttempt?.rowCount == 7)
        #expect(run.lastAttempt?.snapshotID == 42)
        #expect(run.lastAttempt?.replacedRowCount == 5)
        #expect(run.lastAttempt?.comparison == "the table holds 2 fewer rows")
        #expect(run.lastAttempt?.difference == -2)
        #expect(run.occurrence.rows == .restart)
        #expect(run.lastAttempt?.warnings == ["one", "two"])
        let attempts = try await store.attempts(of: id)
        #expect(attempts.map(\.end) == ["failed", "succeeded"])
        #expect(attempts.first?.failureClass == "transient")
        #expect(attempts.first?.message == "gone")
    }

    @Test func `one schedule never has two runs under way, even if the machine erred`() async throws
    {
        let store = try Metastore()
        let lease = try await Self.lease(store)
        var step = SchedulerStep()
        for time: Instant in [60_000, 120_000] {
            step.changes.append(.added(Self.occurrence(time)))
            step.changes.append(.started(Self.occurrence(time).id, attempt: 1, at: time))
        }
        await #expect(throws: (any Error).self) { _ = try await store.write(step, under: lease) }
        #expect(try await store.runs(OccurrenceFilter()).isEmpty)
    }

    @Test func `a schedule's record comes back as it was`() async throws {
        let store = try Metastore()
        let lease = try await Self.lease(store)
        let text = TriggerText("30 2 * * *", timeZone: "Europe/Berlin", daylightRule: .skip)
        let parse: @Sendable (TriggerText) throws -> Trigger = {
            try Trigger(parsing: $0.text, zone: $0.timeZone, daylightRule: $0.daylightRule)
        }
        var spec = ScheduleSpec(
            id: "a",
            trigger: try parse(text),
            target: "shop.a",
            pool: "db",
            createdAt: 5
        )
        spec.overlap = .bufferOne
        spec.catchUp = .all(max: 3, window: 60_500)
        spec.jitter = 7
        spec.retry = RetryPolicy(attempts: 2, base: 3, cap: 4)
        spec.timeout = 9
        spec.startAt = 10
        spec.endAt = 11
        spec.pauseAfter = 12
        spec.isDueWhenCreated = false
        var none = spec
        none.id = "b"
        none.catchUp = .none
        let records = [spec, none].map { ScheduleRecord(tag: "t", trigger: text, spec: $0) }
        try await store.note(
            records + [ScheduleRecord(id: "c", tag: "u", problem: "bad")],
            gone: [],
            under: lease
        )
        let read = try await store.schedules(limit: 10, parse)
        #expect(read.map(\.spec) == [spec, none, nil])
        #expect(read.map(\.problem) == [nil, nil, "bad"])
        #expect(try await store.status(of: "a") == nil)
        var step = SchedulerStep()
        let status = ScheduleStatus(cursor: 99, failures: 2, pauseReason: "why")
        step.statuses = ["a": status]
        _ = try await store.write(step, under: lease)
        #expect(try await store.status(of: "a") == status)
        // A new version of the document leaves where it stands.
        try await store.note(
            [ScheduleRecord(tag: "t2", trigger: text, spec: spec)],
            gone: ["b"],
            under: lease
        )
        #expect(try await store.status(of: "a") == status)
        #expect(try await store.schedules(limit: 10, parse).map(\.id) == ["a", "c"])
    }

    @Test func `history is pruned, what has not ended stays`() async throws {
        let store = try Metastore()
        let lease = try await Self.lease(store)
        var step = SchedulerStep()
        step.changes = [
            .added(Self.occurrence(1)), .ended(Self.occurrence(1).id, .succeeded, nil, at: 2),
            .added(Self.occurrence(3)),
        ]
        _ = try await store.write(step, under: lease)
        #expect(try await store.prune(before: 1_000) == 1)
        #expect(try await store.runs(OccurrenceFilter()).map(\.occurrence.scheduledFor) == [3])
    }

    @Test func `an idempotency key keeps its answer and refuses another request`() async throws {
        let store = try Metastore()
        let answer = RememberedAnswer(status: 201, body: "{}")
        try await store.remember(answer, to: "k", request: "one", at: 5)
        #expect(try await store.answer(to: "k", request: "one") == answer)
        await #expect(throws: MetastoreError.self) {
            _ = try await store.answer(to: "k", request: "two")
        }
        #expect(try await store.answer(to: "other", request: "one") == nil)
    }

    @Test func `a file that several make at once is made once`() async throws {
        for _ in 0..<20 {
            try await withScratchDirectory { folder in
                try await withThrowingTaskGroup { group in
                    for _ in 0..<6 {
                        group.addTask {
                            let store = try Metastore(path: "\(folder)/metastore.sqlite")
                            #expect(try await store.era() == 0)
                            try store.close()
                        }
                    }
                    try await group.waitForAll()
                }
            }
        }
    }

    @Test func `a file survives, and one of a newer program is refused`() async throws {
        try await withScratchDirectory { folder in
            let path = "\(folder)/metastore.sqlite"
            let store = try Metastore(path: path)
            let lease = try await Self.lease(store)
            var step = SchedulerStep()
            step.changes = [.added(Self.occurrence())]
            step.era = 3
            _ = try await store.write(step, under: lease)
            try store.close()
            let again = try Metastore(path: path)
            #expect(try await again.unfinished().count == 1)
            #expect(try await again.era() == 3)
            try again.close()
            try await ChildProcess.run(
                TestEnvironment.python,
                [
                    "-c",
                    "import sqlite3, sys; c = sqlite3.connect(sys.argv[1]); "
                        + "c.execute(\"INSERT INTO grdb_migrations VALUES ('999 later')\"); c.commit()",
                    path,
                ]
            ).requireSuccess()
            #expect(throws: MetastoreError.self) { _ = try Metastore(path: path) }
        }
    }
}

extension ProcessResult {
    /// - Throws: where the process failed.
    func requireSuccess() throws {
        guard succeeded else { throw TestSupportError(transcript) }
    }
}
