import Columnar

/// The same numbers on every run and machine (SplitMix64; Steele, Lea, Flood 2014).
struct Numbers {
    private var state: UInt64 = 2_024

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }

    mutating func below(_ bound: Int) -> Int { Int(next() % UInt64(bound)) }
}

/// Rows of every case but those of whole files: a few pages.
let rowCount = 65_536

let words = [
    "carefully", "final", "deposits", "sleep", "quickly", "regular", "accounts", "haggle", "the",
    "furiously", "ironic", "packages", "above", "even", "requests", "blithely", "special", "ideas",
]

/// A text of some words, as comments are.
func comment(_ numbers: inout Numbers) -> String {
    (0..<3 + numbers.below(4)).map { _ in words[numbers.below(words.count)] }
        .joined(separator: " ")
}

/// Batches of one column, filled by `fill`.
func batches(
    _ type: DataType,
    isRequired: Bool = true,
    _ fill: (ColumnBuffer, inout Numbers) -> Void
) -> [Batch] {
    var numbers = Numbers()
    let schema = Schema([Field(id: 1, name: "c", type: type, isRequired: isRequired)])
    return (0..<rowCount / Columnar.Limits.batchRowCount).map { _ in
        let batch = Batch(schema: schema)
        for _ in 0..<Columnar.Limits.batchRowCount { fill(batch.columns[0], &numbers) }
        batch.rowCount = Columnar.Limits.batchRowCount
        return batch
    }
}

/// Writes batches as one file and drops its bytes.
func write(_ batches: [Batch], _ options: ParquetOptions) {
    let writer = ParquetWriter(schema: batches[0].schema, options: options)
    for batch in batches {
        writer.append(batch)
        _ = writer.takeOutput()
    }
    _ = writer.finish()
    _ = writer.takeOutput()
}
