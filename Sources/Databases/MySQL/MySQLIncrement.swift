import Basics
import Streams

/// How a read of a MySQL table finds what is new: by the cursor.
struct MySQLIncrement: Sendable {
    let request: IncrementalRequest
    let relation: MySQLRelation
    /// The columns that identify a row: as given, else the primary key.
    let key: [String]
    /// New rows only, as SQL; nil when all rows are read.
    let condition: String?
    /// The rule in words.
    let rule: String
    /// What could surprise, one sentence each.
    let risks: [String]
    private let cursor: Cursor
    private let place: Place
    private let isInUTC: Bool

    /// Why rows that were read before may be others now.
    struct Change {
        /// Columns that the table does not have yet.
        var added: [String]
        /// Why rows may be others; nil where they are not.
        var rows: String?
    }

    /// Where a stream was read: by what the server calls itself, and by its address, of which either may
    /// change without the other.
    struct Place {
        var system: String?
        var address: String

        fileprivate static let systemFact = "system"
        fileprivate static let addressFact = "address"

        /// Whether a state of an earlier run is of this place; one of another tool is.
        fileprivate func isThat(of mark: SourceMark?) -> Bool {
            guard let facts = mark?.facts, let earlier = facts[Self.systemFact] else { return true }
            return earlier == system || facts[Self.addressFact] == address
        }
    }

    private static let keyTypesFact = "key-types"

    /// What a cursor's values are, which decides how one is written.
    private enum Cursor {
        case number
        /// A moment in UTC where `isZoned`.
        case time(isZoned: Bool)
        case text

        /// Whether a moment of a zone is compared by its number: the session writes it in its own zone,
        /// where an hour of each autumn is there twice.
        func comparesByNumber(isInUTC: Bool) -> Bool {
            if case .time(isZoned: true) = self { !isInUTC } else { false }
        }
    }

    /// Checks the request against the relation.
    ///
    /// - Throws: `SourceError` for a cursor or key that is not there or cannot be compared.
    init(
        _ request: IncrementalRequest,
        relation: MySQLRelation,
        read: [String],
        change: Change,
        place: Place,
        isInUTC: Bool
    ) throws(SourceError) {
        self.place = place
        self.isInUTC = isInUTC
        self.request = request
        self.relation = relation
        let name = relation.name
        key = try CursorRule.key(
            of: request,
            stream: name,
            read: read,
            primaryKey: relation.primaryKey
        )
        try CursorRule.requireKey(key, stream: name)
        try CursorRule.refuseOverlap(request)
        try Self.checkTable(request, relation, key: key)
        cursor = try Self.cursor(of: request, relation)
        try Self.requireComparable(request, relation, key: key)
        var reason = try Self.changeOfPlace(request, relation, place)
        if reason == nil { reason = CursorRule.reason(request, newColumns: change.added) }
        if reason == nil {
            reason = try Self.changeOfRows(request, relation, change)
        }
        if reason == nil, let highest = request.since?.highest {
            condition = try Self.condition(
                request,
                relation,
                key: key,
                cursor: cursor,
                isInUTC: isInUTC,
                literal: Self.literal(highest, of: cursor, request, relation)
            )
        } else {
            condition = nil
        }
        let why = reason.map { "because \($0)" } ?? "the first time"
        rule = CursorRule.words(request, everything: condition == nil ? why : nil)
        risks = [
            CursorRule.risk(request, newColumns: change.added), CursorRule.lateRisk(request),
        ].compactMap { $0 }
    }

