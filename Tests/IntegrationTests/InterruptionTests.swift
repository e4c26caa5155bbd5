import Glibc
import TestSupport
import Testing

/// A sync may be killed or stopped at any moment.
@Suite(.serialized)
struct InterruptionTests {
    /// The same twenty moments on each run; what they hit differs with the machine.
    private static let seed: UInt64 = 20_240_229
    private static let rowCount = 1_000_000

    @Test func `kill at any moment leaves the old table or the new one, never between`()
        async throws
    {
        try await PostgresDatabase.withNew { database in
            try await database.run(
                """
                CREATE TABLE big AS SELECT i AS id, md5(i::text) AS word, i / 7.0::float8 AS part,
                    0 AS marker FROM generate_series(1, \(Self.rowCount)) i;
                ALTER TABLE big ADD PRIMARY KEY (id);
                """
            )
            try await Lake.withNew { lake in
                try await killTwentyTimes(database, lake)
            }
        }
    }

    private func killTwentyTimes(_ database: PostgresDatabase, _ lake: Lake) async throws {
        let clock = ContinuousClock()
        let location = try await lake.synced(database.url, ["public.big"]).streams[0].location
        // The shortest sync seen bounds the moments: one slowed by other tests would put them
        // behind the end of most.
        var whole = Duration.seconds(3600)
        for _ in 1...3 {
            let started = clock.now
            _ = try await lake.synced(database.url, ["public.big"])
            whole = min(whole, clock.now - started)
        }
        let reference = try await content(location)
        #expect(reference.count == "\(Self.rowCount)")

        var generator = SplitMix64(seed: Self.seed)
        var published = 0
        var killed = 0
        for attempt in 1...20 {
            // The marker tells which sync a table is of; it changes in one row only.
            try await database.run("UPDATE big SET marker = \(attempt) WHERE id = 1")
            let moment = whole * Double.random(in: 0..<1, using: &generator)
            let started = clock.now
            let (end, ended) = try await ChildProcess.withStarted(
                TestEnvironment.binary,
                lake.arguments(database.url, ["public.big"])
            ) { child in
                try await Task.sleep(for: moment)
                child.signal(SIGKILL)
                return (try await child.wait().end, clock.now)
            }
            let found = try await content(location)
            #expect(found.count == reference.count, "seed \(Self.seed), attempt \(attempt)")
            #expect(found.hash == reference.hash, "seed \(Self.seed), attempt \(attempt)")
            let isNew = found.marker == "\(attempt)"
            #expect(
                isNew || found.marker == "\(published)",
                "attempt \(attempt), killed after \(moment): the marker is \(found.marker)"
            )
            // A sync that came to its end has published.
            if end == .exited(0) {
                #expect(isNew)
                whole = min(whole, ended - started)
            }
            if end == .signalled(SIGKILL) { killed += 1 }
            if isNew { published = attempt }
        }
        #expect(killed >= 10, "only \(killed) of 20 syncs were killed before their end")

        try await database.run("UPDATE big SET marker = 99 WHERE id = 1")
        _ = try await lake.synced(database.url, ["public.big"])
        let last = try await content(location)
        #expect(last.marker == "99")
        #expect(last.hash == reference.hash)
        #expect(last.count == reference.count)
    }

    private struct Content {
        var count: String
        var hash: String
        var marker: String
    }

    private func content(_ location: String) async throws -> Content {
        let rows = try await Lake.query(
            location,
            "SELECT count(*), sum(hash(id, word, part)), sum(marker) FROM lake"
        )
        let row = try #require(rows.first)
        return Content(count: row[0] ?? "", hash: row[1] ?? "", marker: row[2] ?? "")
    }

    @Test func `Ctrl-C stops the read at the source too and leaves the table as it was`()
        async throws
    {
        try await OrdersFixture.withSynced { fixture in
            try await fixture.makeSlow()
            let result = try await ChildProcess.withStarted(
                TestEnvironment.binary,
                fixture.lake.arguments(fixture.database.url, ["public.orders"])
            ) { child in
                _ = try await fixture.readingBackend()
                child.signal(SIGINT)
                return try await child.wait()
            }
            fixture.lake.expectNoSecret(in: result)
            #expect(result.end == .exited(130), "\(result.transcript)")
            try await poll("the backend to go") {
                let count = try await fixture.database.run(
                    """
                    SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()
                    AND pid <> pg_backend_pid()
                    """
                )
                return count == "0" ? () : nil
            }
            #expect(try await Lake.verdict(fixture.location) == fixture.before)
        }
    }
}
