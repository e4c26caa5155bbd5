import Basics
import Columnar
import Streams

/// A plan and what the reader of its rows needs besides.
struct SQLitePreparation {
    var plan: ReadPlan
    /// How each column is read, in the order of the plan.
    var forms: [SQLiteForm]
}

/// The decisions between a request and the read of its rows; no I/O.
struct SQLitePlanner {
    let request: ReadRequest
    let table: SQLiteTable
    /// The columns to read, in the table's order.
    let columns: [SQLiteColumn]
    private let policies: [ConversionPolicy]
    /// nil for a full refresh.
    let increment: SQLiteIncrement?
    /// Whether rows may be appended only where those that the last run ended with are still there.
    let needsFormerRows: Bool

    /// Expressions that merges match rows by where a key's own values do not tell which are equal: the
    /// key's column, and the expression.
    private var keyForms: [(column: String, sql: String)]
    /// The columns that rows are merged by; none where they are not.
    private let key: [String]

    /// Matches the request with the table; `cursor` tells how the values of a column are compared.
    ///
    /// - Throws: `SourceError`, `notFound` for a column the table does not have.
    init(
        _ request: ReadRequest,
        table: SQLiteTable,
        cursor: (SQLiteColumn) throws -> SQLiteCursor
    ) throws {
        self.request = request
        self.table = table
        try CursorRule.requireExpression(
            request.filter,
            .sqlite,
            stream: StreamName(namespace: nil, name: table.name)
        )
        let columns = try Self.selected(request, of: table)
        var chosen: [String: ConversionPolicy] = [:]
        for (name, policy) in request.policies {
            chosen[try Self.column(name, in: table).name] = policy
        }
        self.columns = columns
        let key = request.mergeKey(primaryKey: table.primaryKey)
        self.key = key
        policies = try columns.map { column in
            guard key.contains(column.name) else {
                return chosen[column.name] ?? request.defaultPolicy ?? .error
            }
            return try MergeKey.policy(of: column.name, request, canFail: true)
        }
        keyForms = try key.compactMap { name in
            try Self.keyForm(of: name, in: key, table).map { (name, $0) }
        }
        guard let incremental = request.incremental else {
            increment = nil
            needsFormerRows = false
            return
        }
        let known = request.knownColumns
        let added = known.isEmpty ? [] : columns.filter { known[$0.name] == nil }
        guard let column = columns.first(where: { $0.name == incremental.cursor }) else {
            throw SourceError(
                .notFound,
                "\(table.name) is not read with a column \(incremental.cursor); name another with "
                    + "\(Remedy.cursor), or add it to \(Remedy.columns)"
            )
        }
        let isAnother = CursorRule.isAnother(incremental, identity: table.identity)
        needsFormerRows = isAnother && incremental.conflict == .append
        increment = try SQLiteIncrement(
            incremental,
            table: table,
            read: columns.map(\.name),
            added: added.map(\.name),
            cursor: cursor(column),
            change: Self.change(
                incremental,
                of: table,
                columns.filter { known.isEmpty || known[$0.name] != nil },
                isAnother: isAnother
            )
        )
    }

    /// Why rows that were read before may be others, by what the file says of the table.
    private static func change(
        _ request: IncrementalRequest,
        of table: SQLiteTable,
        _ columns: [SQLiteColumn],
        isAnother: Bool
    ) -> String? {
        let digest = ReadPlan.digest(table.definition, columns.map { ($0.name, $0.definition) })
        return CursorRule.changeOfRows(request, digest: digest, isAnother: isAnother)
    }

    private static func selected(
        _ request: ReadRequest,
        of table: SQLiteTable
    ) throws -> [SQLiteColumn] {
        var wanted: Set<String>?
        if let names = request.columns {
            guard !names.isEmpty else {
                throw SourceError(.configuration, "no column of \(table.name) is chosen")
            }
            wanted = Set(try names.map { try column($0, in: table).name })
        }
        let columns = table.columns.filter { wanted?.contains($0.name) ?? true }
        guard !columns.isEmpty else {
            throw SourceError(.unsupported, "\(table.name) has no column that can be read")
        }
        return columns
    }

