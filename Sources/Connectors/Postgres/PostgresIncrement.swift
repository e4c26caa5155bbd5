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

    /// Adds a condition that rows have to meet.
    mutating func add(_ further: String) {
        condition = condition.map { "\($0) AND \(further)" } ?? further
    }

    /// Whether the condition is better answered at once: it finds its rows through an index.
    var usesIndex: Bool {
        switch rule {
        case .transactions: false
        case .transactionsInOverlap, .cursor: condition != nil
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
        if case .transactions = rule, request.overlap == nil { return state }
        let filter = read.filter.map { " WHERE (\($0)\n)" } ?? ""
        let rows = try await session.query(
            "SELECT max(\(column))::text FROM \(read.fromClause)\(filter)"
        )
        // A relation that was emptied does not send the cursor back.
        state.highest = (rows.first?.first ?? nil) ?? request.since?.highest
        guard rule == .cursor, request.conflict == .append, rows.first?.first ?? nil != nil else {
            return state
        }
        let names = key.map { "\(quoted($0))::text" }.joined(separator: ", ")
        let condition = read.filter.map { " AND (\($0)\n)" } ?? ""
        let keys = try await session.query(
            """
            SELECT \(names) FROM \(read.fromClause)
            WHERE \(column) = (SELECT max(\(column)) FROM \(read.fromClause)\(filter))\(condition)
            LIMIT \(Limits.boundaryKeyCount + 1)
            """
        )
        guard keys.count <= Limits.boundaryKeyCount else {
            throw SourceError(
                .unsupported,
                "\(read.plan.stream): more than \(Limits.boundaryKeyCount) rows have the highest "
                    + "value of \(request.cursor), too many to "
                    + "be remembered; use --on-conflict merge or a finer cursor"
            )
        }
        state.boundaryKeys = keys.map { row in row.map { $0 ?? "" } }
        return state
    }
}

/// Decides how a read finds what is new.
struct PostgresIncrementPlanner {
    let request: IncrementalRequest
    let place: String
    let leaves: [PostgresLeaf]
    let mark: PostgresMark?
    let session: PostgresSession

    /// Adds the decision to `read` and its plan.
    ///
    /// - Throws: `SourceError` for a cursor or key that is not there, and for a table that has to be
    ///   loaded anew.
    func plan(_ read: inout PostgresRead) async throws {
        let names = Set(read.plan.columns.map(\.name))
        let key = request.key.isEmpty ? read.plan.primaryKey : request.key
        for name in [request.cursor] + key where !names.contains(name) {
            throw SourceError(
                .notFound,
                "\(place): \(read.plan.stream) is not read with a column \(name); name another "
                    + "with --cursor and --primary-key, or add it to --columns"
            )
        }
        if request.conflict == .merge, key.isEmpty {
            throw SourceError(
                .configuration,
                "\(read.plan.stream) has no primary key to merge by; name one with --primary-key, or "
                    + "keep every version with --on-conflict append"
            )
        }
        read.plan.primaryKey = key
        let tellsWriters =
            !leaves.isEmpty && leaves.allSatisfy { $0.hasPages && $0.canBeRead }
            && !read.filtersRows
        // A state that was handed in has no mark; from this run on there is one.
        if tellsWriters, let mark, request.since == nil || request.since?.mark != nil {
            try await planByTransactions(&read, key: key, mark: mark)
        } else {
            try await planByCursor(&read, key: key)
            if tellsWriters, let mark, request.conflict == .append {
                // What the next run reads by its transactions must not be read twice.
                read.increment?.add("NOT \(mark.mayBeNewer)")
            }
        }
    }

    // MARK: Transactions

    private func planByTransactions(
        _ read: inout PostgresRead,
        key: [String],
        mark: PostgresMark
    ) async throws {
        let earlier = try earlierMark(read, mark)
        read.plan.isFull = earlier == nil
        var conditions: [String] = []
        var words = "rows of transactions since the last run, however late they were committed"
        if let earlier { conditions.append(earlier.mayBeNewer) }
        var rule = PostgresIncrement.Rule.transactions
        if let overlap = request.overlap, let highest = request.since?.highest, earlier != nil {
            conditions.append(try await bound(highest, overlap: overlap, read))
            rule = .transactionsInOverlap
            words +=
                ", among those whose \(request.cursor) is null or at most "
                + "\(overlap) (seconds or units) behind its highest value"
        }
        if request.conflict == .append {
            try requireUnambiguous(read, mark, rule: rule, isFull: earlier == nil)
            // Rows above may belong to transactions that go on: the next run reads them, once.
            conditions.append("NOT \(mark.mayBeNewer)")
            words += "; rows newer than the oldest open transaction come with the next run"
        }
        read.increment = PostgresIncrement(
            rule: rule,
            request: request,
            key: key,
            condition: conditions.isEmpty ? nil : conditions.joined(separator: " AND ")
        )
        read.plan.rule = earlier == nil ? "everything, the first time; then \(words)" : words
        let byteCount = leaves.reduce(0) { $0 + $1.byteCount }
        if rule == .transactions, byteCount > Limits.scanByteCount {
            read.plan.risks.append(
                "the server scans the whole table for new rows; with --overlap it uses an index on "
                    + "\(request.cursor), and what is committed later than that is missed"
            )
        }
        if request.conflict == .merge {
            read.plan.risks.append("rows deleted at the source stay in the table")
        }
    }

