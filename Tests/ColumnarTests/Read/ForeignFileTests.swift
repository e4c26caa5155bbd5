import Columnar
import FoundationEssentials
import TestSupport
import Testing

@Suite struct ForeignFileTests {
    @Test func `every value of the files of pyarrow and DuckDB reads as they wrote it`()
        async throws
    {
        try await withScratchDirectory { folder in
            try await Samples.python("parquet_samples.py", [folder])
            let files = try Samples.files(in: URL(filePath: folder), extension: "parquet")
            #expect(files.count >= 40)
            for file in files {
                do {
                    try compare(file)
                } catch {
                    Issue.record("\(file.lastPathComponent): \(error)")
                }
            }
        }
    }

    @Test func `layouts that only old writers made read as they meant them`() async throws {
        try await withScratchDirectory { folder in
            try await Samples.python("parquet_by_hand.py", ["legacy", folder])
            let files = try Samples.files(in: URL(filePath: folder), extension: "parquet")
            #expect(files.count == 8)
            for file in files {
                do {
                    try compare(file)
                } catch {
                    Issue.record("\(file.lastPathComponent): \(error)")
                }
            }
        }
    }

    private func compare(_ url: URL) throws {
        let expected = try Data(
            contentsOf: url.deletingPathExtension().appendingPathExtension("jsonl")
        )
        let lines = expected.split(separator: UInt8(ascii: "\n"))
        let file = try ParquetFile(bytes: [UInt8](Data(contentsOf: url)))
        let batches = try file.batches()
        let batch = Batch(schema: batches.schema)
        let decoder = JSONDecoder()
        var row = 0
        while try batches.read(into: batch) {
            for column in batch.columns { #expect(column.count == batch.rowCount) }
            for index in 0..<batch.rowCount {
                let wanted = try decoder.decode([String?].self, from: lines[row])
                try #require(wanted.count == batch.columns.count)
                for (column, text) in wanted.enumerated() {
                    let found = batch.columns[column].text(at: index)
                    guard found != text else { continue }
                    let name = batches.schema.fields[column].name
                    Issue.record(
                        """
                        \(url.lastPathComponent) row \(row) \(name): \
                        \(found ?? "null") instead of \(text ?? "null")
                        """
                    )
                    return
                }
                row += 1
            }
        }
        #expect(row == lines.count, "\(url.lastPathComponent)")
        #expect(file.rowCount == Int64(row))
    }

    @Test func `chosen columns come in the order they were asked for`() throws {
        let url = try #require(try Samples.corpus().first { $0.path.contains("duckdb-v1-zstd") })
        let file = try ParquetFile(bytes: [UInt8](Data(contentsOf: url)))
        let batches = try file.batches(columns: ["name", "i"])
        let batch = try #require(try batches.next())
        #expect(batch.schema.fields.map(\.name) == ["name", "i"])
        #expect(batch.columns[0].text(at: 1) == "name 1")
        #expect(batch.columns[1].text(at: 7) == "7")
        #expect(throws: ParquetError.self) { try file.batches(columns: ["nobody"]) }
    }

    @Test func `types are taken from both annotations`() throws {
        let url = try #require(try Samples.corpus().first { $0.path.contains("plain-v2-nulls4-0") })
        let schema = try ParquetFile(bytes: [UInt8](Data(contentsOf: url))).schema
        let types = Dictionary(uniqueKeysWithValues: schema.fields.map { ($0.name, $0.type) })
        #expect(types["uint32"] == .long)
        #expect(types["uint64"] == .decimal(precision: 20, scale: 0))
        #expect(types["half"] == .float)
        #expect(types["dec38"] == .decimal(precision: 38, scale: 10))
        #expect(types["ts_ns"] == .timestamp)
        #expect(types["tz_ms"] == .timestamptz)
        #expect(types["time_ms"] == .time)
        #expect(types["uuid"] == .uuid)
        #expect(types["fixed"] == .binary)
    }

    @Test func `pages, statistics and indexes of a chunk can be inspected`() throws {
        let url = try #require(
            try Samples.corpus().first { $0.path.contains("dictionary-v2-zstd") }
        )
        let file = try ParquetFile(bytes: [UInt8](Data(contentsOf: url)))
        let column = try #require(file.leafPaths.firstIndex(of: "int64"))
        let chunk = file.metadata.rowGroups[0].columns[column]
        let headers = try file.pageHeaders(rowGroup: 0, column: column)
        #expect(headers.first?.type == PageType.dictionary.rawValue)
        #expect(headers.dropFirst().allSatisfy { $0.type == PageType.dataV2.rawValue })
        #expect(headers.allSatisfy { $0.checksum != nil })
        #expect(headers.dropFirst().reduce(0) { $0 + Int64($1.valueCount) } == chunk.valueCount)
        #expect(chunk.statistics?.minimum?.count == 8)
        let index = try #require(try file.columnIndex(rowGroup: 0, column: column))
        let locations = try #require(try file.offsetIndex(rowGroup: 0, column: column))
        #expect(index.minima.count == headers.count - 1)
        #expect(locations.map(\.offset) == headers.dropFirst().map(\.offset))
        #expect(throws: ParquetError.self) { try file.columnIndex(rowGroup: 1, column: 0) }
    }
}
