import Columnar
import FoundationEssentials
import TestSupport
import Testing

@Suite struct ParquetWriterTests {
    private struct Variant: Sendable, CustomTestStringConvertible {
        var codec = CompressionCodec.zstd
        var pageVersion = ParquetOptions.PageVersion.v1
        var usesDictionary = true
        var encodings = EncodingChoice.compatible
        var testDescription: String {
            "\(codec) \(pageVersion) dictionary \(usesDictionary) \(encodings)"
        }
        static let all: [Variant] = [
            Variant(), Variant(codec: .uncompressed), Variant(codec: .snappy),
            Variant(codec: .lz4Raw), Variant(codec: .gzip), Variant(pageVersion: .v2),
            Variant(codec: .uncompressed, pageVersion: .v2, usesDictionary: false),
            Variant(usesDictionary: false), Variant(encodings: .balanced),
            Variant(encodings: .compact), Variant(usesDictionary: false, encodings: .compact),
        ]
        var options: ParquetOptions {
            var options = ParquetOptions()
            options.codec = codec
            options.pageVersion = pageVersion
            options.usesDictionary = usesDictionary
            options.encodings = encodings
            return options
        }
    }

    /// Writes batches and returns the file.
    private func file(
        _ batches: [Batch],
        schema: Schema,
        options: ParquetOptions = ParquetOptions()
    ) -> (bytes: [UInt8], summary: FileSummary) {
        let writer = ParquetWriter(schema: schema, options: options)
        var bytes: [UInt8] = []
        for batch in batches {
            writer.append(batch)
            for chunk in writer.takeOutput() { bytes += chunk.bytes }
        }
        let summary = writer.finish()
        for chunk in writer.takeOutput() { bytes += chunk.bytes }
        return (bytes, summary)
    }

    /// All rows of a file in one batch.
    private func readBack(_ bytes: [UInt8]) throws -> Batch {
        let file = try ParquetFile(bytes: bytes)
        let whole = Batch(schema: file.schema)
        let batches = try file.batches()
        while let batch = try batches.next() {
            for (column, part) in zip(whole.columns, batch.columns) {
                column.append(contentsOf: part)
            }
            whole.rowCount += batch.rowCount
        }
        return whole
    }

    private func expectEqual(_ left: ColumnBuffer, _ right: ColumnBuffer, _ name: String) {
        #expect(left.count == right.count, "\(name)")
        guard left.count == right.count else { return }
        for index in 0..<left.count {
            guard left.isValid(index) == right.isValid(index) else {
                Issue.record("\(name)[\(index)]: one is null")
                return
            }
            guard left.isValid(index) else { continue }
            switch left.storage {
            case .fixed(let width):
                let range = index * width..<(index + 1) * width
                guard left.values.bytes[range].elementsEqual(right.values.bytes[range]) else {
                    Issue.record("\(name)[\(index)]: bytes differ")
                    return
                }
            case .variable:
                guard
                    left.values.bytes[left.range(at: index)]
                        .elementsEqual(right.values.bytes[right.range(at: index)])
                else {
                    Issue.record("\(name)[\(index)]: bytes differ")
                    return
                }
            case .list:
                #expect(left.range(at: index).count == right.range(at: index).count, "\(name)")
            case .structure: break
            }
        }
        for (child, other) in zip(left.children, right.children) {
            expectEqual(child, other, name + ".child")
        }
    }

    @Test(arguments: Variant.all)
    private func `what is written is read back`(variant: Variant) throws {
        var samples = WriterSamples(seed: 7)
        let batches = [
            samples.batch(rows: 3_000, from: 0), samples.batch(rows: 1, from: 3_000),
            samples.batch(rows: 17_000, from: 3_001),
        ]
        let expected = Batch(schema: WriterSamples.schema)
        for batch in batches {
            for (column, part) in zip(expected.columns, batch.columns) {
                column.append(contentsOf: part)
            }
        }
        let (bytes, summary) = file(batches, schema: WriterSamples.schema, options: variant.options)
        #expect(summary.rowCount == 20_001)
        #expect(summary.byteCount == Int64(bytes.count))
        let parsed = try ParquetFile(bytes: bytes)
        #expect(parsed.schema == WriterSamples.schema)
        let actual = try readBack(bytes)
        for (index, field) in WriterSamples.schema.fields.enumerated() {
            expectEqual(expected.columns[index], actual.columns[index], field.name)
        }
    }

