import Basics
import Streams

/// Decides how a read finds what is new.
struct PostgresIncrementPlanner {
    let request: IncrementalRequest
    let leaves: [PostgresLeaf]
    let mark: PostgresMark?
    /// Columns that are read and that the table does not have yet.
    let addedColumns: [String]
    /// Whether what changes without a write to a row may be missed.
    let acceptsUnseenChanges: Bool
    let session: PostgresSession

    /// Adds the decision to `read` and its plan.
    ///
    /// - Throws: `SourceError` for a cursor or key that is not there, and for a table that has to be
    ///   loaded again.
    func plan(_ read: inout PostgresRead) async throws {
        let key = try CursorRule.key(
            of: request,
            stream: read.plan.stream,
            read: read.plan.columns.map(\.name),
            primaryKey: read.plan.primaryKey
        )
        read.plan.primaryKey = key
        // Refuses a lookback that does not fit the cursor, whether or not this run takes one.
        if request.lookback != nil { try await requireHighest(read) }
        read.plan.risks += try CursorRule.unseenChanges(
            read.definition.causes,
            isAccepted: acceptsUnseenChanges,
            stream: read.plan.stream
        )
        if let risk = CursorRule.conditionRisk(request, filter: read.filter) {
            read.plan.risks.append(risk)
        }
        let tellsWriters =
            !leaves.isEmpty && leaves.allSatisfy { $0.hasPages && $0.canBeRead }
            && !read.filtersRows
            // Refreshing a materialized view writes all of its rows.
            && (read.kind != .materializedView || request.conflict == .merge)
        let past = PostgresContents(request.since?.mark)
        // A state that was handed in has no mark; from this run on there is one.
        if tellsWriters, let mark, request.since == nil || request.since?.mark != nil {
            try await planByTransactions(&read, key: key, mark: mark, past: past)
        } else {
            try await planByCursor(&read, key: key, past: past)
            if tellsWriters, let mark, request.conflict == .append {
                // What the next run reads by its transactions must not be read twice.
                read.increment?.settle(at: mark)
            }
        }
        if mark != nil {
            let contents = try await PostgresContents(
                of: read,
                leaves: leaves,
                earlier: past,
                in: session
            )
            read.increment?.contents = contents
        }
        // Where transactions tell new rows, appending compares no keys.
        if request.conflict == .merge || read.increment?.rule == .cursor {
            try await checkKey(key, of: read)
        }
        if !read.plan.isFull, let type = read.namingType {
            read.plan.risks.append(
                "the text of a \(type) is what it was when its row was read, whatever was renamed since"
            )
        }
    }

    /// Requires of a key that the server does not keep unique that it is: the first time, and with each
    /// run where that costs little.
    private func checkKey(_ key: [String], of read: PostgresRead) async throws {
        let check = PostgresKeyCheck(session: session, read: read, key: key)
        guard try await !check.isEnforced() else { return }
        if request.conflict == .append {
            // Rows below the cursor's highest value are not compared any more.
            var condition: String?
            if let highest = request.since?.highest, !read.plan.isFull {
                condition = try await bound(highest, lookback: nil, read)
            }
            return try await check.requireUnique(among: condition, takesNulls: true)
        }
        let byteCount = read.plan.estimatedByteCount
        guard read.plan.isFull || byteCount.map({ $0 <= Limits.countedByteCount }) ?? false else {
            return
        }
        try await check.requireUnique()
    }

    // MARK: What the rows do not tell

