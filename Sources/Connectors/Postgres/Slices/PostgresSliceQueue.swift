import Synchronization

/// A part of a read that one statement brings.
struct PostgresSlice: Hashable, Sendable {
    /// Which rows of the relation.
    enum Range: Hashable, Sendable {
        case all
        /// Pages from `first`, up to `end` or to the last there is.
        case pages(first: Int64, end: Int64?)
        /// Rows that meet a condition on the key.
        case keys(String)

        /// The range as SQL; nil for all.
        var condition: String? {
            switch self {
            case .all: nil
            case .pages(let first, let end):
                "ctid >= '(\(first),0)'" + (end.map { " AND ctid < '(\($0),0)'" } ?? "")
            case .keys(let condition): condition
            }
        }
    }

    /// `FROM …` without the word: the relation or a leaf of it.
    var fromClause: String
    var range: Range
}

/// The slices of a read, each given once to whichever lane asks first.
final class PostgresSliceQueue: Sendable {
    private let slices: [PostgresSlice]
    private let read: PostgresRead
    private let nextIndex = Mutex(0)

    /// Makes a queue of the slices in their order.
    init(_ slices: [PostgresSlice], of read: PostgresRead) {
        self.slices = slices
        self.read = read
    }

    /// The columns every slice has.
    var columns: [CopyColumn] { read.copyColumns }

    /// The statement of the next slice; nil when all were given.
    ///
    /// Made when it is asked for: the slices of a large table are many.
    func next() -> String? {
        let slice = nextIndex.withLock { index -> PostgresSlice? in
            guard index < slices.count else { return nil }
            defer { index += 1 }
            return slices[index]
        }
        guard let slice else { return nil }
        let conditions = [slice.range.condition, read.filter.map { "(\($0)\n)" }]
            .compactMap { $0 }.joined(separator: " AND ")
        return "COPY (SELECT \(read.selectList) FROM \(slice.fromClause)"
            + (conditions.isEmpty ? "" : " WHERE \(conditions)") + "\n) TO STDOUT (FORMAT binary)"
    }
}