    /// A batch's rows as JSON arrays of canonical texts.
    private func lines(_ batch: Batch) throws -> String {
        let encoder = JSONEncoder()
        return try (0..<batch.rowCount).map { row in
            String(
                decoding: try encoder.encode(batch.columns.map { $0.text(at: row) }),
                as: UTF8.self
            )
        }.joined(separator: "\n")
    }

    @Test func `pyarrow and DuckDB read every value as it was written`() async throws {
        try await withScratchDirectory { folder in
            var paths: [String] = []
            for (number, variant) in Variant.all.enumerated() {
                var samples = WriterSamples(seed: UInt64(number))
                let batch = samples.batch(rows: 2_000, from: 0)
                let bytes = file([batch], schema: batch.schema, options: variant.options).bytes
                let path = "\(folder)/\(number).parquet"
                try Data(bytes).write(to: URL(filePath: path))
                try Data(try lines(batch).utf8).write(to: URL(filePath: path + ".jsonl"))
                paths.append(path)
            }
            try await Samples.python("parquet_judge.py", paths)
        }
    }

    @Test func `a file without rows has a schema`() throws {
        let (bytes, summary) = file([], schema: WriterSamples.schema)
        #expect(summary.rowCount == 0 && summary.splitOffsets.isEmpty)
        #expect(try ParquetFile(bytes: bytes).schema == WriterSamples.schema)
    }

    @Test func `statistics hold every value`() throws {
        let schema = Schema([
            Field(id: 1, name: "d", type: .double), Field(id: 2, name: "s", type: .string),
            Field(id: 3, name: "n", type: .int),
        ])
        let batch = Batch(schema: schema)
        for value in [-0.0, 3.5, 0, 1] { batch.columns[0].append(value) }
        let long = String(repeating: "z", count: 100)
        for value in ["b", long, "a", "c"] { batch.columns[1].append(value) }
        for _ in 0..<4 { batch.columns[2].appendNull() }
        batch.rowCount = 4
        let summary = file([batch], schema: schema).summary
        #expect(summary.columns[0].nanCount == 0)
        #expect(summary.columns[0].minimum == .double(-0.0))
        #expect(summary.columns[0].maximum == .double(3.5))
        #expect(summary.columns[1].minimum == .bytes(Array("a".utf8)))
        let raised = String(repeating: "z", count: 63) + "{"
        #expect(summary.columns[1].maximum == .bytes(Array(raised.utf8)))
        #expect(summary.columns[2].nullCount == 4)
        #expect(summary.columns[2].minimum == nil && summary.columns[2].maximum == nil)
    }

    @Test(arguments: [DataType.float, .double], [0, 1, 2, 3])
    func `a column with a NaN has no bounds that a filter could skip it by`(
        type: DataType,
        place: Int
    ) throws {
        let schema = Schema([Field(id: 1, name: "x", type: type)])
        var options = ParquetOptions()
        options.rowGroupRowCount = 20
        options.pageRowCount = 10
        // Two row groups of two pages; in one of the pages there is a NaN.
        var batches: [Batch] = []
        for number in 0..<4 {
            let batch = Batch(schema: schema)
            for row in 0..<10 {
                let value = row == 5 && number == place ? Double.nan : Double(row)
                if type == .float {
                    batch.columns[0].append(Float(value))
                } else {
                    batch.columns[0].append(value)
                }
            }
            batch.rowCount = 10
            batches.append(batch)
        }
        let (bytes, summary) = file(batches, schema: schema, options: options)
        #expect(summary.columns[0].nanCount == 1)
        #expect(summary.columns[0].minimum == nil && summary.columns[0].maximum == nil)
        let parsed = try ParquetFile(bytes: bytes)
        for (index, group) in parsed.metadata.rowGroups.enumerated() {
            let statistics = group.columns[0].statistics
            let hasNaN = index == place / 2
            #expect((statistics?.minimum == nil) == hasNaN, "\(index)")
            #expect((statistics?.maximum == nil) == hasNaN, "\(index)")
            #expect((try parsed.columnIndex(rowGroup: index, column: 0) == nil) == hasNaN)
        }
    }

