import Basics
import Columnar
import Streams

/// A read of one relation, decided: the plan to show and what the decoder needs.
struct MySQLRead: Sendable {
    var plan: ReadPlan
    var columns: [MySQLColumn]
    /// What stands between SELECT and FROM.
    var selectList: String
    var relation: MySQLRelation
    var definition: MySQLDefinition
    var filter: String?
    /// What an incremental read adds; nil for a full refresh.
    var increment: MySQLIncrement?

    /// All conditions as SQL, with their WHERE; `further` is one more.
    func whereClause(and further: String? = nil) -> String {
        let conditions = [further, increment?.condition, filter.map { "(\($0)\n)" }]
            .compactMap { $0 }
        return conditions.isEmpty ? "" : " WHERE " + conditions.joined(separator: " AND ")
    }

    /// The statement that brings the rows of a slice.
    func statement(for range: SliceRange) -> String {
        guard case .keys(let relation, let condition) = range else {
            return "SELECT \(selectList) FROM \(relation.fromClause)\(whereClause())"
        }
        return "SELECT \(selectList) FROM \(relation) FORCE INDEX (PRIMARY)"
            + whereClause(and: condition)
    }
}

/// Plans the read of a relation inside one snapshot; no rows are read.
struct MySQLPlanner {
    let session: MySQLSession
    let catalog: MySQLCatalog
    let place: String

    /// Decides columns, types and the statement.
    func plan(_ request: ReadRequest) async throws -> MySQLRead {
        let relation = try await catalog.relation(request.stream, place: place)
        let wanted = try selected(relation, request)
        guard !wanted.isEmpty else {
            throw SourceError(.unsupported, "\(relation.name) has no column that can be read")
        }
        try CursorRule.requireExpression(request.filter, .mysql, stream: relation.name)
        let definition = try await MySQLDefinition(
            of: relation,
            filter: request.filter,
            in: session
        )
        try await session.settle(evaluatesUserText: definition.evaluatesUserText)
        var read = MySQLRead(
            plan: ReadPlan(
                stream: relation.name,
                query: "",
                columns: [],
                primaryKey: relation.primaryKey,
                estimatedRowCount: relation.estimatedRowCount,
                estimatedByteCount: relation.byteCount,
                access: "",
                resume: .none,
                risks: risks(of: relation)
            ),
            columns: [],
            selectList: "",
            relation: relation,
            definition: definition,
            filter: request.filter
        )
        var expressions = try await addColumns(wanted, request, to: &read)
        try addKeyForms(request, to: &read, &expressions)
        read.selectList = expressions.joined(separator: ", ")
        read.plan.definition = definition.text
        read.plan.identity = definition.identity
        try await addIncrement(request, to: &read)
        read.plan.query = read.statement(for: .whole)
        read.plan.fingerprint = read.selectList
        return read
    }

    /// Adds the columns to the plan and to what the decoder expects; returns the SQL of each.
    private func addColumns(
        _ wanted: [MySQLRelation.Column],
        _ request: ReadRequest,
        to read: inout MySQLRead
    ) async throws -> [String] {
        var expressions: [String] = []
        let key = request.mergeKey(primaryKey: read.relation.primaryKey)
        let isInUTC = await session.isInUTC
        for column in wanted {
            func reading(_ policy: ConversionPolicy) -> MySQLReading {
                MySQLReading(
                    of: column,
                    policy: policy,
                    isMariaDB: session.isMariaDB,
                    isInUTC: isInUTC
                )
            }
            let asked = request.policies[column.name] ?? request.defaultPolicy ?? .null
            let policy =
                key.contains(column.name)
                ? try MergeKey.policy(
                    of: column.name,
                    request,
                    canFail: reading(asked).kind.canFail
                ) : asked
            let reading = reading(policy)
            let name = MySQLSyntax.quoted(column.name)
            expressions.append(reading.expression.map { $0(name) } ?? name)
            read.columns.append(
                MySQLColumn(name: column.name, kind: reading.kind, policy: policy)
            )
            var planned = PlannedColumn(
                name: column.name,
                sourceType: column.typeName,
                type: reading.kind.dataType,
                isRequired: column.isRequired && (policy == .error || !reading.kind.canFail),
                policy: policy,
                documentation: column.comment,
                note: reading.note
            )
            planned.definition = column.definition
            read.plan.columns.append(planned)
        }
        return expressions
    }

