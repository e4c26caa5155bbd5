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

    /// Checks the request against the table.
    ///
    /// - Throws: `SourceError`, `notFound` or `configuration`.
    init(_ request: IncrementalRequest, table: SQLiteTable) throws {
        self.request = request
        self.table = table
        let names = request.key.isEmpty ? table.primaryKey : request.key
        for name in [request.cursor] + names
        where !table.columns.contains(where: { $0.name == name }) {
            throw SourceError(
                .notFound,
                "\(table.name) has no column \(name); name another with --cursor or --primary-key"
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
        key = names.isEmpty ? table.rowIDName.map { [$0] } ?? [] : names
        if key.isEmpty {
            throw SourceError(
                .configuration,
                "\(table.name) has no key to tell rows by; name one with --primary-key"
            )
        }
    }

    private var column: String { SQLiteSyntax.quoted(request.cursor) }

    /// New rows only, as SQL; nil when all rows are read.
    var condition: String? {
        guard let highest = request.since?.highest.map(SQLiteSyntax.literal) else { return nil }
        switch request.conflict {
        case .merge:
            let start = request.overlap.map { "\(highest) - \($0)" } ?? highest
            return "(\(column) >= \(start) OR \(column) IS NULL)"
        case .append:
            let known = (request.since?.boundaryKeys ?? []).map { row in
                "("
                    + zip(key, row).map {
                        "\(SQLiteSyntax.quoted($0)) IS \(SQLiteSyntax.literal($1))"
                    }
                    .joined(separator: " AND ") + ")"
            }
            // Without the keys read before, rows at the value itself are read rather than lost.
            guard request.since?.boundaryKeys != nil else { return "\(column) >= \(highest)" }
            guard !known.isEmpty else { return "\(column) > \(highest)" }
            return "(\(column) > \(highest) OR (\(column) = \(highest) AND NOT ("
                + known.joined(separator: " OR ") + ")))"
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
        return (condition == nil ? "everything, the first time; then " : "") + words + nulls
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