    /// What merges match a key's column by; nil for its own values.
    private static func keyForm(
        of name: String,
        in key: [String],
        _ table: SQLiteTable
    ) throws(SourceError) -> String? {
        let column = SQLiteSyntax.quoted(name)
        switch table.collation(of: name, in: key) {
        case "BINARY": return nil
        case "NOCASE": return "lower(\(column))"
        case "RTRIM": return "rtrim(\(column))"
        case let other:
            throw MergeKey.refusal(
                name,
                "what its collation \(other) takes for equal is not known here",
                stream: StreamName(namespace: nil, name: table.name)
            )
        }
    }

    /// The conditions of the rows to be read: the user's, and what is new.
    var condition: String? {
        guard let new = increment?.condition else { return request.filter }
        return new + (request.filter.map { " AND (\($0)\n)" } ?? "")
    }

    /// What stands between SELECT and FROM: the columns, and what merges match rows by.
    private var expressions: [String] {
        columns.map { SQLiteSyntax.quoted($0.name) } + keyForms.map(\.sql)
    }

    /// The name of the row id, where the rows are read in its order and a read can go on behind one.
    var resumeColumn: String? {
        guard table.resume == .rowRange, condition == nil,
            expressions.count < SQLiteLimits.columnCount
        else { return nil }
        return table.rowIDName
    }

    /// The statement that reads the rows behind a row id, with that of each row in the last column.
    func query(behind id: Int64?) -> String {
        guard let column = resumeColumn else { return query }
        let names = expressions + [column]
        return
            "SELECT \(names.joined(separator: ", ")) FROM main.\(SQLiteSyntax.quoted(table.name))"
            + (id.map { " WHERE \(column) > \($0)" } ?? "") + " ORDER BY \(column)"
    }

    /// The statement that reads the rows.
    var query: String {
        SQLiteSyntax.select(expressions, from: table.name, filter: condition)
    }

    /// Places in `columns` whose values have to be seen before a type can be chosen.
    var scanned: [Int] {
        columns.indices.filter {
            policies[$0] != .string && SQLiteTyping.trusted(columns[$0], in: table) == nil
        }
    }

    /// The statement of the scan; nil if every type is known.
    var scanQuery: String? {
        let names = scanned.map { SQLiteSyntax.quoted(columns[$0].name) }
        guard !names.isEmpty else { return nil }
        return SQLiteSyntax.select(names, from: table.name, filter: condition)
    }

    /// The statement that counts the rows; `all` counts those too that the read passes over.
    func countQuery(all: Bool) -> String {
        SQLiteSyntax.select(
            ["count(*)"],
            from: table.name,
            filter: all ? request.filter : condition
        )
    }

    /// The statement of a row without a key.
    func nullKeyQuery(_ key: [String]) -> String {
        let isNull = key.map { "\(SQLiteSyntax.quoted($0)) IS NULL" }.joined(separator: " OR ")
        let filter = request.filter.map { " AND (\($0)\n)" } ?? ""
        return
            "SELECT 1 FROM main.\(SQLiteSyntax.quoted(table.name)) WHERE (\(isNull))\(filter) LIMIT 1"
    }

    /// The statement of some keys that several rows have.
    func duplicatesQuery(_ key: [String]) -> String {
        let names = key.map { SQLiteSyntax.quoted($0) }
        let shown = names.map { "substr(CAST(\($0) AS TEXT), 1, 60)" }
        return SQLiteSyntax.select(shown, from: table.name, filter: request.filter)
            + " GROUP BY \(names.joined(separator: ", ")) HAVING count(*) > 1"
            + " LIMIT \(Limits.duplicateExamples)"
    }

    /// A statement that fails where the condition names what is not there.
    ///
    /// Views may be read with texts in double quotes, and then a misspelt column would be one.
    var conditionQuery: String? {
        guard let filter = request.filter, table.kind == .view else { return nil }
        let names = table.columns.map { "NULL AS \(SQLiteSyntax.quoted($0.name))" }
        return "SELECT 1 FROM (SELECT \(names.joined(separator: ", "))) WHERE (\(filter)\n)"
    }

