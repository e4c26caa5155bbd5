import Columnar
import FoundationEssentials
import Iceberg
import ObjectStorage
import StoreSupport
import TestSupport
import Testing

@Suite struct ManifestTests {
    /// A table with one snapshot in memory, and the keys of its manifest list and manifest.
    private struct Fixture {
        let store = MemoryStore()
        let table: Table
        let list: ObjectKey
        let manifest: ObjectKey

        init(_ files: [DataFile]) async throws {
            let lake = try TestLake(root: "", store: store)
            var transaction = try await lake.catalog.beginTransaction(.orders)
            transaction.setSchema(ordersSchema)
            transaction.append(files)
            _ = try await transaction.commit()
            table = try await lake.catalog.load(.orders)
            let location = try #require(table.metadata.currentSnapshot?.manifestList)
            list = try #require(store.locations.key(at: location))
            let folder = try lake.catalog.folder(of: .orders).appending("metadata")
            manifest = try #require(
                try store.list(folder).objects.map(\.key).first {
                    $0.name.hasSuffix("-m0.avro")
                }
            )
        }

        /// Reads the table with other bytes in one of its files.
        func files(_ bytes: [UInt8], at key: ObjectKey) async throws -> [DataFile] {
            store[key] = bytes
            return try await table.files()
        }
    }

    private func column(
        _ id: Int,
        _ type: DataType,
        _ low: Scalar?,
        _ high: Scalar?,
        isRepeated: Bool = false
    ) -> ColumnSummary {
        ColumnSummary(
            fieldID: id,
            type: type,
            isRepeated: isRepeated,
            compressedByteCount: 11,
            valueCount: 12,
            nullCount: 3,
            nanCount: type == .double ? 1 : nil,
            minimum: low,
            maximum: high
        )
    }

    private func sampleFile(_ path: String = "/lake/1.parquet") -> DataFile {
        DataFile(
            path: path,
            summary: FileSummary(
                rowCount: 12,
                byteCount: 5_000_000_000,
                columns: [
                    column(1, .long, .integer(-5), .integer(7)),
                    column(2, .string, .bytes(Array("abc".utf8)), .bytes(Array("x".utf8))),
                    column(3, .double, nil, nil),
                    column(5, .int, .integer(1), .integer(2), isRepeated: true),
                ],
                splitOffsets: [4, 1_000_000]
            )
        )
    }

    @Test func `a manifest gives back what was written`() async throws {
        let files = [sampleFile(), fakeFile("2")]
        let read = try await Fixture(files).table.files()
        #expect(read == files)
        #expect(read[0].lowerBounds.keys.sorted() == [1, 2])
        #expect(read[0].nanCounts == [3: 1])
    }

    @Test func `a manifest of many files is written in blocks and read in whole`() async throws {
        let files = (0..<5_000).map { sampleFile("/lake/\($0).parquet") }
        let fixture = try await Fixture(files)
        #expect(try await fixture.table.files() == files)
        #expect(fixture.table.history.first?.byteCount == 25_000_000_000_000)
    }

    private struct Decoded: Decodable {
        struct Record: Decodable {
            struct File: Decodable {
                struct Pair: Decodable {
                    var key: Int
                    var value: String
                }

                var file_path: String
                var record_count: Int
                var lower_bounds: [Pair]
                var split_offsets: [Int]?
            }

            var status: Int?
            var sequence_number: Int?
            var data_file: File?
            var added_files_count: Int?
            var added_rows_count: Int?
        }

        var metadata: [String: String]
        var records: [Record]
    }

    @Test func `fastavro reads our files`() async throws {
        try await withLake { lake in
            var transaction = try await lake.catalog.beginTransaction(.orders)
            transaction.setSchema(ordersSchema)
            transaction.append([sampleFile()])
            _ = try await transaction.commit()
            let folder = lake.root + "/warehouse/shop/orders/metadata/"
            let names = try await lake.names(
                try lake.catalog.folder(of: .orders).appending("metadata")
            )
            let manifest = try #require(names.first { $0.hasSuffix("-m0.avro") })
            let decoded = try JSONDecoder().decode(
                Decoded.self,
                from: try await python("iceberg_avro.py", "read", folder + manifest)
            )
            #expect(decoded.metadata["content"] == "data")
            #expect(decoded.metadata["partition-spec"] == "[]")
            let entry = try #require(decoded.records.first)
            #expect(decoded.records.count == 1)
            #expect(entry.status == 1)
            #expect(entry.sequence_number == nil)
            #expect(entry.data_file?.record_count == 12)
            #expect(entry.data_file?.lower_bounds.map(\.value) == ["fbffffffffffffff", "616263"])
            #expect(entry.data_file?.split_offsets == [4, 1_000_000])

            let list = try #require(names.first { $0.hasPrefix("snap-") })
            let manifests = try JSONDecoder().decode(
                Decoded.self,
                from: try await python("iceberg_avro.py", "read", folder + list)
            )
            #expect(manifests.records.map(\.added_files_count) == [1])
            #expect(manifests.records.map(\.added_rows_count) == [12])
        }
    }

    @Test(arguments: ["null", "deflate"])
    func `a manifest of fastavro with other fields in another order is read`(
        codec: String
    ) async throws {
        let bytes = try await withScratchDirectory { folder in
            _ = try await python("iceberg_avro.py", "write", folder + "/m.avro", codec)
            return [UInt8](try Data(contentsOf: URL(filePath: folder + "/m.avro")))
        }
        let fixture = try await Fixture([sampleFile()])
        let files = try await fixture.files(bytes, at: fixture.manifest)
        #expect(files.count == 1_000)
        #expect(files[999].path == "/lake/999.parquet")
        #expect(files[999].rowCount == 999)
        #expect(files[999].byteCount == 1 << 40)
        #expect(files[999].lowerBounds == [1: [231]])
        #expect(files[999].valueCounts == [1: 999])
        #expect(files[998].valueCounts == [:])
    }

    @Test(arguments: [true, false])
    func `a torn file is never taken for a whole one`(isList: Bool) async throws {
        let fixture = try await Fixture([sampleFile()])
        let key = isList ? fixture.list : fixture.manifest
        let bytes = try #require(fixture.store[key])
        for length in 0..<bytes.count {
            do {
                // A file cut right behind its header is one without blocks.
                let files = try await fixture.files(Array(bytes.prefix(length)), at: key)
                #expect(files.isEmpty, "\(length)")
            } catch let error as IcebergError {
                #expect(error.code == .corrupt, "\(length)")
                #expect(error.message.contains(key.name))
            }
        }
    }

    @Test(arguments: [true, false])
    func `a file with a bit flipped is read or refused`(isList: Bool) async throws {
        let fixture = try await Fixture([sampleFile()])
        let key = isList ? fixture.list : fixture.manifest
        let bytes = try #require(fixture.store[key])
        var generator = SplitMix64(seed: 20_261_121)
        var refused = 0
        for index in bytes.indices {
            var broken = bytes
            broken[index] ^= 1 << UInt8.random(in: 0...7, using: &generator)
            do {
                _ = try await fixture.files(broken, at: key)
            } catch is IcebergError {
                refused += 1
            }
        }
        #expect(refused > 500)
    }

    @Test func `a block of any bytes is read or refused`() async throws {
        // Without the codec nothing but the decoder stands between the bytes and the values.
        let bytes = try await withScratchDirectory { folder in
            _ = try await python("iceberg_avro.py", "write", folder + "/m.avro", "null")
            return [UInt8](try Data(contentsOf: URL(filePath: folder + "/m.avro")))
        }
        let fixture = try await Fixture([sampleFile()])
        var generator = SplitMix64(seed: 20_261_121)
        var refused = 0
        for _ in 0..<2_000 {
            var broken = Array(bytes.prefix(Int.random(in: 5_000...9_000, using: &generator)))
            for _ in 0..<Int.random(in: 1...20, using: &generator) {
                let index = Int.random(in: 0..<broken.count, using: &generator)
                broken[index] = UInt8.random(in: 0...255, using: &generator)
            }
            do {
                _ = try await fixture.files(broken, at: fixture.manifest)
            } catch is IcebergError {
                refused += 1
            }
        }
        #expect(refused > 1_000)
    }

    /// A file of one block: schema, count of records and their bytes.
    private func file(_ schema: String, count: [UInt8], _ block: [UInt8]) -> [UInt8] {
        func text(_ value: String) -> [UInt8] {
            let length = value.utf8.count * 2
            return [UInt8(length & 0x7F) | 0x80, UInt8(length >> 7)] + Array(value.utf8)
        }
        let sync = [UInt8](repeating: 9, count: 16)
        return [0x4F, 0x62, 0x6A, 1, 2] + text("avro.schema") + text(schema) + [0] + sync
            + count + [UInt8(block.count * 2)] + block + sync
    }

    @Test func `small files that unpack to endless values are refused`() async throws {
        let fixture = try await Fixture([sampleFile()])
        let endless: [UInt8] = [0xFE, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0x01]
        let empty = #"{"type":"record","name":"r","fields":[]}"#
        // Each type holds the one before it twice: 2^40 values of no bytes.
        var doubled = #"{"name":"f0","type":{"type":"record","name":"t0","fields":[]}}"#
        for level in 1...40 {
            doubled +=
                #",{"name":"f\#(level)","type":{"type":"record","name":"t\#(level)","fields":["#
                + #"{"name":"a","type":"t\#(level - 1)"},{"name":"b","type":"t\#(level - 1)"}]}}"#
        }
        let nested = String(repeating: #"{"type":"array","items":"#, count: 100)
        for (name, bytes) in [
            ("records", file(empty, count: endless, [0])),
            ("minimum", file(empty, count: Array(repeating: 0xFF, count: 9) + [1], [0])),
            (
                "array",
                file(
                    #"{"type":"record","name":"r","fields":[{"name":"a","type":{"type":"array","items":"null"}}]}"#,
                    count: [2],
                    endless + [0]
                )
            ),
            (
                "negative",
                file(
                    #"{"type":"record","name":"r","fields":[{"name":"a","type":{"type":"array","items":"null"}}]}"#,
                    count: [2],
                    Array(repeating: 0xFF, count: 9) + [1, 0, 0]
                )
            ),
            (
                "doubled",
                file(
                    #"{"type":"record","name":"r","fields":[\#(doubled)]}"#,
                    count: [2],
                    [0]
                )
            ),
            ("nested", file(nested, count: [2], [0])),
            (
                "itself",
                file(
                    #"{"type":"record","name":"r","fields":[{"name":"a","type":"r"}]}"#,
                    count: [2],
                    [0]
                )
            ),
        ] {
            let error = await #expect(throws: IcebergError.self, "\(name)") {
                try await fixture.files(bytes, at: fixture.manifest)
            }
            #expect(error?.code == .corrupt, "\(name)")
        }
    }

    @Test func `blocks with their sizes are read`() async throws {
        let fixture = try await Fixture([sampleFile()])
        let schema = #"""
            {"type":"record","name":"e","fields":[
            {"name":"x","type":{"type":"array","items":"long"}},
            {"name":"status","type":"int","field-id":0},
            {"name":"data_file","field-id":2,"type":{"type":"record","name":"d","fields":[
            {"name":"file_path","type":"string"},{"name":"file_format","type":"string"},
            {"name":"record_count","type":"long"},{"name":"file_size_in_bytes","type":"long"}]}}]}
            """#
        // The array is two blocks: -2 items in 2 bytes, then 1 item.
        let block: [UInt8] = [3, 4, 2, 4, 2, 6, 0, 0, 4, 0x2F, 0x61, 2, 0x50, 8, 10]
        let files = try await fixture.files(file(schema, count: [2], block), at: fixture.manifest)
        #expect(files.map(\.path) == ["/a"])
        #expect(files.map(\.rowCount) == [4])
        #expect(files.map(\.byteCount) == [5])
    }
}
