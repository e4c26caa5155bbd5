import Synchronization

/// A part of a read that one statement brings.
struct PostgresSlice: Hashable, Sendable {
    /// `FROM …` without the word: the relation or a leaf of it.
    var fromClause: String
    /// Which of its rows; nil for all.
    var range: String?
}

/// The slices of a read, each given once to whichever lane asks first.
final class PostgresSliceQueue: Sendable {
    /// The columns every slice has.
    let columns: [CopyColumn]
    private let statements: [String]
    private let nextIndex = Mutex(0)

    /// Makes a queue of the slices in their order.
    init(_ slices: [PostgresSlice], of read: PostgresRead) {
        columns = read.copyColumns
        statements = slices.map { slice in
            let conditions = [slice.range, read.filter.map { "(\($0)\n)" }].compactMap { $0 }
            let condition =
                conditions.isEmpty ? "" : " WHERE " + conditions.joined(separator: " AND ")
            return "COPY (SELECT \(read.selectList) FROM \(slice.fromClause)\(condition)\n) "
                + "TO STDOUT (FORMAT binary)"
        }
    }

    /// The statement of the next slice; nil when all were given.
    func next() -> String? {
        nextIndex.withLock { index in
            guard index < statements.count else { return nil }
            defer { index += 1 }
            return statements[index]
        }
    }
}
