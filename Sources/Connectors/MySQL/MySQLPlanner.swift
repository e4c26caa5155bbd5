import Columnar
import Streams

/// A read of one relation, decided: the plan to show and what the decoder needs.
struct MySQLRead: Sendable {
    var plan: ReadPlan
    var columns: [MySQLColumn]
    /// What stands between SELECT and FROM.
    var selectList: String
    var relation: MySQLRelation
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
        var planned: [PlannedColumn] = []
        var columns: [MySQLColumn] = []
        var expressions: [String] = []
        for column in wanted {
            let policy = request.policies[column.name] ?? request.defaultPolicy ?? .null
            let reading = MySQLReading(
                of: column,
                policy: policy,
                isMariaDB: session.isMariaDB
            )
            let name = MySQLSyntax.quoted(column.name)
            expressions.append(reading.expression.map { $0(name) } ?? name)
            columns.append(MySQLColumn(name: column.name, kind: reading.kind, policy: policy))
            planned.append(
                PlannedColumn(
                    name: column.name,
                    sourceType: column.typeName,
                    type: reading.kind.dataType,
                    isRequired: column.isRequired && (policy == .error || !reading.kind.canFail),
                    policy: policy,
                    documentation: column.comment,
                    note: reading.note
                )
            )
        }
        var read = MySQLRead(
            plan: ReadPlan(
                stream: relation.name,
                query: "",
                columns: planned,
                primaryKey: relation.primaryKey,
                estimatedRowCount: relation.estimatedRowCount,
                estimatedByteCount: relation.byteCount,
                access: "",
                resume: .none,
                risks: risks(of: relation)
            ),
            columns: columns,
            selectList: expressions.joined(separator: ", "),
            relation: relation,
            filter: request.filter
        )
        try addIncrement(request, to: &read)
        read.plan.query = read.statement(for: .whole)
        read.plan.fingerprint = read.selectList
        return read
    }

    private func addIncrement(
        _ request: ReadRequest,
        to read: inout MySQLRead
    ) throws(SourceError) {
        guard let incremental = request.incremental else { return }
        let increment = try MySQLIncrement(
            incremental,
            relation: read.relation,
            read: read.plan.columns.map(\.name),
            added: request.columnsNew(in: read.plan),
            place: MySQLIncrement.Place(system: session.identity.system, address: place)
        )
        read.increment = increment
        read.plan.primaryKey = increment.key
        read.plan.isFull = increment.condition == nil
        read.plan.rule = increment.rule
        read.plan.risks += increment.risks
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
                "\(hidden.joined(separator: ", ")): invisible, read only when named with --columns"
            )
        }
        return risks
    }
}