    /// Requires snapshots where rows are appended, and a key whose text tells rows apart.
    private static func checkTable(
        _ request: IncrementalRequest,
        _ relation: MySQLRelation,
        key: [String]
    ) throws(SourceError) {
        if request.conflict == .append, !relation.hasSnapshots {
            throw SourceError(
                .unsupported,
                "\(relation.name): a table of \(relation.engine ?? "this engine") has no snapshots, so rows that "
                    + "are written meanwhile may be appended twice; use \(Remedy.onConflict.to("merge"))"
            )
        }
        for name in key where request.conflict == .append {
            guard let type = relation.columns.first(where: { $0.name == name })?.dataType else {
                continue
            }
            guard !["float", "double", "real"].contains(type) else {
                throw SourceError(
                    .configuration,
                    "\(relation.name): \(name) is a \(type), by whose text rows cannot be told apart; "
                        + "name another with \(Remedy.primaryKey)"
                )
            }
        }
    }

    /// Why rows of before may be others, being another server's; nil when they may not.
    ///
    /// - Throws: `SourceError` `configuration` where they would be appended to.
    private static func changeOfPlace(
        _ request: IncrementalRequest,
        _ relation: MySQLRelation,
        _ place: Place
    ) throws(SourceError) -> String? {
        if place.isThat(of: request.since?.mark) { return nil }
        guard request.conflict == .merge else {
            throw SourceError(
                .configuration,
                "\(relation.name): the last run read another server, whose rows may be others; load the "
                    + "table again with \(Remedy.restart)"
            )
        }
        return "the last run read another server"
    }

    /// Why everything is read again, the rows being others; nil where they are not.
    ///
    /// - Throws: `SourceError` `configuration` where versions were appended, which cannot be read again.
    private static func changeOfRows(
        _ request: IncrementalRequest,
        _ relation: MySQLRelation,
        _ change: Change
    ) throws(SourceError) -> String? {
        guard let reason = change.rows else { return nil }
        guard request.conflict == .merge else {
            throw CursorRule.refuseAppending(reason, stream: relation.name)
        }
        return reason
    }

    /// Requires that the keys of the last run have the text of those of this one.
    private static func requireComparable(
        _ request: IncrementalRequest,
        _ relation: MySQLRelation,
        key: [String]
    ) throws(SourceError) {
        guard request.since?.boundaryKeys != nil,
            let before = request.since?.mark?.facts[keyTypesFact],
            before != types(of: key, relation)
        else { return }
        throw SourceError(
            .configuration,
            "\(relation.name): the key was \(before) and is \(types(of: key, relation)) now, so rows "
                + "that were read cannot be told from new ones; load the table again with \(Remedy.restart)"
        )
    }

    private static func types(of key: [String], _ relation: MySQLRelation) -> String {
        key.map { name in relation.columns.first { $0.name == name }?.typeName ?? "" }
            .joined(separator: ", ")
    }

    private static func cursor(
        of request: IncrementalRequest,
        _ relation: MySQLRelation
    ) throws(SourceError) -> Cursor {
        let column = relation.columns.first { $0.name == request.cursor }
        let type = column?.dataType ?? ""
        let cursor: Cursor
        switch type {
        case "tinyint", "smallint", "mediumint", "int", "integer", "bigint", "decimal", "numeric",
            "double", "real", "year":
            cursor = .number
        case "date", "datetime": cursor = .time(isZoned: false)
        case "timestamp": cursor = .time(isZoned: true)
        case _ where ["char", "varchar"].contains(type) && column?.characterSet != nil:
            cursor = .text
        default:
            throw SourceError(
                .configuration,
                "\(relation.name): a cursor is a number, a date, a time or a text; \(request.cursor) is "
                    + "\(column?.typeName ?? type)"
            )
        }
        let values: CursorRule.Values =
            switch cursor {
            case .number: .number
            case .time: .time
            case .text: .other
            }
        try CursorRule.requireLookback(
            request,
            fits: values,
            type: column?.typeName ?? type,
            stream: relation.name
        )
        return cursor
    }

