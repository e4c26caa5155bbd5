import Columnar
import Iceberg
import Ingest
import ObjectStorage
import Streams
import Synchronization

/// A snapshot of the table that was looked at: what it holds, and where.
struct SimulatedSnapshot: Sendable {
    var rows: [SimulatedDatabase.Row]
    var files: [ObjectKey]
}

extension SimulatedHistory {
    /// Looks at the whole lake.
    func check() async {
        do {
            let lake = lake()
            checkLedgers()
            for (id, snapshot) in state.withLock({ $0.known }) {
                if let file = snapshot.files.first(where: { !disk.contains($0) }) {
                    fail("snapshot \(id) names \(file), which is gone")
                }
            }
            let count = disk.writers.count
            guard state.withLock({ $0.checkedCount }) < count,
                let table = try await lake.catalog.loadIfPresent(table)
            else { return }
            state.withLock { $0.checkedCount = count }
            for snapshot in table.metadata.snapshots
            where state.withLock({ $0.known[snapshot.id] }) == nil {
                try await checkNew(snapshot, table, lake)
            }
            let runs = table.metadata.snapshots.compactMap { $0.summary["tributary.run-id"] }
            if Set(runs).count < runs.count { fail("a run was published twice") }
        } catch {
            fail("the lake cannot be read: \(error)")
        }
    }

    /// Compares a snapshot with what its attempt says it is.
    private func checkNew(_ snapshot: Snapshot, _ table: Table, _ lake: SimulatedLake) async throws
    {
        let files = try await table.files(snapshotID: snapshot.id)
        let rows = try TableRows(disk: disk).rows(of: files).sorted()
        let keys = files.compactMap { disk.locations.key(at: $0.path) }
        state.withLock {
            $0.known[snapshot.id] = SimulatedSnapshot(rows: rows, files: keys)
        }
        let (number, reading, before) = state.withLock { state in
            let number = Int(snapshot.summary["engine-version"] ?? "") ?? 0
            let before = snapshot.parentID.flatMap { state.known[$0]?.rows } ?? []
            return (number, state.facts[number]?.reading, before)
        }
        // What stood upon a snapshot that is expired cannot be told.
        let isKnown = snapshot.parentID.map { id in state.withLock { $0.known[id] != nil } } ?? true
        if snapshot.summary["engine-name"] == Self.foreignName {
            if isKnown, rows != before { fail("snapshot \(snapshot.id) of others has other rows") }
            return
        }
        guard let reading else { return fail("snapshot \(snapshot.id) is of no attempt") }
        log("snapshot \(snapshot.id) of attempt \(number): \(rows.count) rows")
        let runID = snapshot.summary["tributary.run-id"] ?? ""
        guard let run = try await run(runID, lake) else {
            return fail("snapshot \(snapshot.id) is of no run that is known")
        }
        checkMoment(snapshot, by: number, run)
        if !run.isProven, reading.since == nil {
            return checkMixture(rows)
        }
        if isKnown { compare(rows, with: Self.expected(reading, upon: before), of: number) }
        checkComplete(rows, reading, of: number)
    }

    /// The state of a run by its id.
    private func run(_ id: String, _ lake: SimulatedLake) async throws -> RunState? {
        for number in try await lake.registry.numbers(of: table).reversed() {
            let state = try await lake.registry.state(of: table, run: number)
            if state?.record.runID == id { return state }
        }
        return nil
    }

    /// A run that others ended may only come to its commit if it was about to make it.
    private func checkMoment(_ snapshot: Snapshot, by number: Int, _ run: RunState) {
        let version = disk.writers.first { $0.value == number }?.key ?? 0
        switch run.end {
        case nil: break
        case .published(let record) where record.snapshotID == snapshot.id: break
        case .published, .abandoned:
            if run.publishedUpon != version - 1 {
                fail("attempt \(number) published run \(run.number), which had ended")
            }
        }
    }

    /// What a read makes of the rows that were there.
    private static func expected(
        _ reading: SimulatedSource.Reading,
        upon before: [SimulatedDatabase.Row]
    ) -> [SimulatedDatabase.Row] {
        let oldest = reading.snapshot.oldest
        let settled = reading.rows.filter { reading.conflict != .append || $0.writer < oldest }
        guard let since = reading.since else { return settled.sorted() }
        let new = settled.filter { $0.writer >= since }
        guard reading.conflict == .merge else { return (before + new).sorted() }
        let keys = Set(new.map(\.key))
        return (before.filter { !keys.contains($0.key) } + new).sorted()
    }

