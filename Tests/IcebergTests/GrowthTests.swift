import Basics
import Columnar
import Iceberg
import ObjectStorage
import TestSupport
import Testing

/// What a table keeps of many commits.
@Suite struct GrowthTests {
    private static let upkeep: [String: String?] = [
        "write.metadata.delete-after-commit.enabled": "true",
        "write.metadata.previous-versions-max": "3",
    ]

    private func documents(_ lake: TestLake) async throws -> [String] {
        try await metadataNames(lake).filter { $0.hasSuffix(".metadata.json") }
    }

    private func metadataNames(_ lake: TestLake) async throws -> [String] {
        try await lake.names(try lake.catalog.folder(of: .orders).appending("metadata"))
    }

    private func makeTable(_ lake: TestLake, _ properties: [String: String?] = [:]) async throws {
        var transaction = try await lake.catalog.beginTransaction(.orders)
        transaction.setSchema(ordersSchema, key: ["id"])
        transaction.setProperties(properties)
        _ = try await transaction.commit()
    }

    /// Writes a document as another program would.
    private func put(_ metadata: TableMetadata, as name: String, _ lake: TestLake) async throws {
        let folder = try lake.catalog.folder(of: .orders).appending("metadata")
        _ = try await lake.store.put(
            metadata.serialized(),
            to: try folder.appending(name),
            condition: .ifAbsent
        )
    }

    @discardableResult
    private func append(
        _ lake: TestLake,
        _ name: String,
        summary: [String: String] = [:]
    ) async throws -> CommitResult {
        var transaction = try await lake.catalog.beginTransaction(.orders)
        transaction.append([fakeFile(name, rows: 1)])
        transaction.addSummary(summary)
        return try await transaction.commit()
    }

    // MARK: Documents

    @Test func `a table of this program keeps a hundred documents and packs its manifests`()
        async throws
    {
        try await withLake { lake in
            try await makeTable(lake)
            let properties = try await lake.catalog.load(.orders).metadata.properties
            #expect(properties["write.metadata.delete-after-commit.enabled"] == "true")
            #expect(properties["write.metadata.previous-versions-max"] == "100")
            #expect(properties["commit.manifest-merge.enabled"] == "true")
        }
    }

    @Test(arguments: [("100", 20), ("77", 77)])
    func `the log gets shorter where documents are large, unless the table asks`(
        asked: String,
        kept: Int
    ) async throws {
        try await withLake { lake in
            try await makeTable(lake)
            try await append(lake, "1")
            var large = try await lake.catalog.load(.orders).metadata
            let first = try #require(large.currentSnapshot)
            large.properties["write.metadata.previous-versions-max"] = asked
            large.snapshots += (1..<2_000).map { number in
                var other = first
                other.id = first.id ^ Int64(number)
                return other
            }
            large.metadataLog = (0..<100).map {
                TableMetadata.MetadataLogEntry(
                    location: "gone/\($0)",
                    timestamp: Instant(milliseconds: $0)
                )
            }
            try await put(large, as: "v3.metadata.json", lake)
            try await append(lake, "2")
            let log = try await lake.catalog.load(.orders).metadata.metadataLog
            #expect(log.count == kept)
            #expect(log.last?.location.hasSuffix("v3.metadata.json") == true)
        }
    }

    @Test func `what a table says of its upkeep stays, also of one of an older program`()
        async throws
    {
        try await withLake { lake in
            try await makeTable(lake, ["write.metadata.previous-versions-max": "7"])
            var old = try await lake.catalog.load(.orders).metadata
            #expect(old.properties["write.metadata.previous-versions-max"] == "7")
            // As a program without upkeep left it.
            try await append(lake, "1", summary: ["engine-name": "tributary"])
            old = try await lake.catalog.load(.orders).metadata
            old.properties = ["commit.manifest-merge.enabled": "false"]
            try await put(old, as: "v3.metadata.json", lake)
            try await append(lake, "2")
            let properties = try await lake.catalog.load(.orders).metadata.properties
            #expect(properties["write.metadata.delete-after-commit.enabled"] == "true")
            #expect(properties["commit.manifest-merge.enabled"] == "false")
        }
    }

