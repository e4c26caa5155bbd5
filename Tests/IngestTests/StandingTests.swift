import FoundationEssentials
import Iceberg
import Ingest
import ObjectStorage
import Streams
import TestSupport
import Testing

/// What becomes of rows that a table holds already, whoever wrote them.
@Suite struct StandingTests {
    private static let merge = SmallLake.Manner(conflict: .merge)
    private static let append = SmallLake.Manner(conflict: .append)

    /// A table that another program made and filled with the rows of a run.
    private func foreignTable() async throws -> SmallLake {
        let lake = try SmallLake()
        try await lake.run()
        try lake.rewriteMetadata { metadata in
            metadata.forget("tributary")
        }
        return lake
    }

    private func expectRefused(_ result: StreamResult, _ words: String...) {
        #expect((result.failure as? IngestError)?.code == .refused)
        let message = "\(result.failure.map { "\($0)" } ?? "")"
        for word in words { #expect(message.contains(word), "\(message)") }
    }

    @Test(arguments: [SmallLake.Manner(), merge, append])
    func `rows of others are not replaced unasked`(manner: SmallLake.Manner) async throws {
        let lake = try await foreignTable()
        let before = try await lake.rows()
        expectRefused(
            try await lake.run(manner),
            "\(before.count) rows",
            "‹rows: restart›",
            "‹dataset›"
        )
        #expect(try await lake.rows() == before)
        var restarting = manner
        restarting.restarts = true
        let result = try await lake.run(restarting)
        #expect(result.failure == nil && result.replacedRowCount == Int64(before.count))
        #expect(try await lake.rows() == lake.sourceRows)
    }

    @Test func `a table of others is adopted by merging into it`() async throws {
        let lake = try await foreignTable()
        let old = try await lake.rows()
        lake.change(8, seed: 4)
        var manner = Self.merge
        manner.adopts = true
        let result = try await lake.run(manner)
        #expect(result.failure == nil)
        let rows = try await lake.rows()
        #expect(Set(lake.sourceRows).isSubset(of: Set(rows)))
        #expect(Set(rows.map(\.key)) == Set(old.map(\.key)).union(lake.sourceRows.map(\.key)))
        #expect(Set(rows.map(\.key)).count == rows.count)
        // From here on it is a table like any other.
        lake.change(2, seed: 5)
        #expect(try await lake.run(Self.merge).failure == nil)
    }

    @Test(arguments: [merge, append])
    func `a cursor outlives the snapshot that brought it`(manner: SmallLake.Manner) async throws {
        let lake = try SmallLake()
        try await lake.run(manner)
        try await lake.commitAsOthers()
        try lake.rewriteMetadata { $0.keepNewestSnapshot() }
        let old = try await lake.rows()
        lake.change(4, seed: 7)
        let result = try await lake.run(manner)
        #expect(result.failure == nil && result.rule?.hasPrefix("everything") == false)
        #expect(Set(try await lake.rows().map(\.key)).isSuperset(of: old.map(\.key)))
        #expect(Set(lake.sourceRows).isSubset(of: Set(try await lake.rows())))
    }

    /// Two snapshots of others behind ours: the one between is gone too.
    @Test(arguments: [merge, append], [false, true])
    func `earlier documents tell what expired snapshots told`(
        manner: SmallLake.Manner,
        forgettingParent: Bool
    ) async throws {
        let lake = try SmallLake()
        try await lake.run(manner)
        try await lake.commitAsOthers()
        try await lake.commitAsOthers()
        try lake.rewriteMetadata { $0.keepNewestSnapshot(forgettingParent: forgettingParent) }
        lake.change(4, seed: 7)
        #expect(try await lake.run(manner).failure == nil)
        // Without them nobody knows what the table lacks.
        try await lake.commitAsOthers()
        try await lake.commitAsOthers()
        try lake.rewriteMetadata {
            $0.keepNewestSnapshot(forgettingParent: forgettingParent)
            $0["metadata-log"] = [Any]()
        }
        expectRefused(try await lake.run(manner), "gone", "‹rows: restart›")
    }

    @Test func `a cursor of a state the table was put back from does not count`() async throws {
        let lake = try SmallLake()
        try await lake.run(Self.merge)
        let first = try #require(try await lake.snapshots().last?.id)
        lake.change(4, seed: 7)
        try await lake.run(Self.merge)
        try await lake.rollBack(to: first)
        try await lake.commitAsOthers()
        // The first snapshot goes too; the property still tells of the second.
        try lake.rewriteMetadata { $0.keepNewestSnapshot() }
        #expect(try await lake.run(Self.merge).failure == nil)
        #expect(Set(lake.sourceRows).isSubset(of: Set(try await lake.rows())))
    }

    @Test func `another source does not take a table over`() async throws {
        for manner in [SmallLake.Manner(), Self.merge, Self.append] {
            let lake = try SmallLake()
            try await lake.run(manner)
            let before = try await lake.rows()
            var other = manner
            other.place = "elsewhere"
            expectRefused(try await lake.run(other), "memory", "elsewhere")
            #expect(try await lake.rows() == before)
            other.restarts = true
            #expect(try await lake.run(other).failure == nil)
            #expect(try await lake.run(other).failure == nil)
        }
    }

    /// A table that was loaded whole has no cursor that would be in the way.
    @Test(arguments: [SmallLake.Manner(), merge])
    func `adopted rows of another stream stay`(first: SmallLake.Manner) async throws {
        let lake = try SmallLake()
        try await lake.run(first)
        let before = try await lake.rows()
        lake.change(8, seed: 4)
        let source = Set(lake.sourceRows.map(\.key))
        #expect(!source.isSuperset(of: before.map(\.key)))
        var other = Self.merge
        (other.place, other.adopts) = ("elsewhere", true)
        #expect(try await lake.run(other).failure == nil)
        let rows = try await lake.rows()
        #expect(Set(rows.map(\.key)) == source.union(before.map(\.key)))
        (other.conflict, other.place) = (.append, "nowhere")
        expectRefused(try await lake.run(other), "‹rows: restart›")
        #expect(try await lake.rows() == rows)
    }

    @Test func `a restart is resumed by further attempts of its occurrence only`() async throws {
        let lake = try await foreignTable()
        let before = try await lake.rows()
        lake.change(25, seed: 6)
        var manner = SmallLake.Manner(restarts: true, occurrence: "one")
        try await lake.run(manner, .crashBefore, at: "_runs/main/rows/2/4.json")
        manner.occurrence = "two"
        let other = try await lake.run(manner, .crashBefore, at: "_runs/main/rows/3/4.json")
        #expect(other.resumption?.contains("given up") == true)
        #expect(try await lake.rows() == before)
        let result = try await lake.run(manner)
        #expect(result.failure == nil && result.resumedRowCount > 0)
        #expect(try await lake.rows() == lake.sourceRows)
    }

    @Test func `a merge under another condition keeps what the old one brought`() async throws {
        let lake = try SmallLake()
        try await lake.run(Self.merge)
        let before = try await lake.rows()
        var other = Self.merge
        other.filter = "value > 3"
        expectRefused(try await lake.run(other), "condition", "‹rows: adopt›")
        #expect(try await lake.rows() == before)
        other.adopts = true
        #expect(try await lake.run(other).failure == nil)
        #expect(Set(try await lake.rows().map(\.key)) == Set(before.map(\.key)))
        other.adopts = false
        #expect(try await lake.run(other).failure == nil)
    }

    @Test func `rows that a full refresh replaces are counted`() async throws {
        let lake = try SmallLake()
        #expect(try await lake.run().replacedRowCount == 0)
        let count = Int64(try await lake.rows().count)
        lake.change(3, seed: 8)
        #expect(try await lake.run().replacedRowCount == count)
    }

    @Test func `a first incremental run over others' additions asks first`() async throws {
        let lake = try SmallLake()
        try await lake.run()
        #expect(try await lake.run(Self.merge).failure == nil)
        let second = try SmallLake()
        try await second.run()
        try await second.commitAsOthers()
        expectRefused(try await second.run(Self.merge), "others", "‹rows: adopt›")
        expectRefused(try await second.run(Self.append), "others", "‹rows: restart›")
    }

    @Test func `the table is compared with the stream`() async throws {
        let lake = try SmallLake()
        #expect(try await lake.run(Self.merge).comparison?.difference == 0)
        lake.removeRow()
        var manner = Self.merge
        manner.requiresEqual = true
        let refused = try await lake.run(manner)
        #expect((refused.failure as? IngestError)?.code == .unproven)
        #expect(refused.comparison?.difference == 1)
        let result = try await lake.run(Self.merge)
        #expect(result.failure == nil && result.comparison?.difference == 1)
        #expect(result.comparison?.words.contains("deleted at the source") == true)
        #expect(try await lake.run(Self.append).comparison == nil)
    }

    @Test func `a column that comes back is read for all rows`() async throws {
        let lake = try SmallLake()
        try await lake.run(Self.merge)
        lake.change(4, seed: 3)
        var narrow = Self.merge
        narrow.columns = ["id", "writer"]
        #expect(try await lake.run(narrow).failure == nil)
        let result = try await lake.run(Self.merge)
        #expect(result.failure == nil && result.rule?.hasPrefix("everything") == true)
        let rows = try await lake.rows()
        #expect(Set(lake.sourceRows).isSubset(of: Set(rows)) && rows.allSatisfy { $0.value >= 0 })
        #expect(try await lake.run(Self.merge).rule?.hasPrefix("everything") == false)
    }

    @Test func `appending does not leave gaps where a column was left out`() async throws {
        let lake = try SmallLake()
        try await lake.run(Self.append)
        lake.change(4, seed: 3)
        var narrow = Self.append
        narrow.columns = ["id", "writer"]
        #expect(try await lake.run(narrow).failure == nil)
        expectRefused(try await lake.run(Self.append), "value", "‹rows: restart›")
    }

    @Test(arguments: SimulatedSource.Manner.allCases)
    func `files that are gone are read again`(source: SimulatedSource.Manner) async throws {
        for place in 0..<3 {
            let lake = try SmallLake(rows: 25)
            let manner = SmallLake.Manner(source: source)
            try await lake.run(manner, .crashBefore, at: "_runs/main/rows/1/4.json")
            let files = lake.disk.keys.filter { $0.name.hasSuffix(".parquet") }
            guard place < files.count else { break }
            lake.disk.delete(files[place])
            let result = try await lake.run(manner)
            #expect(result.failure == nil)
            #expect(try await lake.rows() == lake.sourceRows)
        }
    }

    @Test func `a file that goes just before the commit is noticed`() async throws {
        let lake = try SmallLake(rows: 25)
        let manner = SmallLake.Manner(source: .pages)
        let cut = SimulatedAttempt.Accident(fault: .error, operation: "cursor")
        try await lake.run(manner, SimulatedAttempt(number: 1, accidents: [cut]))
        let whole = try await lake.run(
            manner,
            SimulatedAttempt(
                number: 2,
                accidents: [.init(fault: .pause, operation: "cursor")],
                whilePaused: {
                    if let file = lake.disk.keys.first(where: { $0.name.hasSuffix(".parquet") }) {
                        lake.disk.delete(file)
                    }
                }
            )
        )
        #expect((whole.failure as? IngestError)?.code == .filesGone)
        #expect(try await lake.run(manner).failure == nil)
        #expect(try await lake.rows() == lake.sourceRows)
    }

    @Test func `nothing of a condition or a row stands in a ledger`() async throws {
        let lake = try SmallLake()
        var manner = Self.merge
        manner.filter = "email <> 'bob@example.org'"
        try await lake.run(manner)
        let text = try lake.entries(run: 1).joined()
        #expect(!text.isEmpty && !text.contains("bob@"))
        let properties = try await lake.lake().catalog.load(lake.table).metadata.properties
        #expect(!properties.values.contains { $0.contains("bob@") })
    }
}