    /// Why rows of before do not hold what the source has there now, though nobody wrote them; nil
    /// when they do.
    ///
    /// Where versions are appended, those of before stay what they were.
    private func changeOfOldRows(
        _ read: inout PostgresRead,
        past: PostgresContents?
    ) async throws -> String? {
        let columns =
            if let past {
                try await past.columnsWithValues(
                    among: addedColumns,
                    of: read,
                    leaves: leaves,
                    in: session
                )
            } else { addedColumns }
        if request.conflict == .append {
            if let risk = CursorRule.risk(request, newColumns: columns) {
                read.plan.risks.append(risk)
            }
            let digest = read.plan.definitionDigest(leavingOut: addedColumns)
            if let reason = CursorRule.changeOfDefinition(request, digest: digest) {
                read.plan.risks.append(
                    "\(reason): rows that were appended before stay as they were"
                )
            }
            return nil
        }
        if let reason = CursorRule.reason(request, newColumns: columns) { return reason }
        let digest = read.plan.definitionDigest(leavingOut: addedColumns)
        if let reason = CursorRule.changeOfDefinition(request, digest: digest) { return reason }
        guard let past, try await past.hasRenamedLabels(read, in: session) else { return nil }
        return "a label of an enumeration was renamed"
    }

    /// Why appending would double rows; nil when it would not.
    private func obstacleToAppending(
        past: PostgresContents,
        since mark: PostgresMark
    ) async throws -> String? {
        for leaf in leaves {
            if past.former.contains(leaf.id) {
                return "\(leaf.name) was detached and has come back"
            }
            if try await past.isRewritten(leaf, since: mark, in: session) {
                return "ALTER TABLE has rewritten every row of \(leaf.name)"
            }
        }
        return nil
    }

    /// New rows, and all rows of leaves that were attached since `past`.
    private func orAttached(_ condition: String?, past: PostgresContents?) -> String? {
        let ids = past?.attached(leaves).map(\.id) ?? []
        guard let condition, !ids.isEmpty else { return condition }
        return "(\(condition) OR tableoid IN (\(ids.joined(separator: ", "))))"
    }

    // MARK: Transactions

    private func planByTransactions(
        _ read: inout PostgresRead,
        key: [String],
        mark: PostgresMark,
        past: PostgresContents?
    ) async throws {
        let (earlier, reason) = try await earlierMark(&read, mark, past)
        read.plan.isFull = earlier == nil
        var conditions: [String] = []
        var words = "rows of transactions since the last run, however late they were committed"
        if let earlier { conditions.append(earlier.mayBeNewer) }
        var rule = PostgresIncrement.Rule.transactions
        if let lookback = request.lookback, let highest = request.since?.highest, earlier != nil {
            conditions.append(try await bound(highest, lookback: lookback, read))
            rule = .transactionsInOverlap
            words +=
                ", among those whose \(request.cursor) is null or at most \(lookback) behind its highest "
                + "value"
        }
        var increment = PostgresIncrement(rule: rule, request: request, key: key)
        let isNew =
            conditions.isEmpty ? nil : conditions.map { "(\($0))" }.joined(separator: " AND ")
        increment.condition = orAttached(isNew, past: past)
        if request.conflict == .append {
            try requireUnambiguous(read, mark, rule: rule, isFull: earlier == nil)
            // Rows above may belong to transactions that go on: the next run reads them, once.
            increment.settle(at: mark)
            words += "; rows newer than the oldest open transaction come with the next run"
        }
        read.increment = increment
        let why = reason.map { "everything, because \($0)" } ?? "everything, the first time"
        read.plan.rule = earlier == nil ? "\(why); then \(words)" : words
        noteRisks(&read, rule: rule)
    }

    private func noteRisks(_ read: inout PostgresRead, rule: PostgresIncrement.Rule) {
        let byteCount = leaves.reduce(0) { $0 + $1.byteCount }
        if rule == .transactions, byteCount > Limits.scanByteCount {
            read.plan.risks.append(
                "the server scans the whole table for new rows; with \(Remedy.lookback) it uses an index on "
                    + "\(request.cursor), and what is committed later than that is missed"
            )
        }
        if request.conflict == .merge {
            read.plan.risks.append("rows deleted at the source stay in the table")
        }
    }