    /// The mark of the last run; nil when everything has to be read.
    private func earlierMark(
        _ read: PostgresRead,
        _ mark: PostgresMark
    ) throws -> PostgresMark? {
        guard let since = request.since else { return nil }
        guard let earlier = PostgresMark(since.mark) else {
            throw reload(read, "the last run could not tell rows by their transactions")
        }
        if let obstacle = mark.obstacle(since: earlier) { throw reload(read, obstacle) }
        return earlier
    }

    private func reload(_ read: PostgresRead, _ reason: String) -> SourceError {
        SourceError(
            .configuration,
            "\(read.plan.stream): \(reason), so new rows cannot be told from old ones; load the "
                + "table anew with --restart"
        )
    }

    /// Row ids of 32 bits come again after 2^32 transactions: an old row may then look new, which
    /// merging does not mind.
    private func requireUnambiguous(
        _ read: PostgresRead,
        _ mark: PostgresMark,
        rule: PostgresIncrement.Rule,
        isFull: Bool
    ) throws {
        guard mark.xmax >= 1 << 32, rule == .transactions, !isFull || request.overlap == nil
        else { return }
        throw SourceError(
            .unsupported,
            "\(read.plan.stream): the server has used up its transaction ids more than once, so an "
                + "old row may look new and would be appended twice; use --on-conflict merge, or "
                + "give an --overlap"
        )
    }

    // MARK: The cursor

    private func planByCursor(_ read: inout PostgresRead, key: [String]) async throws {
        var increment = PostgresIncrement(rule: .cursor, request: request, key: key)
        if request.conflict == .append, key.isEmpty {
            throw SourceError(
                .configuration,
                "\(read.plan.stream) has no key to tell the rows at the cursor's highest value by; "
                    + "name one with --primary-key"
            )
        }
        let column = quoted(request.cursor)
        var words = "rows whose \(request.cursor) is at or above the highest value read"
        if let highest = request.since?.highest {
            read.plan.isFull = false
            switch request.conflict {
            case .merge:
                increment.condition = try await bound(
                    highest,
                    overlap: request.overlap ?? 0,
                    read
                )
                words += request.overlap.map { " less \($0)" } ?? ""
                words += ", null ones every time"
            case .append:
                increment.condition = try await beyond(highest, column: column, key: key, read)
                words += ", without those read before; null ones the first time only"
            }
        } else {
            // A cursor without a value has seen no row that would be doubled.
            read.plan.isFull = true
        }
        read.increment = increment
        read.plan.rule = read.plan.isFull ? "everything, the first time; then \(words)" : words
        read.plan.risks.append(
            "a row that is committed late, with a lower \(request.cursor) than others that are there "
                + "already, is not seen"
                + (request.conflict == .merge ? " unless --overlap reaches as far back" : "")
        )
    }

    /// Rows from the overlap on, and those without a cursor.
    private func bound(
        _ highest: String,
        overlap: Int64,
        _ read: PostgresRead
    ) async throws -> String {
        let column = quoted(request.cursor)
        let (type, isTime) = try await cursorType(read)
        let literal = try await literal(highest) + "::" + type
        let start =
            overlap == 0
            ? literal
            : isTime
                ? "(\(literal) - interval '\(overlap) seconds')" : "(\(literal) - \(overlap))"
        return "(\(column) >= \(start) OR \(column) IS NULL)"
    }

    private func beyond(
        _ highest: String,
        column: String,
        key: [String],
        _ read: PostgresRead
    ) async throws -> String {
        let literal = try await literal(highest) + "::" + (try await cursorType(read).name)
        var known: [String] = []
        for row in request.since?.boundaryKeys ?? [] {
            var values: [String] = []
            for value in row { values.append(try await self.literal(value)) }
            known.append("(" + values.joined(separator: ", ") + ")")
        }
        // Without the keys read before, rows at the value itself are read rather than lost.
        guard request.since?.boundaryKeys != nil else { return "\(column) >= \(literal)" }
        guard !known.isEmpty else { return "\(column) > \(literal)" }
        let names = key.map { "\(quoted($0))::text" }.joined(separator: ", ")
        return "(\(column) > \(literal) OR (\(column) = \(literal) AND (\(names)) NOT IN ("
            + known.joined(separator: ", ") + ")))"
    }

    private func literal(_ value: String) async throws -> String {
        let rows = try await session.query("SELECT pg_catalog.quote_literal($1)", [value])
        return rows.first?.first?.flatMap { $0 } ?? "NULL"
    }

    /// The cursor's type, and whether seconds can be taken from it.
    private func cursorType(_ read: PostgresRead) async throws -> (name: String, isTime: Bool) {
        let rows = try await session.query(
            """
            SELECT pg_catalog.format_type(a.atttypid, a.atttypmod), t.typcategory
            FROM pg_catalog.pg_attribute a JOIN pg_catalog.pg_type t ON t.oid = a.atttypid
            WHERE a.attrelid = $1::oid AND a.attname = $2
            """,
            [read.relationID, request.cursor]
        )
        guard let row = rows.first, let name = row[0] else { return ("text", false) }
        if request.overlap != nil, row[1] != "D", row[1] != "N" {
            throw SourceError(
                .configuration,
                "\(read.plan.stream): an overlap takes a cursor of times or numbers; "
                    + "\(request.cursor) is \(name)"
            )
        }
        return (name, row[1] == "D")
    }
}
