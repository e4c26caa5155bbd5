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

    /// Matches the request with the table.
    ///
    /// - Throws: `SourceError`, `notFound` for a column the table does not have.
    init(_ request: ReadRequest, table: SQLiteTable) throws {
        self.request = request
        self.table = table
        var wanted: Set<String>?
        if let names = request.columns {
            guard !names.isEmpty else {
                throw SourceError(.configuration, "no column of \(table.name) is chosen")
            }
            wanted = Set(try names.map { try Self.column($0, in: table).name })
        }
        let columns = table.columns.filter { wanted?.contains($0.name) ?? true }
        guard !columns.isEmpty else {
            throw SourceError(.unsupported, "\(table.name) has no column that can be read")
        }
        var chosen: [String: ConversionPolicy] = [:]
        for (name, policy) in request.policies {
            chosen[try Self.column(name, in: table).name] = policy
        }
        self.columns = columns
        policies = columns.map { chosen[$0.name] ?? request.defaultPolicy ?? .error }
        increment = try request.incremental.map {
            let known = request.knownColumns
            let added = known.isEmpty ? [] : columns.filter { known[$0.name] == nil }
            return try SQLiteIncrement(
                $0,
                table: table,
                read: columns.map(\.name),
                added: added.map(\.name)
            )
        }
    }

    /// The conditions of the rows to be read: the user's, and what is new.
    var condition: String? {
        guard let new = increment?.condition else { return request.filter }
        return new + (request.filter.map { " AND (\($0)\n)" } ?? "")
    }

    /// The name of the row id, where the rows are read in its order and a read can go on behind one.
    var resumeColumn: String? {
        guard table.resume == .rowRange, condition == nil, columns.count < SQLiteLimits.columnCount
        else { return nil }
        return table.rowIDName
    }

    /// The statement that reads the rows behind a row id, with that of each row in the last column.
    func query(behind id: Int64?) -> String {
        guard let column = resumeColumn else { return query }
        let names = columns.map { SQLiteSyntax.quoted($0.name) } + [column]
        return
            "SELECT \(names.joined(separator: ", ")) FROM main.\(SQLiteSyntax.quoted(table.name))"
            + (id.map { " WHERE \(column) > \($0)" } ?? "") + " ORDER BY \(column)"
    }

    /// The statement that reads the rows.
    var query: String {
        SQLiteSyntax.select(columns.map(\.name), from: table.name, filter: condition)
    }

    /// Places in `columns` whose values have to be seen before a type can be chosen.
    var scanned: [Int] {
        columns.indices.filter {
            policies[$0] != .string && SQLiteTyping.trusted(columns[$0], in: table) == nil
        }
    }

    /// The statement of the scan; nil if every type is known.
    var scanQuery: String? {
        let names = scanned.map { columns[$0].name }
        guard !names.isEmpty else { return nil }
        return SQLiteSyntax.select(names, from: table.name, filter: condition)
    }

    /// The statement that counts the rows.
    var countQuery: String {
        "SELECT count(*) FROM main." + SQLiteSyntax.quoted(table.name)
            + SQLiteSyntax.condition(condition)
    }

    /// The plan, from what the scan of the places in `scanned` saw.
    func preparation(
        seen: [SQLiteStatistics],
        estimatedRowCount: Int64?,
        estimatedByteCount: Int64?
    ) -> SQLitePreparation {
        var statistics: [Int: SQLiteStatistics] = [:]
        for (place, seen) in zip(scanned, seen) { statistics[place] = seen }
        var planned: [PlannedColumn] = []
        var forms: [SQLiteForm] = []
        var risks: [String] = []
        for (place, column) in columns.enumerated() {
            let choice = choice(of: column, at: place, seen: statistics[place])
            if let risk = choice.risk { risks.append(risk) }
            forms.append(choice.form)
            let canBeNulled = policies[place] == .null && choice.type == .string
            planned.append(
                PlannedColumn(
                    name: column.name,
                    sourceType: column.sourceType,
                    type: choice.type,
                    isRequired: (column.isNotNull || column.isRowID) && !canBeNulled
                        && (statistics[place]?.nullCount ?? 0) == 0,
                    policy: policies[place],
                    note: choice.note,
                    isObserved: choice.isObserved
                )
            )
        }
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
            risks: risks
        )
        plan.isFull = increment?.condition == nil
        plan.rule = increment?.rule
        if let risk = increment?.risk { plan.risks.append(risk) }
        plan.fingerprint = forms.map { "\($0)" }.joined(separator: " ")
        return SQLitePreparation(plan: plan, forms: forms)
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
            preferred: request.preferredTypes[column.name]
        )
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