    @Test func `the tables of others keep their ways`() async throws {
        try await withLake { lake in
            try await makeTable(lake)
            var foreign = try await lake.catalog.load(.orders).metadata
            foreign.properties = [:]
            try await put(foreign, as: "v2.metadata.json", lake)
            try await append(lake, "1", summary: ["engine-name": "tributary"])
            #expect(
                try await lake.catalog.load(.orders).metadata.properties.keys.filter {
                    $0.hasPrefix("write.") || $0.hasPrefix("commit.")
                }.isEmpty
            )
        }
    }

    @Test func `documents behind the log go, those a reader may be at stay`() async throws {
        try await withLake { lake in
            try await makeTable(lake, Self.upkeep)
            for number in 2...9 { try await append(lake, "\(number)") }
            // All are younger than an hour.
            #expect(try await documents(lake).count == 9)
            let folder = "\(lake.root)/\(try lake.catalog.folder(of: .orders))/metadata/"
            for number in 1...4 { try age(folder + "v\(number).metadata.json") }
            try await append(lake, "10")
            // The log names 7, 8 and 9; 5 and 6 are young, and older than the log.
            #expect(
                Set(try await documents(lake)) == Set((5...10).map { "v\($0).metadata.json" })
            )
            for number in 5...10 { try age(folder + "v\(number).metadata.json") }
            try await append(lake, "11")
            #expect(
                Set(try await documents(lake)) == Set((8...11).map { "v\($0).metadata.json" })
            )
            #expect(try await lake.catalog.load(.orders).files().count == 10)
        }
    }

    @Test func `nothing goes while the hint could not be written`() async throws {
        try await withLake { lake in
            try await makeTable(lake, Self.upkeep)
            for number in 2...9 { try await append(lake, "\(number)") }
            let folder = "\(lake.root)/\(try lake.catalog.folder(of: .orders))/metadata/"
            for number in 1...9 { try age(folder + "v\(number).metadata.json") }
            // Where the hint should be, there is a folder.
            let hint = try lake.catalog.folder(of: .orders).appending("metadata/version-hint.text")
            try await lake.store.delete(hint)
            _ = try await lake.store.put([1], to: try hint.appending("x"), condition: .none)
            let result = try await append(lake, "10")
            #expect(result.warning?.contains("version-hint.text") == true)
            #expect(try await documents(lake).count == 10)
            try await lake.store.delete(try hint.appending("x"))
        }
    }

    // MARK: Manifests

    @Test func `small manifests are packed when there are many, and every engine reads them`()
        async throws
    {
        try await withLake { lake in
            let schema = Schema([
                Field(id: 1, name: "id", type: .long, isRequired: true),
                Field(id: 2, name: "name", type: .string),
            ])
            var table = try MergeTable(lake, schema, key: [1])
            table.properties = ["commit.manifest.min-count-to-merge": "6"]
            var model: [Int: String] = [:]
            var most = 0
            for round in 0..<12 {
                let rows = [
                    (round * 10, "new \(round)"), (round * 10 + 1, "x"), (0, "again \(round)"),
                ]
                for (id, name) in rows { model[id] = name }
                let distinct = round == 0 ? Array(rows.dropFirst()) : rows
                try await table.merge(distinct.map { [String($0.0), $0.1] })
                let list = try await lake.catalog.load(table.identifier).manifests()
                most = max(most, list.count)
            }
            #expect(most < 8)
            try await table.expect(model.map { [String($0), $1] })
            // Each file has the number of the commit that brought it, whatever manifest it is in.
            let reading = try await EngineReading.of(table.identifier, in: lake)
            let numbers = Set((reading.entries ?? []).filter { $0[0] != 2 }.map { $0[1] })
            #expect(numbers.isSuperset(of: 2...12))
            // No manifest is left that no snapshot names.
            let named = try await lake.catalog.load(table.identifier).allManifestNames()
            let folder = try lake.catalog.folder(of: table.identifier).appending("metadata")
            let there = try await lake.names(folder).filter {
                $0.hasSuffix(".avro") && !$0.hasPrefix("snap-")
            }
            #expect(Set(there) == named)
        }
    }

    @Test func `a size bounds what is packed, and a property turns it off`() async throws {
        for (properties, expected) in [
            (["commit.manifest-merge.enabled": "false"], 9...9),
            (["commit.manifest.min-count-to-merge": "4"], 1...4),
            // No two manifests fit.
            (
                [
                    "commit.manifest.min-count-to-merge": "4",
                    "commit.manifest.target-size-bytes": "5000",
                ], 9...9
            ),
        ] {
            try await withLake { lake in
                try await makeTable(lake, properties.mapValues { .some($0) })
                for number in 1...9 { try await append(lake, "\(number)") }
                let table = try await lake.catalog.load(.orders)
                #expect(expected.contains(try await table.manifests().count), "\(properties)")
                #expect(Set(try await table.files().map(\.path)).count == 9)
                #expect(table.history.first?.rowCount == 9)
            }
        }
    }

    @Test func `a lost commit leaves no packed manifest behind`() async throws {
        try await withLake { lake in
            try await makeTable(lake, ["commit.manifest.min-count-to-merge": "3"])
            for number in 1...2 { try await append(lake, "\(number)") }
            let rival = try lake.other(seed: 7)
            let store = FaultyStore(lake.store, [.before { try await append(rival, "rival") }])
            try await append(lake.other(seed: 8, store: store), "late")
            let table = try await lake.catalog.load(.orders)
            #expect(try await table.files().count == 4)
            let folder = try lake.catalog.folder(of: .orders).appending("metadata")
            let there = try await lake.names(folder).filter {
                $0.hasSuffix(".avro") && !$0.hasPrefix("snap-")
            }
            #expect(Set(there) == (try await table.allManifestNames()))
        }
    }

    // MARK: Summaries

    @Test func `older snapshots say in their lists what they did`() async throws {
        try await withLake { lake in
            try await makeTable(lake)
            for number in 1...60 {
                try await append(lake, "\(number)", summary: ["tributary.run-id": "r\(number)"])
            }
            let table = try await lake.catalog.load(.orders)
            let runs = table.metadata.snapshots.compactMap { $0.summary["tributary.run-id"] }
            #expect(runs == (11...60).map { "r\($0)" })
            #expect(table.metadata.snapshots[3].summary == ["operation": "append"])
            let history = await table.wholeHistory()
            #expect(
                history.map { $0.summary["tributary.run-id"] }
                    == (1...60).reversed().map { "r\($0)" }
            )
            #expect(history.last?.rowCount == 1)
            let id = table.metadata.snapshots[3].id
            #expect(try await table.summary(ofSnapshot: id)?["tributary.run-id"] == "r4")

            // The snapshot that is current again has its own words again.
            var back = try await lake.catalog.beginTransaction(.orders)
            try back.rollBack(to: id)
            _ = try await back.commit()
            let rolled = try await lake.catalog.load(.orders)
            #expect(rolled.metadata.currentSnapshot?.summary["tributary.run-id"] == "r4")
            #expect(rolled.history.first?.rowCount == 4)
        }
    }
}

extension Table {
    /// The names of the manifests of all snapshots.
    fileprivate func allManifestNames() async throws -> Set<String> {
        var names: Set<String> = []
        for snapshot in metadata.snapshots {
            for location in try await manifests(snapshotID: snapshot.id) {
                names.insert(String(location.split(separator: "/").last ?? ""))
            }
        }
        return names
    }
}
