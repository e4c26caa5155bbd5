import Streams

/// How a read of a SQLite table finds what is new.
///
/// Writers take turns in SQLite, so a lower cursor value is committed late only by a program that
/// took it before it could write.
struct SQLiteIncrement {
    let request: IncrementalRequest
    let table: SQLiteTable
    /// Expressions that identify a row.
    let key: [String]
    /// New columns that rows read before may have values in.
    private let filled: [String]

    /// Checks the request against the table, where the columns `added` are not in yet.
    ///
    /// - Throws: `SourceError`, `notFound` or `configuration`.
    init(
        _ request: IncrementalRequest,
        table: SQLiteTable,
        read: [String],
        added: [String]
    ) throws {
        self.request = request
        self.table = table
        let knownCount = request.since?.mark?.facts[Self.columnsFact].flatMap { Int($0) } ?? .max
        filled = table.columns.enumerated().filter { place, column in
            added.contains(column.name)
                && (table.kind != .table || place < knownCount || column.fillsOldRows)
        }.map(\.element.name)
        let stream = StreamName(namespace: nil, name: table.name)
        // A row id is used again when its row was the last one, and VACUUM gives new ones.
        key = try CursorRule.key(
            of: request,
            stream: stream,
            read: read,
            primaryKey: table.primaryKey
        )
        try CursorRule.requireKey(key, stream: stream)
        try CursorRule.refuseOverlap(request)
    }

    private var column: String { SQLiteSyntax.quoted(request.cursor) }

    private static let columnsFact = "columns"

    /// What the next read has to know of the table.
    var mark: SourceMark { SourceMark([Self.columnsFact: String(table.columns.count)]) }

    private var reason: String? { CursorRule.reason(request, newColumns: filled) }

    /// What rows that were appended before lack; nil when they lack nothing.
    var risk: String? { CursorRule.risk(request, newColumns: filled) }

    /// New rows only, as SQL; nil when all rows are read.
    var condition: String? {
        guard reason == nil, let highest = request.since?.highest.map(SQLiteSyntax.literal) else {
            return nil
        }
        switch request.conflict {
        case .merge:
            let start = request.lookback.map { "\(highest) - \($0)" } ?? highest
            return "(\(column) >= \(start) OR \(column) IS NULL)"
        case .append:
            // Without the keys read before, rows at the value itself are read rather than lost.
            guard let keys = request.since?.boundaryKeys else { return "\(column) >= \(highest)" }
            guard !keys.isEmpty else { return "\(column) > \(highest)" }
            let known = keys.map { row in
                "(" + row.map { SQLiteSyntax.literal($0 ?? "NULL") }.joined(separator: ", ") + ")"
            }
            let isSame = key.enumerated().map { place, name in
                "\(SQLiteSyntax.quoted(name)) COLLATE BINARY IS k.column\(place + 1)"
            }
            return
                "(\(column) > \(highest) OR (\(column) = \(highest) AND NOT EXISTS (SELECT 1 FROM "
                + "(VALUES \(known.joined(separator: ", "))) k WHERE "
                + isSame.joined(separator: " AND ") + ")))"
        }
    }

    /// The rule in words.
    var rule: String {
        let why = reason.map { "because \($0)" } ?? "the first time"
        return CursorRule.words(request, everything: condition == nil ? why : nil)
    }

    /// The statement of the highest cursor value, as a literal.
    func highestQuery(filter: String?) -> String {
        "SELECT quote(max(\(column))) FROM main.\(SQLiteSyntax.quoted(table.name))"
            + SQLiteSyntax.condition(filter)
    }

    /// The statement of the keys at a cursor value, as literals.
    func keysQuery(at highest: String, filter: String?) -> String {
        let names = key.map { "quote(\(SQLiteSyntax.quoted($0)))" }.joined(separator: ", ")
        return "SELECT \(names) FROM main.\(SQLiteSyntax.quoted(table.name)) WHERE "
            + "\(column) = \(highest)" + (filter.map { " AND (\($0)\n)" } ?? "")
            + " LIMIT \(Limits.boundaryKeyCount + 1)"
    }
}
