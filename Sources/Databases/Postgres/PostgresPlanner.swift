import Columnar
import Streams

/// A read of one relation, decided: the plan to show and what the decoder needs.
struct PostgresRead: Sendable {
    var plan: ReadPlan
    var copyColumns: [CopyColumn]
    /// What stands between SELECT and FROM.
    var selectList: String
    var fromClause: String
    var filter: String?
    var kind: PostgresRelation.Kind
    /// The relation's oid.
    var relationID: String
    /// Whether row-level security hides rows from this user.
    var filtersRows: Bool
    /// What its rows depend on besides themselves.
    var definition: PostgresDefinition
    /// The enumerations its columns are made of.
    var enumerationIDs: [String] = []
    /// A type of its columns whose text tells names of the catalog; nil when there is none.
    var namingType: String?
    /// What an incremental read adds; nil for a full refresh.
    var increment: PostgresIncrement?

    /// Whether parts of the read may be asked for by statements of their own.
    var canBeCut: Bool { filter == nil && !filtersRows && increment?.usesIndex != true }

    /// All conditions as SQL, with their WHERE; `further` is one more.
    func whereClause(and further: String? = nil) -> String {
        let conditions = [further, increment?.condition, filter.map { "(\($0)\n)" }]
            .compactMap { $0 }
        return conditions.isEmpty ? "" : " WHERE " + conditions.joined(separator: " AND ")
    }

    /// The statement that reads all rows.
    var statement: String { "SELECT \(selectList) FROM \(fromClause)\(whereClause())" }

    /// The statement that brings the rows of a slice.
    func statement(for range: SliceRange) -> String {
        let relation =
            switch range {
            case .pages(let relation, _, _, _), .keys(let relation, _): relation
            case .whole, .window, .parent: fromClause
            }
        return "COPY (SELECT \(selectList) FROM \(relation)\(whereClause(and: range.condition))\n)"
            + " TO STDOUT (FORMAT binary)"
    }
}

extension PostgresRead {
    /// Adds a column to the plan and to what the decoder expects.
    fileprivate mutating func add(
        _ column: PostgresRelation.Column,
        reading: PostgresReading,
        policy: ConversionPolicy,
        validatesText: Bool,
        isObserved: Bool,
        definition: String? = nil
    ) {
        copyColumns.append(
            CopyColumn(
                name: column.name,
                type: reading.type,
                policy: policy,
                validatesText: validatesText
            )
        )
        let canBeNulled =
            policy != .error && (reading.type.canFail || (validatesText && reading.type == .text))
        plan.columns.append(
            PlannedColumn(
                name: column.name,
                sourceType: column.typeName,
                type: reading.type.dataType,
                isRequired: column.isRequired && !canBeNulled,
                policy: policy,
                documentation: column.comment,
                note: reading.note,
                isObserved: isObserved,
                identity: column.identity
            )
        )
        plan.columns[plan.columns.count - 1].definition = definition
    }
}

/// Plans the read of a relation inside one snapshot.
struct PostgresPlanner {
    let session: PostgresSession
    let place: String
    /// What tells this server's oids from those of others; nil where it does not say.
    let cluster: String?

    /// Decides columns, types and the statement.
    func plan(_ request: ReadRequest) async throws -> PostgresRead {
        let catalog = PostgresCatalog(session: session)
        var relation = try await catalog.relation(request.stream, place: place)
        identify(&relation.columns)
        try CursorRule.requireExpression(request.filter, .postgres, stream: relation.name)
        let named = request.filter.map { SQLText($0, .postgres).names } ?? []
        let conditionColumns = relation.columns.filter { named.contains($0.name.lowercased()) }
        let columnNames = relation.columns.map(\.name)
        relation.columns = try selected(relation.columns, request: request, relation: relation)
        let types = try await catalog.typeMap(for: relation.columns)
        let definition = try await PostgresDefinition(
            of: relation,
            columnNames: columnNames,
            filter: request.filter,
            in: session
        )
        // From here on the user's own names count again: a view may call functions that need them.
        try await session.settle(evaluatesUserText: definition.evaluatesUserText)
        var readings = relation.columns.map { types.reading($0.typeID, modifier: $0.modifier) }
        var read = PostgresRead(
            plan: ReadPlan(
                stream: relation.name,
                query: "",
                columns: [],
                primaryKey: relation.primaryKey,
                estimatedRowCount: relation.estimatedRowCount,
                estimatedByteCount: relation.estimatedByteCount,
                access: "",
                resume: .none,
                risks: []
            ),
            copyColumns: [],
            selectList: "",
            fromClause: relation.fromClause,
            filter: request.filter,
            kind: relation.kind,
            relationID: relation.id,
            filtersRows: relation.filtersRows,
            definition: definition
        )
        try await sizeNumerics(&readings, columns: relation.columns, request: request, read: read)
        let validatesText = await session.serverEncoding == "SQL_ASCII"
        try addColumns(&readings, relation, types, request, validatesText: validatesText, to: &read)
        read.plan.fingerprint =
            read.selectList + " " + (try await catalog.labels(of: types.enumerationIDs))
        read.plan.definition = definition.text
        if definition.evaluatesUserText {
            read.plan.definition += try await session.ownSettings()
            read.plan.definition += try await self.definition(of: conditionColumns, catalog)
        }
        (read.enumerationIDs, read.namingType) = (types.enumerationIDs, types.namingType)
        read.plan.risks = try await risks(relation, readings, read, validatesText: validatesText)
        return read
    }

