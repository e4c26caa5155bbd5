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
        let names = request.key.isEmpty ? table.primaryKey : request.key
        for name in [request.cursor] + names where !read.contains(name) {
            throw SourceError(
                .notFound,
                "\(table.name) is not read with a column \(name); name another with --cursor or "
                    + "--primary-key, or add it to --columns"
            )
        }
        if names.isEmpty, request.conflict == .merge {
            throw SourceError(
                .configuration,
                "\(table.name) has no primary key to merge by; name one with --primary-key, or keep "
                    + "every version with --on-conflict append"
            )
        }
        if request.overlap != nil, request.conflict == .append {
            throw SourceError(
                .configuration,
                "an overlap is read twice, which appending would double; use --on-conflict merge"
            )
        }
        key = names
        // A row id is used again when its row was the last one, and VACUUM gives new ones.
        if key.isEmpty {
            throw SourceError(
                .configuration,
                "\(table.name) has no key to tell rows by; name one with --primary-key"
            )
        }
    }

    private var column: String { SQLiteSyntax.quoted(request.cursor) }

    private static let columnsFact = "columns"

    /// What the next read has to know of the table.
    var mark: SourceMark { SourceMark([Self.columnsFact: String(table.columns.count)]) }

    /// Why rows that were read before have to be read again; nil when they do not.
    private var reason: String? {
        guard request.since != nil, request.conflict == .merge, !filled.isEmpty else { return nil }
        return "rows read before have values of \(filled.joined(separator: ", ")), which is new"
    }

    /// What rows that were appended before lack; nil when they lack nothing.
    var risk: String? {
        guard request.since != nil, request.conflict == .append, !filled.isEmpty else { return nil }
        return
            "\(filled.joined(separator: ", ")): null in the rows that were appended before, whatever "
            + "the source has there now; --restart loads everything anew"
    }

    /// New rows only, as SQL; nil when all rows are read.
    var condition: String? {
        guard reason == nil, let highest = request.since?.highest.map(SQLiteSyntax.literal) else {
            return nil
        }
        switch request.conflict {
        case .merge:
            let start = request.overlap.map { "\(highest) - \($0)" } ?? highest
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
        let words =
            "rows whose \(request.cursor) is at or above the highest value read"
            + (request.overlap.map { " less \($0)" } ?? "")
        let nulls =
            request.conflict == .merge
            ? "; null ones every time" : "; null ones the first time only"
        let why = reason.map { "because \($0)" } ?? "the first time"
        return (condition == nil ? "everything, \(why); then " : "") + words + nulls
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