    @Test(arguments: EncodingChoice.allCases)
    func `a file has the encodings of its table's choice and no other`(choice: EncodingChoice)
        throws
    {
        let schema = Schema([
            Field(id: 1, name: "few", type: .string), Field(id: 2, name: "many", type: .string),
            Field(id: 3, name: "rising", type: .long), Field(id: 4, name: "real", type: .double),
            Field(id: 5, name: "money", type: .decimal(precision: 9, scale: 2)),
            Field(id: 6, name: "id", type: .uuid), Field(id: 7, name: "yes", type: .boolean),
        ])
        var samples = WriterSamples(seed: 3)
        let batch = Batch(schema: schema)
        for row in 0..<16_384 {
            batch.columns[0].append("kind \(samples.next() % 5)")
            batch.columns[1].append("text \(samples.next())")
            batch.columns[2].append(Int64(row))
            batch.columns[3].append(Double(samples.next()))
            batch.columns[4].append(Int32(truncatingIfNeeded: samples.next() % 900_000_000))
            withUnsafeBytes(of: (samples.next(), samples.next())) { batch.columns[5].append($0) }
            batch.columns[6].append(samples.next() % 2 == 0)
        }
        batch.rowCount = 16_384
        var options = ParquetOptions()
        options.encodings = choice
        let parsed = try ParquetFile(bytes: file([batch], schema: schema, options: options).bytes)
        // Levels are RLE in every file.
        let found = parsed.metadata.rowGroups[0].columns.map { column in
            Set(column.encodings.compactMap(Encoding.init(rawValue:))).subtracting([.rle])
        }
        let packed: Encoding = choice == .compatible ? .plain : .deltaBinaryPacked
        let text: Encoding = choice == .compact ? .deltaLengthByteArray : .plain
        let real: Encoding = choice == .compact ? .byteStreamSplit : .plain
        #expect(
            found == [
                [.rleDictionary, .plain], [text], [packed], [real], [packed], [.plain], [.plain],
            ]
        )
    }

    @Test func `a dictionary that fills up is left for the pages behind`() throws {
        let schema = Schema([Field(id: 1, name: "text", type: .string, isRequired: true)])
        var batches: [Batch] = []
        var next = 0
        for round in 0..<40 {
            let batch = Batch(schema: schema)
            for row in 0..<16_384 {
                // The first pages repeat; later ones are all new.
                let value = round < 2 ? row % 100 : next
                next += 1
                batch.columns[0].append("value \(value)")
            }
            batch.rowCount = 16_384
            batches.append(batch)
        }
        var options = ParquetOptions()
        options.encodings = .compact
        let (bytes, _) = file(batches, schema: schema, options: options)
        let encodings = try ParquetFile(bytes: bytes).metadata.rowGroups[0].columns[0].encodings
        #expect(encodings.contains(Encoding.rleDictionary.rawValue))
        #expect(encodings.contains(Encoding.deltaLengthByteArray.rawValue))
        let actual = try readBack(bytes)
        #expect(actual.rowCount == 40 * 16_384)
        for (index, batch) in batches.enumerated() {
            for row in stride(from: 0, to: batch.rowCount, by: 997) {
                let want = batch.columns[0].values.bytes[batch.columns[0].range(at: row)]
                let have = actual.columns[0].values.bytes[
                    actual.columns[0].range(at: index * 16_384 + row)
                ]
                #expect(want.elementsEqual(have))
            }
        }
    }

    @Test func `row groups end by rows and memory`() throws {
        let schema = Schema([Field(id: 1, name: "n", type: .int, isRequired: true)])
        var options = ParquetOptions()
        options.rowGroupRowCount = 20_000
        var batches: [Batch] = []
        for _ in 0..<5 {
            let batch = Batch(schema: schema)
            for row in 0..<10_000 { batch.columns[0].append(Int32(row)) }
            batch.rowCount = 10_000
            batches.append(batch)
        }
        let (bytes, summary) = file(batches, schema: schema, options: options)
        #expect(summary.splitOffsets.count == 3)
        #expect(
            try ParquetFile(bytes: bytes).metadata.rowGroups.map(\.rowCount) == [
                20_000, 20_000, 10_000,
            ]
        )
    }
}