    private func compare(
        _ rows: [SimulatedDatabase.Row],
        with expected: [SimulatedDatabase.Row],
        of number: Int
    ) {
        guard rows != expected else { return }
        let missing = expected.filter { !rows.contains($0) }
        let added = rows.filter { !expected.contains($0) }
        fail(
            "attempt \(number) published \(rows.count) rows for \(expected.count); missing "
                + "\(missing.map(Self.text)), more than that \(added.map(Self.text))"
        )
    }

    /// Whether a table has what an incremental read promises: all that its snapshot saw.
    private func checkComplete(
        _ rows: [SimulatedDatabase.Row],
        _ reading: SimulatedSource.Reading,
        of number: Int
    ) {
        let present = Set(rows)
        let oldest = reading.snapshot.oldest
        let due = reading.rows.filter { reading.conflict != .append || $0.writer < oldest }
        if let row = due.first(where: { !present.contains($0) }) {
            fail("after attempt \(number) the table lacks \(Self.text(row))")
        }
        if present.count < rows.count { fail("after attempt \(number) a row is there twice") }
        if reading.conflict == .merge, Set(rows.map(\.key)).count < rows.count {
            fail("after attempt \(number) a key is there twice")
        }
    }

    /// Rows of several snapshots: each of them was there at some time.
    private func checkMixture(_ rows: [SimulatedDatabase.Row]) {
        let database = state.withLock { $0.database }
        let all = Set(database.versions.map(\.row))
        // A rewrite forgets old versions.
        guard database.heap == 1, let row = rows.first(where: { !all.contains($0) }) else { return }
        fail("the table has a row that never was: \(Self.text(row))")
    }

    private static func text(_ row: SimulatedDatabase.Row) -> String {
        "\(row.key)=\(row.value)@\(row.writer)"
    }

    /// What an attempt that ended well leaves: the table as of its snapshot, published or not.
    func checkSuccess(_ number: Int) async {
        let facts = state.withLock { $0.facts[number] }
        guard let reading = facts?.reading, let result = facts?.result else { return }
        await check()
        do {
            let lake = lake()
            let current = try await lake.catalog.load(table).metadata.currentSnapshotID
            let rows = state.withLock { $0.known[current ?? 0]?.rows } ?? []
            if let id = result.snapshotID, id != current {
                fail("attempt \(number) published \(id), but \(current ?? 0) is current")
            }
            guard result.isConsistent else { return }
            checkComplete(rows, reading, of: number)
        } catch {
            fail("the table cannot be read after a run: \(error)")
        }
    }

    /// The numbers of a ledger have no gaps.
    private func checkLedgers() {
        var ledgers: [Substring: [Int]] = [:]
        for key in disk.keys where key.rawValue.hasPrefix("_runs/") {
            guard let slash = key.rawValue.lastIndex(of: "/"),
                let number = Int(key.name.dropLast(5)), !key.rawValue.contains("/packs/")
            else { continue }
            ledgers[key.rawValue[..<slash], default: []].append(number)
        }
        for (folder, numbers) in ledgers where numbers.sorted() != Array(0..<numbers.count) {
            // Without its first entry a ledger is one whose removal was cut off.
            guard numbers.contains(0) else { continue }
            fail("the ledger \(folder) has gaps: \(numbers.sorted())")
        }
    }

    /// When all runs have ended and are cleaned up behind, no file is left that nothing names.
    func checkLeftovers() async {
        do {
            let lake = lake()
            for number in try await lake.registry.numbers(of: table) {
                let outcome = try await lake.cleaner.clean(table, run: number)
                if let obstacle = outcome.obstacle { fail("run \(number) stays: \(obstacle)") }
            }
            let named = state.withLock { Set($0.known.values.flatMap(\.files)) }
            for key in disk.keys where key.name.hasSuffix(".parquet") && !named.contains(key) {
                fail("nothing names \(key)")
            }
            await check()
        } catch {
            fail("cleaning fails: \(error)")
        }
    }
}