    /// Adds the columns that a merge matches rows by where the key's own do not tell which are equal.
    private func addKeyForms(
        _ request: ReadRequest,
        to read: inout MySQLRead,
        _ expressions: inout [String]
    ) throws {
        var mergeKey: [String] = []
        for name in request.mergeKey(primaryKey: read.relation.primaryKey) {
            guard let column = read.relation.columns.first(where: { $0.name == name }) else {
                mergeKey.append(name)
                continue
            }
            let prefix =
                request.incremental?.key.isEmpty == false ? nil : read.relation.prefix(of: name)
            switch column.mergeForm(prefix: prefix, isMariaDB: session.isMariaDB) {
            case .same: mergeKey.append(name)
            case .none(let reason):
                throw MergeKey.refusal(name, reason, stream: read.relation.name)
            case .expression(let sql):
                let formName = MergeKey.columnName(name)
                expressions.append(sql)
                read.columns.append(MySQLColumn(name: formName, kind: .bytes, policy: .error))
                read.plan.columns.append(
                    PlannedColumn(
                        name: formName,
                        sourceType: "varbinary",
                        type: .binary,
                        isRequired: column.isRequired,
                        policy: .error,
                        documentation: MergeKey.documentation(name),
                        note: "what merges match rows by"
                    )
                )
                mergeKey.append(formName)
            }
        }
        read.plan.mergeKey = mergeKey
    }

    private func addIncrement(
        _ request: ReadRequest,
        to read: inout MySQLRead
    ) async throws {
        guard let incremental = request.incremental else { return }
        read.plan.risks += try CursorRule.unseenChanges(
            read.definition.causes,
            isAccepted: request.acceptsUnseenChanges,
            stream: read.relation.name
        )
        if let risk = CursorRule.conditionRisk(incremental, filter: request.filter) {
            read.plan.risks.append(risk)
        }
        let added = request.columnsNew(in: read.plan)
        let isAnother = CursorRule.isAnother(incremental, identity: read.plan.identity)
        let increment = try MySQLIncrement(
            incremental,
            relation: read.relation,
            read: read.plan.columns.map(\.name),
            change: MySQLIncrement.Change(
                added: added,
                rows: CursorRule.changeOfRows(
                    incremental,
                    digest: read.plan.definitionDigest(leavingOut: added),
                    isAnother: isAnother
                )
            ),
            place: MySQLIncrement.Place(system: session.identity.system, address: place),
            isInUTC: await session.isInUTC
        )
        read.increment = increment
        read.plan.primaryKey = increment.key
        read.plan.isFull = increment.condition == nil
        read.plan.rule = increment.rule
        read.plan.risks += increment.risks
        if isAnother, incremental.conflict == .append, let highest = incremental.since?.highest {
            let keys = try await increment.keys(at: highest, filter: request.filter, in: session)
            read.plan.risks.append(
                try CursorRule.appendingRisk(
                    incremental,
                    keys: keys.map(Array.init),
                    stream: read.relation.name
                )
            )
        }
        let check = MySQLKeyCheck(session: session, read: read, key: increment.key)
        guard !check.isEnforced else { return }
        if incremental.conflict == .append {
            // Rows below the cursor's highest value are not compared any more.
            try await check.requireUnique(
                among: try increment.conditionFromHighest,
                takesNulls: true
            )
        } else if read.plan.isFull || read.relation.byteCount <= Limits.countedByteCount {
            try await check.requireUnique()
        }
    }

    private func selected(
        _ relation: MySQLRelation,
        _ request: ReadRequest
    ) throws -> [MySQLRelation.Column] {
        let named = Set(request.columns ?? []).union(request.policies.keys)
        let unknown = named.subtracting(relation.columns.map(\.name)).sorted()
        guard unknown.isEmpty else {
            throw SourceError(
                .notFound,
                "\(place): \(relation.name) has no column \(unknown.joined(separator: ", ")); it has "
                    + relation.columns.map(\.name).joined(separator: ", ")
            )
        }
        return relation.columns.filter { column in
            request.columns?.contains(column.name) ?? !column.isHidden
        }
    }

    private func risks(of relation: MySQLRelation) -> [String] {
        var risks: [String] = []
        if !relation.hasSnapshots {
            risks.append(
                "tables of \(relation.engine ?? "this engine") have no snapshots: rows that are "
                    + "written meanwhile may be read in part"
            )
        }
        let hidden = relation.columns.filter(\.isHidden).map(\.name)
        if !hidden.isEmpty {
            risks.append(
                "\(hidden.joined(separator: ", ")): invisible, read only when named with \(Remedy.columns)"
            )
        }
        return risks
    }
}
