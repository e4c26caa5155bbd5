import Basics
import Iceberg
import ObjectStorage
import TestSupport
import Testing

/// Metadata documents under every name that engines give them, and of more than one catalog.
@Suite struct DocumentTests {
    private func metadataFolder(_ lake: TestLake) throws -> ObjectKey {
        try lake.catalog.folder(of: .orders).appending("metadata")
    }

    private func names(_ lake: TestLake) async throws -> [String] {
        try await lake.names(try metadataFolder(lake)).filter { $0.contains(".metadata.json") }
    }

    private func makeTable(_ lake: TestLake, _ properties: [String: String] = [:]) async throws {
        var transaction = try await lake.catalog.beginTransaction(.orders)
        transaction.setSchema(ordersSchema, key: ["id"])
        transaction.setProperties(properties.mapValues { .some($0) })
        transaction.append([fakeFile("1")])
        _ = try await transaction.commit()
    }

    private func append(_ lake: TestLake, _ name: String) async throws -> CommitResult {
        var transaction = try await lake.catalog.beginTransaction(.orders)
        transaction.append([fakeFile(name)])
        return try await transaction.commit()
    }

    private func put(_ lake: TestLake, _ name: String, _ metadata: TableMetadata) async throws {
        _ = try await lake.store.put(
            metadata.serialized(),
            to: try metadataFolder(lake).appending(name),
            condition: .ifAbsent
        )
    }

    /// Puts a document of that name in the place of another, packed by another program.
    private func pack(_ lake: TestLake, _ name: String, as packed: String) async throws {
        let folder = "\(lake.root)/\(try metadataFolder(lake))"
        _ = try await python("gzip_document.py", "pack", "\(folder)/\(name)", "\(folder)/\(packed)")
        try await lake.store.delete(try metadataFolder(lake).appending(name))
    }

    // MARK: Compressed documents

    @Test(arguments: ["v2.gz.metadata.json", "v2.metadata.json.gz"], [true, false])
    func `a compressed document is the table, and the next commit stands upon it`(
        name: String,
        isHinted: Bool
    ) async throws {
        try await withLake { lake in
            try await makeTable(lake, ["write.metadata.compression-codec": "gzip"])
            #expect(try await names(lake) == ["v1.gz.metadata.json"])
            _ = try await append(lake, "2")
            if name != "v2.gz.metadata.json" {
                let folder = "\(lake.root)/\(try metadataFolder(lake))"
                _ = try await python(
                    "gzip_document.py",
                    "unpack",
                    "\(folder)/v2.gz.metadata.json",
                    "\(folder)/v2.metadata.json"
                )
                try await lake.store.delete(
                    try metadataFolder(lake).appending("v2.gz.metadata.json")
                )
                try await pack(lake, "v2.metadata.json", as: name)
            }
            if !isHinted {
                try await lake.store.delete(
                    try metadataFolder(lake).appending("version-hint.text")
                )
            }
            let table = try await lake.catalog.load(.orders)
            #expect(table.version == 2)
            #expect(table.metadataLocation.hasSuffix(name))
            #expect(try await lake.catalog.tables() == [.orders])
            #expect(try await append(lake, "3").version == 3)
            #expect(try await names(lake).contains("v3.gz.metadata.json"))
            #expect(try await lake.catalog.load(.orders).files().count == 3)
        }
    }

    @Test func `a document of ours that is compressed is what another program unpacks`()
        async throws
    {
        try await withLake { lake in
            try await makeTable(lake, ["write.metadata.compression-codec": "gzip"])
            let folder = "\(lake.root)/\(try metadataFolder(lake))"
            _ = try await python(
                "gzip_document.py",
                "unpack",
                "\(folder)/v1.gz.metadata.json",
                "\(folder)/plain"
            )
            let bytes = try await lake.store.read(try metadataFolder(lake).appending("plain")).bytes
            let table = try await lake.catalog.load(.orders)
            #expect(bytes == table.metadata.serialized())
        }
    }