    /// What the columns of a condition are: it asks for them whether they are read or not.
    private func definition(
        of columns: [PostgresRelation.Column],
        _ catalog: PostgresCatalog
    ) async throws -> String {
        guard !columns.isEmpty else { return "" }
        let types = try await catalog.typeMap(for: columns)
        let texts = columns.map { column in
            [
                column.name, column.identity ?? "", column.typeID, "\(column.modifier)",
                "\(column.hasLooseCollation)", types.definition(of: column) ?? "",
            ].joined(separator: " ")
        }
        return texts.joined(separator: "\n") + (try await catalog.labels(of: types.enumerationIDs))
    }

    /// Adds the columns to the plan, to what the decoder expects, and to the statement.
    private func addColumns(
        _ readings: inout [PostgresReading],
        _ relation: PostgresRelation,
        _ types: PostgresTypeMap,
        _ request: ReadRequest,
        validatesText: Bool,
        to read: inout PostgresRead
    ) throws {
        let isObserved = relation.columns.map {
            types.reading($0.typeID, modifier: $0.modifier).isUnconstrainedNumeric
        }
        let key = request.mergeKey(primaryKey: relation.primaryKey)
        for (index, column) in relation.columns.enumerated() {
            let canFail =
                readings[index].type.canFail || (validatesText && readings[index].type == .text)
            let policy =
                key.contains(column.name)
                ? try MergeKey.policy(
                    of: column.name,
                    request,
                    canFail: canFail,
                    failsAsText: validatesText && readings[index].type == .text
                )
                : request.policies[column.name] ?? request.defaultPolicy ?? .null
            if policy == .string, readings[index].type != .text {
                readings[index] = .text(note: "as text, by policy")
            }
            if validatesText,
                readings[index].type == .hstore || readings[index].type == .versionedText
            {
                readings[index] = .text(note: "text, to be checked for UTF-8 as a whole")
            }
            read.add(
                column,
                reading: readings[index],
                policy: policy,
                validatesText: validatesText,
                isObserved: isObserved[index],
                definition: types.definition(of: column)
            )
        }
        var expressions = zip(relation.columns, readings).map { column, reading in
            reading.sql(quoted(column.name))
        }
        try addKeyForms(key, relation, readings, types, to: &read, &expressions)
        read.selectList = expressions.joined(separator: ", ")
    }

    /// Adds the columns that a merge matches rows by where the key's own do not tell which are equal.
    private func addKeyForms(
        _ key: [String],
        _ relation: PostgresRelation,
        _ readings: [PostgresReading],
        _ types: PostgresTypeMap,
        to read: inout PostgresRead,
        _ expressions: inout [String]
    ) throws {
        var mergeKey: [String] = []
        for name in key {
            guard let index = relation.columns.firstIndex(where: { $0.name == name }) else {
                mergeKey.append(name)
                continue
            }
            switch types.mergeForm(of: relation.columns[index], as: readings[index]) {
            case .same: mergeKey.append(name)
            case .none(let reason):
                throw MergeKey.refusal(name, reason, stream: relation.name)
            case .expression(let sql):
                var column = relation.columns[index]
                column.name = MergeKey.columnName(name)
                column.identity = column.identity.map { $0 + "k" }
                column.comment = MergeKey.documentation(name)
                column.typeName = "text"
                read.add(
                    column,
                    reading: .text(note: "what merges match rows by"),
                    policy: .error,
                    validatesText: false,
                    isObserved: false
                )
                expressions.append(sql)
                mergeKey.append(column.name)
            }
        }
        read.plan.mergeKey = mergeKey
    }

    /// Makes the columns' identities those of this server.
    private func identify(_ columns: inout [PostgresRelation.Column]) {
        for index in columns.indices {
            let identity = columns[index].identity ?? ""
            columns[index].identity = cluster.map { "\($0)/\(identity)" }
        }
    }