    /// A cursor value as SQL; one that came from elsewhere may be anything.
    private static func literal(
        _ value: String,
        of cursor: Cursor,
        _ request: IncrementalRequest,
        _ relation: MySQLRelation
    ) throws(SourceError) -> String {
        let column = relation.columns.first { $0.name == request.cursor }
        var text = value
        switch cursor {
        case .number:
            if value.wholeMatch(of: /-?[0-9]+(\.[0-9]+)?([eE][-+]?[0-9]+)?/) != nil { return value }
        case .time(let isZoned):
            if isZoned { text.replace(/(Z|[+-]00:?00)$/, with: "") }
            let pattern =
                /[0-9]{4}-[0-9]{2}-[0-9]{2}([ T][0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]{1,6})?)?/
            if text.wholeMatch(of: pattern) != nil { return MySQLSyntax.literal(text) }
        case .text:
            guard let column else { break }
            return MySQLKey.text(value.unicodeScalars.map(\.value)).literal(for: column)
        }
        throw SourceError(
            .configuration,
            "\(relation.name): \(value) is no value of the cursor \(request.cursor), which is "
                + "\(column?.typeName ?? ""); correct it in \(Remedy.state), or load the table again with \(Remedy.restart)"
        )
    }

    private static func condition(
        _ request: IncrementalRequest,
        _ relation: MySQLRelation,
        key: [String],
        cursor: Cursor,
        isInUTC: Bool,
        literal: String
    ) -> String {
        let column = MySQLSyntax.quoted(request.cursor)
        let comparison = Comparison(column: column, literal: literal, of: cursor, isInUTC: isInUTC)
        switch request.conflict {
        case .merge:
            return "(\(comparison.isAtLeast(lookback: request.lookback)) OR \(column) IS NULL)"
        case .append:
            // Without the keys read before, rows at the value itself are read rather than lost.
            guard let keys = request.since?.boundaryKeys else {
                return comparison.isAtLeast(lookback: nil)
            }
            guard !keys.isEmpty else { return comparison.isAbove }
            let known = keys.map { row in
                "(" + row.map { MySQLSyntax.literal($0 ?? "") }.joined(separator: ", ") + ")"
            }
            let columns = key.map { identity(of: $0, relation) }.joined(separator: ", ")
            return
                "(\(comparison.isAbove) OR (\(comparison.isEqual) AND (\(columns)) NOT IN "
                + "(\(known.joined(separator: ", ")))))"
        }
    }

    /// Rows at or above the highest value read, as SQL; nil when all rows are read.
    var conditionFromHighest: String? {
        get throws(SourceError) {
            guard condition != nil, let highest = request.since?.highest else { return nil }
            return Comparison(
                column: MySQLSyntax.quoted(request.cursor),
                literal: try Self.literal(highest, of: cursor, request, relation),
                of: cursor,
                isInUTC: isInUTC
            ).isAtLeast(lookback: nil)
        }
    }

    /// How a cursor is compared with a value of it.
    private struct Comparison {
        let column: String
        let literal: String
        let cursor: Cursor
        let byNumber: Bool

        init(column: String, literal: String, of cursor: Cursor, isInUTC: Bool) {
            self.column = column
            self.literal = literal
            self.cursor = cursor
            byNumber = cursor.comparesByNumber(isInUTC: isInUTC)
        }

        private func compare(_ sign: String, _ value: String, _ offset: String) -> String {
            guard byNumber else { return "\(column) \(sign) \(value)" }
            let moment = "TIMESTAMPDIFF(MICROSECOND, '1970-01-01', \(literal))\(offset)"
            let number = "CAST(UNIX_TIMESTAMP(\(column)) * 1000000 AS SIGNED) \(sign) \(moment)"
            // Two days below no zone matters: an index finds the rows by it.
            return "(\(column) >= FROM_UNIXTIME(GREATEST(0, (\(moment)) DIV 1000000 - 172800)) "
                + "AND \(number))"
        }

        var isAbove: String { compare(">", literal, "") }
        var isEqual: String { compare("=", literal, "") }

        func isAtLeast(lookback: Lookback?) -> String {
            switch lookback {
            case nil: compare(">=", literal, "")
            case .units(let count): compare(">=", "\(literal) - \(count)", "")
            case .time(let span):
                // A date of zeros is before all others, but nothing is before it.
                compare(
                    ">=",
                    "COALESCE(CAST(\(literal) AS DATETIME(6)) - INTERVAL \(span.milliseconds)000 MICROSECOND, "
                        + "\(literal))",
                    " - \(span.milliseconds)000"
                )
            }
        }
    }

    /// A key column as a text that is equal where its bytes are, and tells null from all of them.
    private static func identity(of name: String, _ relation: MySQLRelation) -> String {
        let column = relation.columns.first { $0.name == name }
        let quoted = MySQLSyntax.quoted(name)
        let isBytes =
            column?.characterSet == nil
            && [
                "char", "varchar", "binary", "varbinary", "blob", "tinyblob", "mediumblob",
                "longblob",
            ]
            .contains(column?.dataType ?? "")
        let number =
            switch column?.dataType {
            case "bit": "\(quoted) + 0"
            // A session's zone has an hour of each autumn twice.
            case "timestamp": "UNIX_TIMESTAMP(\(quoted))"
            default: quoted
            }
        let text = isBytes ? quoted : "CAST(\(number) AS CHAR CHARACTER SET utf8mb4)"
        return "COALESCE(HEX(\(text)), 'null')"
    }

    // MARK: The next read

    /// Where the next read goes on, as of the session's snapshot.
    ///
    /// To be asked before the rows are read: a table without snapshots may grow meanwhile, and what
    /// comes after the highest value is read by the next run.
    func state(filter: String?, in session: MySQLSession) async throws -> CursorState {
        let column = MySQLSyntax.quoted(request.cursor)
        let condition = filter.map { " WHERE (\($0)\n)" } ?? ""
        let highest =
            cursor.comparesByNumber(isInUTC: isInUTC)
            ? "'1970-01-01 00:00:00' + INTERVAL MAX(UNIX_TIMESTAMP(\(column))) SECOND"
            : "MAX(\(column))"
        let rows = try await session.query(
            "SELECT \(highest) FROM \(relation.fromClause)\(condition)"
        )
        var state = CursorState(column: request.cursor, highest: rows.first?.first ?? nil)
        var facts = [Self.keyTypesFact: Self.types(of: key, relation)]
        if let system = place.system {
            facts[Place.systemFact] = system
            facts[Place.addressFact] = place.address
        }
        state.mark = SourceMark(facts)
        guard let highest = state.highest else {
            // A table that was emptied does not send the cursor back.
            state.highest = request.since?.highest
            state.boundaryKeys = request.since?.boundaryKeys
            return state
        }
        guard request.conflict == .append else { return state }
        let keys = try await keys(at: highest, filter: filter, in: session)
        guard keys.count <= Limits.boundaryKeyCount else {
            throw CursorRule.tooManyAtBoundary(request, stream: relation.name)
        }
        state.boundaryKeys = keys.map(Array.init)
        return state
    }

    /// The keys of the rows at a value of the cursor: no more than one beyond the limit.
    func keys(
        at highest: String,
        filter: String?,
        in session: MySQLSession
    ) async throws -> [TextRow] {
        let comparison = Comparison(
            column: MySQLSyntax.quoted(request.cursor),
            literal: try Self.literal(highest, of: cursor, request, relation),
            of: cursor,
            isInUTC: isInUTC
        )
        let names = key.map { Self.identity(of: $0, relation) }.joined(separator: ", ")
        let further = filter.map { " AND (\($0)\n)" } ?? ""
        return try await session.query(
            "SELECT \(names) FROM \(relation.fromClause) WHERE \(comparison.isEqual)\(further) "
                + "LIMIT \(Limits.boundaryKeyCount + 1)"
        )
    }
}