    /// The mark of the last run; nil, and why, when everything has to be read.
    ///
    /// - Throws: `SourceError` where everything has to be read and would be appended to what is there.
    private func earlierMark(
        _ read: inout PostgresRead,
        _ mark: PostgresMark,
        _ past: PostgresContents?
    ) async throws -> (mark: PostgresMark?, reason: String?) {
        guard let since = request.since else { return (nil, nil) }
        var reason: String?
        let earlier = PostgresMark(since.mark)
        if let earlier {
            reason = mark.obstacle(since: earlier)
        } else {
            reason = "the last run could not tell rows by their transactions"
        }
        if reason == nil { reason = try await changeOfOldRows(&read, past: past) }
        if reason == nil, request.conflict == .append, let past, let earlier {
            reason = try await obstacleToAppending(past: past, since: earlier)
        }
        guard let reason else { return (earlier, nil) }
        guard request.conflict == .merge else { throw reload(read, reason) }
        return (nil, reason)
    }

    private func reload(_ read: PostgresRead, _ reason: String) -> SourceError {
        SourceError(
            .configuration,
            "\(read.plan.stream): \(reason), so new rows cannot be told from old ones and would be "
                + "appended twice; load the table again with \(Remedy.restart)"
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
        guard mark.xmax >= 1 << 32, rule == .transactions, !isFull || request.lookback == nil
        else { return }
        throw SourceError(
            .unsupported,
            "\(read.plan.stream): the server has used up its transaction ids more than once, so an "
                + "old row may look new and would be appended twice; use \(Remedy.onConflict.to("merge")), or "
                + "give a \(Remedy.lookback)"
        )
    }

    // MARK: The cursor

    private func planByCursor(
        _ read: inout PostgresRead,
        key: [String],
        past: PostgresContents?
    ) async throws {
        try await requireHighest(read)
        var increment = PostgresIncrement(rule: .cursor, request: request, key: key)
        if request.conflict == .append {
            try CursorRule.requireKey(key, stream: read.plan.stream)
        }
        let column = quoted(request.cursor)
        var why = "the first time"
        if let highest = request.since?.highest {
            let reason = try await changeOfOldRows(&read, past: past)
            if let reason { why = "because \(reason)" }
            read.plan.isFull = reason != nil
            switch request.conflict {
            case .merge where read.plan.isFull: break
            case .merge:
                increment.condition = try await bound(highest, lookback: request.lookback, read)
            case .append:
                increment.condition = try await beyond(highest, column: column, key: key, read)
            }
        } else {
            // A cursor without a value has seen no row that would be doubled.
            read.plan.isFull = true
        }
        increment.condition = orAttached(increment.condition, past: past)
        read.increment = increment
        read.plan.rule = CursorRule.words(request, everything: read.plan.isFull ? why : nil)
        read.plan.risks.append(CursorRule.lateRisk(request))
    }

    /// Requires a cursor of which the server knows the highest value.
    private func requireHighest(_ read: PostgresRead) async throws {
        let type = try await cursorType(read)
        guard type.hasNoHighest else { return }
        throw SourceError(
            .configuration,
            "\(read.plan.stream): the server knows no highest value of a \(type.name); name a number, a "
                + "date, a time or a text with \(Remedy.cursor), not \(request.cursor)"
        )
    }

    /// Rows from the lookback on, and those without a cursor.
    private func bound(
        _ highest: String,
        lookback: Lookback?,
        _ read: PostgresRead
    ) async throws -> String {
        let column = quoted(request.cursor)
        let type = try await cursorType(read).name
        let literal = try await literal(highest) + "::" + type
        let start =
            switch lookback {
            case nil: literal
            case .time(let span): "(\(literal) - interval '\(Self.seconds(span)) seconds')"
            case .units(let count): Self.less(literal, highest, count, type)
            }
        return "(\(column) >= \(start) OR \(column) IS NULL)"
    }

    /// Seconds as an interval takes them: servers before 15 take no large number of milliseconds.
    private static func seconds(_ span: Duration) -> String {
        let rest = span.milliseconds % 1_000
        let fraction = rest > 0 ? "." + String(1_000 + rest).dropFirst() : ""
        return "\(span.milliseconds / 1_000)" + fraction
    }

    /// A number less a lookback, as far as its type goes.
    private static func less(
        _ literal: String,
        _ highest: String,
        _ count: Int64,
        _ type: String
    ) -> String {
        let lowest: [String: Int64] = [
            "smallint": Int64(Int16.min), "integer": Int64(Int32.min), "bigint": .min,
        ]
        guard let least = lowest[type], let value = Int64(highest) else {
            return "(\(literal) - \(count))"
        }
        let (start, isBeyond) = value.subtractingReportingOverflow(count)
        return "'\(isBeyond ? least : max(start, least))'::\(type)"
    }

    private func beyond(
        _ highest: String,
        column: String,
        key: [String],
        _ read: PostgresRead
    ) async throws -> String {
        let literal = try await literal(highest) + "::" + (try await cursorType(read).name)
        // Without the keys read before, rows at the value itself are read rather than lost.
        guard let keys = request.since?.boundaryKeys else { return "\(column) >= \(literal)" }
        guard !keys.isEmpty else { return "\(column) > \(literal)" }
        var known: [String] = []
        for row in keys {
            var values: [String] = []
            for value in row {
                values.append((try await value.asyncMap { try await self.literal($0) }) ?? "NULL")
            }
            known.append("(" + values.map { $0 + "::text" }.joined(separator: ", ") + ")")
        }
        // No column of the relation is called like that.
        let names = key.indices.map { "\"tributary key \($0)\"" }
        let texts = try await PostgresIncrement.keyTexts(key, of: read, in: session)
        let isSame = zip(names, texts).map { "\($0) IS NOT DISTINCT FROM \($1)" }
        return """
            (\(column) > \(literal) OR (\(column) = \(literal) AND NOT EXISTS (
            SELECT FROM (VALUES \(known.joined(separator: ", "))) k(\(names.joined(separator: ", ")))
            WHERE \(isSame.joined(separator: " AND ")))))
            """
    }

    private func literal(_ value: String) async throws -> String {
        let rows = try await session.query("SELECT pg_catalog.quote_literal($1)", [value])
        return rows.first?.first?.flatMap { $0 } ?? "NULL"
    }

    /// The cursor's type, whether seconds can be taken from it, and whether the server has no `max` of it.
    private func cursorType(
        _ read: PostgresRead
    ) async throws -> (name: String, isTime: Bool, hasNoHighest: Bool) {
        let rows = try await session.query(
            """
            SELECT pg_catalog.format_type(a.atttypid, a.atttypmod), t.typcategory,
                t.typtype IN ('r', 'm') OR t.typname IN
                    ('bool', 'uuid', 'bit', 'varbit', 'json', 'jsonb', 'xml', 'point', 'box', 'path')
                    OR t.typname = 'bytea' AND pg_catalog.current_setting('server_version_num')::int < 180000
            FROM pg_catalog.pg_attribute a JOIN pg_catalog.pg_type t ON t.oid = a.atttypid
            WHERE a.attrelid = $1::oid AND a.attname = $2
            """,
            [read.relationID, request.cursor]
        )
        guard let row = rows.first, let name = row[0] else { return ("text", false, false) }
        let isTime = row[1] == "D"
        try CursorRule.requireLookback(
            request,
            fits: isTime ? .time : row[1] == "N" ? .number : .other,
            type: name,
            stream: read.plan.stream
        )
        return (name, isTime, row[2] == "t")
    }
}

extension Optional {
    fileprivate func asyncMap<Result>(
        _ transform: (Wrapped) async throws -> Result
    ) async throws -> Result? {
        guard let self else { return nil }
        return try await transform(self)
    }
}