    private func planned(
        _ choice: SQLiteChoice,
        at place: Int,
        _ seen: SQLiteStatistics?
    ) -> PlannedColumn {
        let column = columns[place]
        let canBeNulled = policies[place] == .null && choice.type == .string
        var planned = PlannedColumn(
            name: column.name,
            sourceType: column.sourceType,
            type: choice.type,
            isRequired: (column.isNotNull || column.isRowID) && !canBeNulled
                && (seen?.nullCount ?? 0) == 0,
            policy: policies[place],
            note: choice.note,
            isObserved: choice.isObserved
        )
        planned.definition = column.definition
        return planned
    }

    /// The plan, from what the scan of the places in `scanned` saw.
    ///
    /// - Throws: `SourceError` `configuration` for a key that rows cannot be merged by.
    mutating func preparation(
        seen: [SQLiteStatistics],
        estimatedRowCount: Int64?,
        estimatedByteCount: Int64?
    ) throws -> SQLitePreparation {
        var statistics: [Int: SQLiteStatistics] = [:]
        for (place, seen) in zip(scanned, seen) { statistics[place] = seen }
        let choices = columns.enumerated().map { place, column in
            choice(of: column, at: place, seen: statistics[place])
        }
        var planned = choices.enumerated().map { place, choice in
            self.planned(choice, at: place, statistics[place])
        }
        var forms = choices.map(\.form)
        let mergeKey = try addKeyForms(&planned, &forms, statistics)
        let rowCount = seen.first.map { $0.valueCount + $0.nullCount }
        var plan = ReadPlan(
            stream: StreamName(namespace: nil, name: table.name),
            query: query,
            columns: planned,
            primaryKey: increment?.request.key.isEmpty == false
                ? increment?.key ?? [] : table.primaryKey,
            estimatedRowCount: rowCount ?? (condition == nil ? estimatedRowCount : nil),
            estimatedByteCount: condition == nil && request.columns == nil
                ? estimatedByteCount : nil,
            access: "one scan of the file",
            resume: resumeColumn == nil ? .none : table.resume,
            risks: choices.compactMap(\.risk)
        )
        plan.isFull = increment?.condition == nil
        plan.rule = increment?.rule
        plan.mergeKey = mergeKey
        plan.definition = table.definition
        plan.identity = table.identity
        plan.risks += increment?.risks ?? []
        if let increment {
            plan.risks += try CursorRule.unseenChanges(
                unseenCauses,
                isAccepted: request.acceptsUnseenChanges,
                stream: plan.stream
            )
            let risk = CursorRule.conditionRisk(increment.request, filter: request.filter)
            plan.risks += [risk].compactMap { $0 }
        }
        plan.fingerprint = forms.map { "\($0)" }.joined(separator: " ")
        return SQLitePreparation(plan: plan, forms: forms)
    }

    /// What rows come and go by without a write to them, one phrase each.
    private var unseenCauses: [String] {
        var causes: [String] = []
        for sql in table.viewQueries {
            var query = SQLText(sql, .sqlite)
            query.dropViewHead()
            causes += query.outsideRowOfView.map { "the view: \($0)" }
        }
        if let filter = request.filter {
            causes += SQLText(filter, .sqlite).outsideRow.map { "the condition: \($0)" }
        }
        return causes
    }

    /// Adds the columns that merges match rows by where the key's own do not tell which are equal, and
    /// returns all that they match by.
    private mutating func addKeyForms(
        _ planned: inout [PlannedColumn],
        _ forms: inout [SQLiteForm],
        _ statistics: [Int: SQLiteStatistics]
    ) throws -> [String] {
        try key.map { name in
            guard let place = columns.firstIndex(where: { $0.name == name }) else { return name }
            var form = keyForms.first { $0.column == name }?.sql
            if form == nil {
                switch Self.exactness(of: forms[place], statistics[place]) {
                case .same: break
                case .expression: form = SQLiteSyntax.quoted(name)
                case .none(let reason):
                    throw MergeKey.refusal(
                        name,
                        reason,
                        stream: StreamName(namespace: nil, name: table.name)
                    )
                }
                if let form { keyForms.append((name, form)) }
            }
            guard form != nil else { return name }
            planned.append(
                PlannedColumn(
                    name: MergeKey.columnName(name),
                    sourceType: "text",
                    type: .string,
                    isRequired: planned[place].isRequired,
                    policy: .error,
                    documentation: MergeKey.documentation(name),
                    note: "what merges match rows by"
                )
            )
            forms.append(.string)
            return MergeKey.columnName(name)
        }
    }

