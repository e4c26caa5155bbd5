import Basics
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
    /// How values of the cursor are compared.
    private let cursor: SQLiteCursor
    /// Why rows that were read before may be others now; nil where they are not.
    private let change: String?

    /// Checks the request against the table, where the columns `added` are not in yet.
    ///
    /// - Throws: `SourceError`, `notFound` or `configuration`.
    init(
        _ request: IncrementalRequest,
        table: SQLiteTable,
        read: [String],
        added: [String],
        cursor: SQLiteCursor,
        change: String?
    ) throws {
        self.request = request
        self.table = table
        self.cursor = cursor
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
        try CursorRule.requireLookback(
            request,
            fits: cursor.values,
            type: cursor.words,
            stream: stream
        )
        self.change = change
        guard request.conflict == .append else { return }
        if let change { throw CursorRule.refuseAppending(change, stream: stream) }
        if cursor.isMixed {
            throw SourceError(
                .unsupported,
                "\(table.name): the cursor \(request.cursor) holds \(cursor.words), which have no one "
                    + "order; use \(Remedy.onConflict.to("merge")), or another cursor"
            )
        }
    }

    private var column: String { SQLiteSyntax.quoted(request.cursor) }

    private static let columnsFact = "columns"

    /// What the next read has to know of the table.
    var mark: SourceMark { SourceMark([Self.columnsFact: String(table.columns.count)]) }

    private var reason: String? {
        CursorRule.reason(request, newColumns: filled) ?? change
    }

    /// What could surprise, one sentence each.
    var risks: [String] {
        var risks = [CursorRule.lateRisk(request)]
        if let risk = CursorRule.risk(request, newColumns: filled) { risks.append(risk) }
        if cursor.isMixed {
            risks.append(
                "the cursor \(request.cursor) holds \(cursor.words): those that have no place in the order "
                    + "of the highest are read each time"
            )
        }
        return risks
    }

    /// New rows only, as SQL; nil when all rows are read.
    var condition: String? {
        guard reason == nil, let highest = request.since?.highest.map(SQLiteSyntax.literal) else {
            return nil
        }
        let (value, bound) = (cursor.comparable(column), cursor.comparable(highest))
        switch request.conflict {
        case .merge:
            let start = cursor.start(bound, lookback: request.lookback)
            let others = cursor.otherClasses(than: highest, of: column).map { " OR \($0)" } ?? ""
            return "(\(value) >= \(start) OR \(column) IS NULL\(others))"
        case .append:
            // Without the keys read before, rows at the value itself are read rather than lost.
            guard let keys = request.since?.boundaryKeys else { return "\(value) >= \(bound)" }
            guard !keys.isEmpty else { return "\(value) > \(bound)" }
            let known = keys.map { row in
                "(" + row.map { SQLiteSyntax.literal($0 ?? "NULL") }.joined(separator: ", ") + ")"
            }
            let isSame = key.enumerated().map { place, name in
                "\(SQLiteSyntax.quoted(name)) COLLATE BINARY IS k.column\(place + 1)"
            }
            return
                "(\(value) > \(bound) OR (\(value) = \(bound) AND NOT EXISTS (SELECT 1 FROM "
                + "(VALUES \(known.joined(separator: ", "))) k WHERE "
                + isSame.joined(separator: " AND ") + ")))"
        }
    }

    /// The rule in words.
    var rule: String {
        let why = reason.map { "because \($0)" } ?? "the first time"
        return CursorRule.words(request, everything: condition == nil ? why : nil)
    }

    /// The statement of the highest cursor value, as a literal; no row where there is none.
    func highestQuery(filter: String?) -> String {
        let name = SQLiteSyntax.quoted(table.name)
        let filter = SQLiteSyntax.condition(filter)
        guard cursor.comparesInstants else {
            return
                "SELECT \(SQLiteSyntax.literalQuery("m")) FROM (SELECT max(\(column)) AS m "
                + "FROM main.\(name)\(filter))"
        }
        // The text as it stands there; several may tell one instant.
        return
            "SELECT \(SQLiteSyntax.literalQuery(column)), max(\(cursor.comparable(column))) FROM main.\(name)\(filter)"
    }

    /// The statement of the keys at a cursor value, as literals.
    func keysQuery(at highest: String, filter: String?) -> String {
        let names = key.map { SQLiteSyntax.literalQuery(SQLiteSyntax.quoted($0)) }.joined(
            separator: ", "
        )
        return "SELECT \(names) FROM main.\(SQLiteSyntax.quoted(table.name)) WHERE "
            + "\(cursor.comparable(column)) = \(cursor.comparable(highest))"
            + (filter.map { " AND (\($0)\n)" } ?? "") + " LIMIT \(Limits.boundaryKeyCount + 1)"
    }
}

/// How values of a cursor are compared: as what they land as.
struct SQLiteCursor {
    private let seen: SQLiteStatistics
    private let form: SQLiteForm

    /// Decides from all values that the column holds, and what they land as.
    init(_ seen: SQLiteStatistics, form: SQLiteForm) {
        self.seen = seen
        self.form = form
    }

    /// The function of a connection that gives the microsecond a text tells.
    static let instantFunction = "tributary_instant"

    /// Whether texts are compared by the instants they tell: one with a fraction or a `T` stands
    /// elsewhere in the order of texts than it does in time.
    var comparesInstants: Bool {
        switch form {
        case .date(.text), .timestamp(.text): true
        default: false
        }
    }

    /// An expression as it is compared.
    func comparable(_ expression: String) -> String {
        comparesInstants ? "\(Self.instantFunction)(\(expression))" : expression
    }

    /// Whether there are values of several kinds, which SQLite orders one kind behind the other.
    var isMixed: Bool {
        [seen.integerCount + seen.realCount > 0, seen.textCount > 0, seen.blobCount > 0]
            .count(where: { $0 }) > 1
    }

    /// What the column holds, in words.
    var words: String { seen.valueCount == 0 ? "no values" : seen.summary }

    /// What a lookback is taken from.
    var values: CursorRule.Values {
        switch form {
        case .date, .timestamp: .time
        case .long, .double, .decimal, .boolean: .number
        case .uuid, .string, .binary, .nothing: .other
        }
    }

    /// A bound less the lookback.
    func start(_ bound: String, lookback: Lookback?) -> String {
        switch lookback {
        case nil: return bound
        case .units(let count): return "\(bound) - \(count)"
        case .time(let span):
            let milliseconds = span.milliseconds
            switch form {
            case .date(.unixMilliseconds), .timestamp(.unixMilliseconds):
                return "\(bound) - \(milliseconds)"
            case .date(.julianDays), .timestamp(.julianDays):
                return "\(bound) - \(milliseconds) / 86400000.0"
            case .date(.text), .timestamp(.text): return "\(bound) - \(milliseconds)000"
            // Seconds: a part of one reaches back a whole one.
            default: return "\(bound) - \((milliseconds + 999) / 1_000)"
            }
        }
    }

    /// The condition of rows whose value is of another kind than the highest; nil where there are none.
    func otherClasses(than highest: String, of column: String) -> String? {
        guard isMixed else { return nil }
        let classes =
            highest.hasPrefix("'") || highest.hasPrefix("CAST")
            ? "'text'" : highest.lowercased().hasPrefix("x'") ? "'blob'" : "'integer', 'real'"
        return "typeof(\(column)) NOT IN (\(classes), 'null')"
    }
}
