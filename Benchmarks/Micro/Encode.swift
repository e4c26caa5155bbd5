import Columnar

private func options(_ change: (inout ParquetOptions) -> Void) -> ParquetOptions {
    var options = ParquetOptions()
    options.codec = .uncompressed
    options.writesPageIndex = false
    change(&options)
    return options
}

private func encode(
    _ name: String,
    _ type: DataType,
    isRequired: Bool = true,
    _ options: ParquetOptions,
    _ fill: @escaping @Sendable (ColumnBuffer, inout Numbers) -> Void
) -> Case {
    Case(name, values: rowCount) {
        let input = batches(type, isRequired: isRequired, fill)
        return { write(input, options) }
    }
}

private let plain = options { $0.usesDictionary = false }
private let dictionary = options { _ in }
private let compact = options {
    $0.usesDictionary = false
    $0.encodings = .compact
}

/// From columns to encoded pages, without a codec: each encoding there is, levels and statistics
/// included.
let encodingCases = [
    encode("encode.delta-int64", .long, compact) { $0.append(Int64($1.below(1 << 40))) },
    encode("encode.delta-int32", .int, compact) { $0.append(Int32($1.below(1 << 20))) },
    encode("encode.delta-length-text", .string, compact) { $0.append(comment(&$1)) },
    encode("encode.plain-int64", .long, plain) { $0.append(Int64($1.below(1 << 40))) },
    encode("encode.plain-text", .string, plain) { $0.append(comment(&$1)) },
    encode("encode.plain-double", .double, plain) { $0.append(Double($1.below(1 << 50))) },
    encode("encode.plain-boolean", .boolean, plain) { $0.append($1.below(2) == 0) },
    encode("encode.plain-decimal38", .decimal(precision: 38, scale: 10), plain) {
        $0.append(unscaled: Int128($1.next()) << 40)
    },
    encode("encode.byte-stream-split-double", .double, compact) {
        $0.append(Double($1.below(1 << 50)))
    },
    encode("encode.dictionary-int64", .long, dictionary) { $0.append(Int64($1.below(1_000))) },
    encode("encode.dictionary-int32", .date, dictionary) { $0.append(Int32($1.below(2_500))) },
    encode("encode.dictionary-text", .string, dictionary) {
        $0.append(words[$1.below(words.count)])
    },
    encode("encode.levels-int64", .long, isRequired: false, plain) { column, numbers in
        if numbers.below(4) == 0 {
            column.appendNull()
        } else {
            column.append(Int64(numbers.below(9)))
        }
    },
]

/// The same text pages through each codec.
let codecCases = [CompressionCodec.uncompressed, .zstd, .snappy, .lz4Raw, .gzip].map { codec in
    encode(
        "codec.\(codec)",
        .string,
        options {
            $0.codec = codec
            $0.usesDictionary = false
        }
    ) { $0.append(comment(&$1)) }
}

/// What is paid per page, per row group and per file.
let fileCases = [
    Case("file.page", values: rowCount / 64) {
        let input = batches(.long) { $0.append(Int64($1.below(1 << 40))) }
        let options = options {
            $0.usesDictionary = false
            $0.pageRowCount = 64
            $0.writesPageIndex = true
        }
        return { write(input, options) }
    },
    Case("file.row-group", values: 64 * 16) {
        let types: [DataType] = [.long, .int, .double, .string]
        let schema = Schema(
            (0..<16).map {
                Field(id: $0 + 1, name: "c\($0)", type: types[$0 % 4], isRequired: true)
            }
        )
        var numbers = Numbers()
        let batch = Batch(schema: schema)
        for _ in 0..<256 {
            for column in batch.columns {
                switch column.type {
                case .long: column.append(Int64(numbers.below(1 << 40)))
                case .int: column.append(Int32(numbers.below(1 << 20)))
                case .double: column.append(Double(numbers.below(1 << 50)))
                default: column.append(comment(&numbers))
                }
            }
        }
        batch.rowCount = 256
        let options = options { $0.rowGroupRowCount = 256 }
        return { write(Array(repeating: batch, count: 64), options) }
    },
    Case("file.footer", values: 1_000) {
        let schema = Schema(
            (0..<1_000).map { Field(id: $0 + 1, name: "column_\($0)", type: .long) }
        )
        let batch = Batch(schema: schema)
        for column in batch.columns { column.append(Int64(1)) }
        batch.rowCount = 1
        let options = options { $0.writesPageIndex = true }
        return { write([batch], options) }
    },
]