    /// Whether values are equal in the file exactly where what lands of them is.
    private static func exactness(
        of form: SQLiteForm,
        _ seen: SQLiteStatistics?
    ) -> MergeKeyForm {
        guard let seen, seen.valueCount > 0 else { return .same }
        switch form {
        // Several texts tell one instant, or one number.
        case .date(.text), .timestamp(.text): return .expression("")
        case .decimal where seen.textCount == seen.valueCount: return .expression("")
        case .string where seen.integerCount == seen.valueCount: return .same
        case .decimal where seen.textCount > 0, .string where seen.textCount < seen.valueCount:
            return .none("it holds values of several kinds (\(seen.summary))")
        default: return .same
        }
    }

    private func choice(
        of column: SQLiteColumn,
        at place: Int,
        seen: SQLiteStatistics?
    ) -> SQLiteChoice {
        if policies[place] == .string { return SQLiteTyping.text() }
        if let trusted = SQLiteTyping.trusted(column, in: table) {
            guard request.preferredTypes[column.name] == .string, trusted.type != .string else {
                return trusted
            }
            var choice = SQLiteChoice(
                .string,
                .string,
                note: "values are \(trusted.type); string is what the table has"
            )
            choice.isObserved = false
            return choice
        }
        return SQLiteTyping.choice(
            column,
            seen ?? SQLiteStatistics(meaning: .none),
            preferred: request.preferredTypes[column.name],
            isCoreData: table.isCoreData
        )
    }

    /// How a column's values land, all that it holds being known.
    static func form(
        of column: SQLiteColumn,
        _ seen: SQLiteStatistics,
        _ request: ReadRequest,
        in table: SQLiteTable
    ) -> SQLiteForm {
        let policy = request.policies[column.name] ?? request.defaultPolicy
        if policy == .string { return SQLiteTyping.text().form }
        return SQLiteTyping.trusted(column, in: table)?.form
            ?? SQLiteTyping.choice(
                column,
                seen,
                preferred: request.preferredTypes[column.name],
                isCoreData: table.isCoreData
            ).form
    }

    // MARK: Names

    /// The column of that name: exactly, else without regard to case as SQLite does.
    private static func column(_ name: String, in table: SQLiteTable) throws -> SQLiteColumn {
        if let exact = table.columns.first(where: { $0.name == name }) { return exact }
        if let folded = table.columns.first(where: { $0.name.isSameName(as: name) }) {
            return folded
        }
        let near = NearNames.of(name, among: table.columns.map(\.name))
        throw SourceError(
            .notFound,
            "\(table.name) has no column \(name)"
                + (near.isEmpty ? "" : "; near it are: " + near.joined(separator: ", "))
        )
    }
}

extension SQLiteTable {
    /// What a read that goes on could be promised.
    var resume: ResumeGuarantee {
        switch kind {
        case .table: rowIDName == nil ? .none : .rowRange
        case .view, .virtual: .none
        }
    }

    /// How it is read, in words.
    var access: String {
        switch resume {
        case .rowRange: "whole table in row id order"
        default: "one stream from beginning to end"
        }
    }
}

extension String {
    /// Whether SQLite takes both for one name: ASCII letters in any case.
    func isSameName(as other: String) -> Bool {
        func folded(_ byte: UInt8) -> UInt8 {
            UInt8(ascii: "A")...UInt8(ascii: "Z") ~= byte ? byte | 0x20 : byte
        }
        return utf8.count == other.utf8.count
            && zip(utf8, other.utf8).allSatisfy { folded($0) == folded($1) }
    }
}