    @Test func `a table that changes its codec goes by one line of numbers`() async throws {
        try await withLake { lake in
            try await makeTable(lake)
            for (number, codec) in ["gzip", "none", "gzip"].enumerated() {
                var transaction = try await lake.catalog.beginTransaction(.orders)
                transaction.setProperties(["write.metadata.compression-codec": codec])
                #expect(try await transaction.commit().version == number + 2)
            }
            #expect(
                try await names(lake) == [
                    "v1.metadata.json", "v2.gz.metadata.json", "v3.metadata.json",
                    "v4.gz.metadata.json",
                ]
            )
        }
    }

    @Test func `old compressed documents are removed like others`() async throws {
        try await withLake { lake in
            try await makeTable(
                lake,
                [
                    "write.metadata.compression-codec": "gzip",
                    "write.metadata.previous-versions-max": "2",
                ]
            )
            for number in 2...5 {
                _ = try await append(lake, "\(number)")
                for name in try await names(lake) {
                    try age("\(lake.root)/\(metadataFolder(lake))/\(name)")
                }
            }
            _ = try await append(lake, "6")
            #expect(
                try await names(lake) == (4...6).map { "v\($0).gz.metadata.json" }
            )
        }
    }

    @Test func `a document in an unknown way of packing is not passed over`() async throws {
        try await withLake { lake in
            try await makeTable(lake)
            let folder = try metadataFolder(lake)
            _ = try await lake.store.put(
                [1],
                to: try folder.appending("v2.zst.metadata.json"),
                condition: .none
            )
            let error = await #expect(throws: IcebergError.self) {
                try await lake.catalog.beginTransaction(.orders)
            }
            #expect(error?.code == .unsupported)
            #expect(error?.message.contains("v2.zst.metadata.json") == true)
            var other = try await lake.other(seed: 5).catalog.load(.orders).metadata
            other.properties["write.metadata.compression-codec"] = "zstd"
            try await lake.store.delete(try folder.appending("v2.zst.metadata.json"))
            try await put(lake, "v2.metadata.json", other)
            let second = await #expect(throws: IcebergError.self) {
                try await append(lake, "2")
            }
            #expect(second?.code == .unsupported)
            #expect(second?.message.contains("zstd") == true)
        }
    }

    @Test func `another program's document of the same number wins, under whatever name`()
        async throws
    {
        try await withLake { lake in
            try await makeTable(lake)
            var rival = try await lake.catalog.load(.orders).metadata
            rival.properties["owner"] = "rival"
            let document = rival
            let store = FaultyStore(
                lake.store,
                [.before { try await put(lake, "v2.gz.metadata.json", document) }]
            )
            var transaction = try await lake.other(seed: 8, store: store).catalog
                .beginTransaction(.orders)
            transaction.append([fakeFile("2")])
            let result = try await transaction.commit()
            #expect(result.version == 3)
            #expect(result.attemptCount == 2)
            let table = try await lake.catalog.load(.orders)
            #expect(table.metadata.properties["owner"] == "rival")
            #expect(try await table.files().count == 2)
            #expect(
                try await names(lake) == [
                    "v1.metadata.json", "v2.gz.metadata.json", "v3.metadata.json",
                ]
            )
        }
    }

    @Test func `two documents of the newest number are refused`() async throws {
        try await withLake { lake in
            try await makeTable(lake)
            let table = try await lake.catalog.load(.orders)
            try await put(lake, "v1.gz.metadata.json", table.metadata)
            let before = try await lake.store.listAll(nil)
            let error = await #expect(throws: IcebergError.self) { try await append(lake, "2") }
            #expect(error?.code == .unsupported)
            #expect(error?.message.contains("v1.gz.metadata.json") == true)
            #expect(try await lake.store.listAll(nil) == before)
        }
    }

    // MARK: Another catalog's documents

    private static let foreignName = "00001-0f8fad5b-d9cb-469f-a165-70867728950e.metadata.json"

    @Test(arguments: [foreignName, "00000" + foreignName.dropFirst(5), "7-a.gz.metadata.json"])
    func `a line of another catalog is seen before anything is written`(name: String) async throws {
        try await withLake { lake in
            try await makeTable(lake)
            var foreign = try await lake.catalog.load(.orders).metadata
            foreign.lastUpdated += 1
            foreign.properties["owner"] = "another catalog"
            try await put(lake, name, foreign)
            let before = try await lake.store.listAll(nil)
            let error = await #expect(throws: IcebergError.self) { try await append(lake, "2") }
            #expect(error?.code == .unsupported)
            #expect(error?.message.contains(name) == true)
            #expect(error?.message.contains("v2.metadata.json") == true)
            #expect(try await lake.store.listAll(nil) == before)
            // It is still read, and written once the file is out of the way.
            #expect(try await lake.catalog.load(.orders).version == 1)
            try await lake.store.delete(try metadataFolder(lake).appending(name))
            #expect(try await append(lake, "2").version == 2)
        }
    }

    @Test func `a line that begins while rows are read is seen before the commit`() async throws {
        try await withLake { lake in
            try await makeTable(lake)
            var transaction = try await lake.catalog.beginTransaction(.orders)
            transaction.append([fakeFile("2")])
            var foreign = try await lake.catalog.load(.orders).metadata
            foreign.lastUpdated += 1
            try await put(lake, Self.foreignName, foreign)
            let before = try await lake.store.listAll(nil)
            let error = await #expect(throws: IcebergError.self) { try await transaction.commit() }
            #expect(error?.code == .unsupported)
            #expect(try await lake.store.listAll(nil) == before)
        }
    }

    @Test func `a copy resumes the other line, as the message says`() async throws {
        try await withLake { lake in
            try await makeTable(lake)
            _ = try await append(lake, "2")
            var foreign = try await lake.catalog.load(.orders).metadata
            foreign.lastUpdated += 1
            foreign.properties["owner"] = "another catalog"
            try await put(lake, Self.foreignName, foreign)
            try await put(lake, "v3.metadata.json", foreign)
            for number in 4...6 {
                #expect(try await append(lake, "\(number)").version == number)
            }
            let table = try await lake.catalog.load(.orders)
            #expect(table.metadata.properties["owner"] == "another catalog")
            // It went on from there by itself as well: two lines again.
            foreign.lastUpdated += 1
            try await put(lake, "00002" + Self.foreignName.dropFirst(5), foreign)
            let error = await #expect(throws: IcebergError.self) { try await append(lake, "7") }
            #expect(error?.code == .unsupported)
        }
    }

    @Test func `what a table came from is no second line`() async throws {
        try await withLake { lake in
            try await makeTable(lake)
            let first = try await lake.catalog.load(.orders).metadata
            // The folder's line begins with a document of another catalog, which its log names.
            try await put(lake, Self.foreignName, first)
            var moved = first
            moved.lastUpdated += 1
            moved.metadataLog = [
                TableMetadata.MetadataLogEntry(
                    location: "file:\(lake.root)/\(try metadataFolder(lake))/\(Self.foreignName)",
                    timestamp: first.lastUpdated
                )
            ]
            moved.properties["write.metadata.previous-versions-max"] = "3"
            try await put(lake, "v2.metadata.json", moved)
            // It leaves the log, and is still what the table came from.
            for number in 3...9 {
                #expect(try await append(lake, "\(number)").version == number)
            }
        }
    }

    @Test(arguments: [
        "0f8fad5b-d9cb-469f-a165-70867728950e.metadata.json",
        "12345678-d9cb-469f-a165-70867728950e"
            + ".metadata.json", ".v2.metadata.json.crc", "version-hint.text.tmp", "v.metadata.json",
        "v02-x.metadata.json", "metadata.json",
    ])
    func `files of others that are no documents are left alone`(name: String) async throws {
        try await withLake { lake in
            try await makeTable(lake)
            let key = try metadataFolder(lake).appending(name)
            _ = try await lake.store.put([1], to: key, condition: .none)
            #expect(try await append(lake, "2").version == 2)
            #expect(try await lake.store.info(key) != nil)
        }
    }

    @Test func `pyiceberg's commit through a catalog of its own is not forked`() async throws {
        try await withLake { lake in
            let table = try TableName.orders
            var transaction = try await lake.catalog.beginTransaction(table)
            transaction.setSchema(ordersSchema)
            transaction.append([try await lake.writeOrders(1...3, table: table)])
            _ = try await transaction.commit()
            let loaded = try await lake.catalog.load(table)
            _ = try await python("iceberg_register.py", loaded.metadataLocation)
            let error = await #expect(throws: IcebergError.self) { try await append(lake, "2") }
            #expect(error?.code == .unsupported)
            #expect(error?.message.contains("through another catalog") == true)
        }
    }
}
