import Basics
import Columnar
import Streams

/// How a read finds the rows that are new, and what it remembers for the next one.
struct PostgresIncrement: Sendable {
    /// What tells new rows.
    enum Rule: Sendable {
        /// The transactions that wrote them: whatever was committed since, however late.
        case transactions
        /// Transactions among the rows whose cursor is not far behind its highest value.
        case transactionsInOverlap
        /// The cursor alone, in relations whose rows do not say who wrote them.
        case cursor
    }

    var rule: Rule
    var request: IncrementalRequest
    /// The columns that identify a row: as given, else the primary key.
    var key: [String]
    /// New rows only, as SQL; nil when all rows are read.
    var condition: String?
    /// Rows that no later run reads, as SQL, where newer ones wait for the next; nil where all count.
    var settled: String?
    /// What the relation is made of; nil where it need not be known.
    var contents: PostgresContents?

    /// Leaves rows to the next run whose transactions may not be over.
    mutating func settle(at mark: PostgresMark) {
        let further = "NOT (\(mark.mayBeNewer))"
        condition = condition.map { "(\($0)) AND \(further)" } ?? further
        settled = further
    }

    /// Whether the condition is better answered at once: it finds its rows through an index.
    var usesIndex: Bool {
        switch rule {
        case .transactions: false
        case .transactionsInOverlap, .cursor: condition != nil
        }
    }

    /// A value of the cursor as text that is read back as the same one under any settings.
    ///
    /// JSON has one form for dates and times, with the zone where there is one.
    private static func text(of value: String, in read: PostgresRead, cursor: String) -> String {
        let column = read.plan.columns.first { $0.name == cursor }
        let isTime =
            switch column?.type {
            case .date, .timestamp, .timestamptz: true
            // Under the policy `string` the lake's type does not tell.
            default:
                column?.sourceType == "date" || column?.sourceType.hasPrefix("timestamp") == true
            }
        return isTime ? "pg_catalog.to_json(\(value)) #>> '{}'" : "\(value)::text"
    }

    /// Expressions of a key's columns that are equal where their values are, under any settings: the bytes
    /// in which the server sends them.
    static func keyTexts(
        _ key: [String],
        of read: PostgresRead,
        in session: PostgresSession
    ) async throws -> [String] {
        let rows = try await session.query(
            """
            WITH RECURSIVE base (name, type) AS (
                SELECT attname, atttypid FROM pg_catalog.pg_attribute
                WHERE attrelid = $1::oid AND attname = ANY ($2::text[]) AND NOT attisdropped
                UNION ALL
                SELECT b.name, t.typbasetype
                FROM base b JOIN pg_catalog.pg_type t ON t.oid = b.type WHERE t.typtype = 'd')
            SELECT b.name, pg_catalog.quote_ident(n.nspname) || '.' || pg_catalog.quote_ident(p.proname)
            FROM base b JOIN pg_catalog.pg_type t ON t.oid = b.type AND t.typtype <> 'd'
                JOIN pg_catalog.pg_proc p ON p.oid = t.typsend
                JOIN pg_catalog.pg_namespace n ON n.oid = p.pronamespace
            """,
            [read.relationID, PostgresSyntax.array(key)]
        )
        var senders: [String: String] = [:]
        for row in rows { if let name = row[0] { senders[name] = row[1] } }
        return key.map { name in
            senders[name].map { "pg_catalog.encode(\($0)(\(quoted(name))), 'hex')" }
                ?? "\(quoted(name))::text"
        }
    }

    /// Where the next read goes on, as of the session's snapshot.
    func state(
        _ read: PostgresRead,
        mark: PostgresMark?,
        in session: PostgresSession
    ) async throws -> CursorState {
        let column = quoted(request.cursor)
        var state = CursorState(column: request.cursor, highest: nil, mark: mark?.sourceMark)
        if let contents { state.mark?.facts.merge(contents.facts) { $1 } }
        if case .transactions = rule, request.lookback == nil { return state }
        let conditions = [settled, read.filter.map { "(\($0)\n)" }].compactMap { $0 }
        let filter = conditions.isEmpty ? "" : " WHERE " + conditions.joined(separator: " AND ")
        let rows = try await session.query(
            """
            SELECT \(Self.text(of: "max(\(column))", in: read, cursor: request.cursor))
            FROM \(read.fromClause)\(filter)
            """
        )
        // A relation that was emptied does not send the cursor back.
        state.highest = (rows.first?.first ?? nil) ?? request.since?.highest
        if let highest = state.highest, ["infinity", "nan"].contains(highest.lowercased()) {
            throw SourceError(
                .unsupported,
                "\(read.plan.stream): a row has the \(request.cursor) \(highest), and none to come "
                    + "is behind it; leave such rows out with \(Remedy.condition)"
            )
        }
        guard rule == .cursor, request.conflict == .append, rows.first?.first ?? nil != nil else {
            return state
        }
        let names = try await Self.keyTexts(key, of: read, in: session).joined(separator: ", ")
        let condition = conditions.map { " AND " + $0 }.joined()
        let keys = try await session.query(
            """
            SELECT \(names) FROM \(read.fromClause)
            WHERE \(column) = (SELECT max(\(column)) FROM \(read.fromClause)\(filter))\(condition)
            LIMIT \(Limits.boundaryKeyCount + 1)
            """
        )
        guard keys.count <= Limits.boundaryKeyCount else {
            throw CursorRule.tooManyAtBoundary(request, stream: read.plan.stream)
        }
        state.boundaryKeys = keys.map(Array.init)
        return state
    }
}