    private func selected(
        _ columns: [PostgresRelation.Column],
        request: ReadRequest,
        relation: PostgresRelation
    ) throws -> [PostgresRelation.Column] {
        let named = Set(request.columns ?? []).union(request.policies.keys)
        let unknown = named.subtracting(columns.map(\.name)).sorted()
        guard unknown.isEmpty else {
            throw SourceError(
                .notFound,
                "\(place): \(relation.name) has no column \(unknown.joined(separator: ", ")); it has "
                    + columns.map(\.name).joined(separator: ", ")
            )
        }
        guard let wanted = request.columns else { return columns }
        return columns.filter { wanted.contains($0.name) }
    }

    /// Asks for the sizes of numerics without precision, all in one scan, and picks their types.
    private func sizeNumerics(
        _ readings: inout [PostgresReading],
        columns: [PostgresRelation.Column],
        request: ReadRequest,
        read: PostgresRead
    ) async throws {
        let unsized = readings.indices.filter { index in
            readings[index].isUnconstrainedNumeric
                && (request.policies[columns[index].name] ?? request.defaultPolicy) != .string
        }
        guard !unsized.isEmpty else { return }
        let version = await session.serverVersion
        let trimmed = version >= 130_000 ? "trim_scale" : ""
        let special = version >= 140_000 ? "'NaN', 'Infinity', '-Infinity'" : "'NaN'"
        let list = unsized.map { index in
            let name = quoted(columns[index].name)
            return """
                max(CASE WHEN abs(\(name)) < 1 THEN 0 ELSE length(trunc(abs(\(name)))::text) END)
                    FILTER (WHERE \(name) NOT IN (\(special))),
                max(scale(\(trimmed)(\(name)))) FILTER (WHERE \(name) NOT IN (\(special)))
                """
        }
        var sizes: [String?] = []
        for first in stride(from: 0, to: list.count, by: Limits.sizedColumns) {
            let some = list[first..<min(first + Limits.sizedColumns, list.count)]
            sizes += try await session.query(
                "SELECT \(some.joined(separator: ",\n")) FROM \(read.fromClause)\(read.whereClause())"
            ).only
        }
        for (place, index) in unsized.enumerated() {
            readings[index] = Self.sized(
                integerDigits: sizes[place * 2].flatMap { Int($0) },
                scale: sizes[place * 2 + 1].flatMap { Int($0) },
                preferred: columns[index].identity.flatMap { request.preferredTypes[$0] }
                    ?? request.preferredTypes[columns[index].name]
            )
        }
    }

    /// The type that holds numbers of that size: the table's own where it does, else one with
    /// head-room before the point, else text.
    static func sized(
        integerDigits: Int?,
        scale: Int?,
        preferred: DataType?
    ) -> PostgresReading {
        let integers = integerDigits ?? 0
        let fraction = scale ?? 0
        if case .decimal(let precision, let preferredScale) = preferred,
            preferredScale >= fraction, precision - preferredScale >= integers
        {
            return PostgresReading(
                type: .numeric(precision: precision, scale: preferredScale),
                note: "sized by the table it has"
            )
        }
        if preferred == .string { return .text(note: "text, as the table has it") }
        guard integerDigits != nil, scale != nil else {
            return PostgresReading(
                type: .numeric(precision: 38, scale: 9),
                note: "no values to size it by yet"
            )
        }
        let needed = integers + fraction
        guard needed <= 38 else {
            return .text(
                note: "\(integers) digits before and \(fraction) behind the point: "
                    + "no Iceberg decimal holds them"
            )
        }
        // Three digits of head-room keep a growing column in 64 bits; past that, all there is.
        return PostgresReading(
            type: .numeric(precision: needed + 3 <= 18 ? 18 : 38, scale: fraction),
            note: "sized by its values: \(integers) digits before, \(fraction) behind the point"
        )
    }

    private func risks(
        _ relation: PostgresRelation,
        _ readings: [PostgresReading],
        _ read: PostgresRead,
        validatesText: Bool
    ) async throws -> [String] {
        var risks = read.definition.risks
        // Where nothing of a user's is evaluated the session writes texts in one form.
        let printed = zip(relation.columns, readings).filter { $1.printsDates }.map(\.0.name)
        if read.definition.evaluatesUserText, !printed.isEmpty {
            let forms = try await session.ownForms()
            if !forms.isEmpty {
                risks.append(
                    "\(printed.joined(separator: ", ")): text as a session with "
                        + "\(forms.joined(separator: ", ")) writes it, since a view or condition may "
                        + "mean something by these settings"
                )
            }
        }
        if relation.filtersRows {
            risks.append(
                "row-level security filters what this user sees: only those rows are read"
            )
        }
        if relation.kind == .table, relation.hasChildren {
            risks.append("the table has inheriting tables; their rows are streams of their own")
        }
        if !relation.kind.hasRows {
            risks.append(
                "the rows of a \(relation.kind.words) cannot be counted independently of the read"
            )
        }
        if validatesText {
            risks.append(
                "the database has no encoding (SQL_ASCII): text that is no UTF-8 meets "
                    + "the column's policy"
            )
        }
        return risks
    }
}
