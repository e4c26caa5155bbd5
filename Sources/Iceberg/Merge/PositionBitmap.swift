internal import Columnar

/// Rows of one file that are marked, a bit each.
final class PositionBitmap {
    /// Rows of the file.
    let rowCount: Int64
    private var words: [UInt64]

    /// Makes the bitmap of a file without a mark.
    init(rowCount: Int64) {
        precondition(0...Limits.mergeFileRowCount ~= rowCount, "files of more rows are refused")
        self.rowCount = rowCount
        words = Array(repeating: 0, count: Int((rowCount + 63) / 64))
    }

    /// Marks a row; one the file does not have is passed over.
    func insert(_ position: Int64) {
        guard position >= 0, position < rowCount else { return }
        words[Int(position >> 6)] |= 1 << UInt64(position & 63)
    }

    /// Whether a row is marked.
    func contains(_ position: Int64) -> Bool {
        guard position >= 0, position < rowCount else { return false }
        return words[Int(position >> 6)] & 1 << UInt64(position & 63) != 0
    }

    /// Marked rows.
    var count: Int64 { words.reduce(0) { $0 + Int64($1.nonzeroBitCount) } }

    /// Marks what `other`, of the same file, has marked.
    func formUnion(_ other: PositionBitmap) {
        precondition(rowCount == other.rowCount, "bitmaps of two files")
        for index in words.indices { words[index] |= other.words[index] }
    }

    /// Takes the marks back that `other`, of the same file, has.
    func subtract(_ other: PositionBitmap) {
        precondition(rowCount == other.rowCount, "bitmaps of two files")
        for index in words.indices { words[index] &= ~other.words[index] }
    }

    /// Calls `body` with runs of marked rows, in order, at most `limit` at a time.
    func forEachBlock(of limit: Int, _ body: ([Int64]) async throws -> Void) async rethrows {
        var block: [Int64] = []
        block.reserveCapacity(limit)
        for index in words.indices {
            var word = words[index]
            while word != 0 {
                block.append(Int64(index) << 6 | Int64(word.trailingZeroBitCount))
                word &= word - 1
                if block.count == limit {
                    try await body(block)
                    block.removeAll(keepingCapacity: true)
                }
            }
        }
        if !block.isEmpty { try await body(block) }
    }
}
