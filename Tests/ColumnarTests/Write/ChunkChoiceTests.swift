import Columnar
import TestSupport
import Testing

/// What a chunk decides by its first page, and the bounds that follow from a dictionary.
@Suite struct ChunkChoiceTests {
    private func file(
        _ type: DataType,
        options: ParquetOptions = ParquetOptions(),
        rowCount: Int = 40_000,
        isRequired: Bool = true,
        _ fill: (ColumnBuffer, Int) -> Void
    ) throws -> (file: ParquetFile, summary: FileSummary) {
        let schema = Schema([Field(id: 1, name: "c", type: type, isRequired: isRequired)])
        let writer = ParquetWriter(schema: schema, options: options)
        var bytes: [UInt8] = []
        var row = 0
        while row < rowCount {
            let batch = Batch(schema: schema)
            while row < rowCount, batch.columns[0].count < 16_384 {
                fill(batch.columns[0], row)
                row += 1
            }
            batch.rowCount = batch.columns[0].count
            writer.append(batch)
            for chunk in writer.takeOutput() { bytes += chunk.bytes }
        }
        let summary = writer.finish()
        for chunk in writer.takeOutput() { bytes += chunk.bytes }
        return (try ParquetFile(bytes: bytes), summary)
    }

    @Test func `a chunk that does not shrink is not compressed`() throws {
        var random = SplitMix64(seed: 3)
        let noise = try file(.long) { column, _ in column.append(Int64(bitPattern: random.next())) }
        #expect(
            noise.file.metadata.rowGroups[0].columns[0].codec
                == CompressionCodec.uncompressed.rawValue
        )
        let steps = try file(.long) { column, row in column.append(Int64(row / 7)) }
        #expect(steps.file.metadata.rowGroups[0].columns[0].codec == CompressionCodec.zstd.rawValue)
        let words = try file(.string) { column, row in column.append("the word number \(row)") }
        #expect(words.file.metadata.rowGroups[0].columns[0].codec == CompressionCodec.zstd.rawValue)
    }

    @Test func `each row group decides again`() throws {
        var random = SplitMix64(seed: 4)
        var options = ParquetOptions()
        options.rowGroupRowCount = 16_384
        let mixed = try file(.long, options: options, rowCount: 32_768) { column, row in
            column.append(row < 16_384 ? Int64(bitPattern: random.next()) : Int64(row / 7))
        }
        #expect(
            mixed.file.metadata.rowGroups.map { $0.columns[0].codec }
                == [CompressionCodec.uncompressed, .zstd].map(\.rawValue)
        )
    }

    @Test(arguments: [
        DataType.int, .long, .date, .timestamp, .uuid, .string, .binary,
        .decimal(precision: 9, scale: 2), .decimal(precision: 18, scale: 2),
        .decimal(precision: 38, scale: 2), .float, .double,
    ])
    func `bounds by way of a dictionary are those of the values`(type: DataType) throws {
        for distinct in [1, 3, 90, 1_500] {
            var found: [FileSummary] = []
            var indices: [[ParquetFile.ColumnIndex?]] = []
            for usesDictionary in [true, false] {
                var random = SplitMix64(seed: UInt64(distinct))
                var options = ParquetOptions()
                options.usesDictionary = usesDictionary
                let written = try file(type, options: options, isRequired: false) { column, _ in
                    let value = Int64.random(in: 0..<Int64(distinct), using: &random) * 37 - 500
                    if value % 11 == 0 {
                        column.appendNull()
                        return
                    }
                    switch column.storage {
                    case .fixed(width: 4):
                        if type == .float {
                            column.append(Float(value))
                        } else {
                            column.append(Int32(value))
                        }
                    case .fixed(width: 8):
                        if type == .double {
                            column.append(Double(value))
                        } else {
                            column.append(value)
                        }
                    case .fixed(width: 16) where type == .uuid:
                        withUnsafeBytes(of: (value.bigEndian, value)) { column.append($0) }
                    case .fixed: column.append(unscaled: Int128(value) << 40)
                    default: column.append(String(repeating: "wide ", count: 3) + String(value))
                    }
                }
                found.append(written.summary)
                indices.append([try written.file.columnIndex(rowGroup: 0, column: 0)])
            }
            #expect(found[0].columns[0].minimum == found[1].columns[0].minimum)
            #expect(found[0].columns[0].maximum == found[1].columns[0].maximum)
            #expect(found[0].columns[0].nullCount == found[1].columns[0].nullCount)
            #expect(indices[0] == indices[1])
        }
    }
}
