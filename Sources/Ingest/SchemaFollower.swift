import Basics
import Columnar
import Iceberg
import Streams

/// How a table's schema follows its stream under the contract of a run.
struct SchemaFollower {
    let options: RunOptions
    let base: Table?

    /// The request with what the table knows of its columns.
    func prepared(_ request: ReadRequest) throws -> ReadRequest {
        var request = request
        guard let metadata = base?.metadata else { return request }
        let identities = try metadata.columnIdentities()
        for field in metadata.currentSchema?.schema.fields ?? [] {
            request.preferredTypes[field.name] = field.type
            request.knownColumns[field.name] = .some(identities[field.id])
            // A column that was renamed is found by its identity.
            if let identity = identities[field.id] { request.preferredTypes[identity] = field.type }
        }
        return request
    }

    /// Has a read treat columns that the last run left out as new: rows may have values there which
    /// nobody has read.
    func forgetUnread(in request: inout ReadRequest) {
        guard let unread = request.incremental?.since?.terms?.unread, !unread.isEmpty else {
            return
        }
        for field in base?.metadata.currentSchema?.schema.fields ?? []
        where unread.contains(field.id) {
            let identity = request.knownColumns.removeValue(forKey: field.name) ?? nil
            request.unreadColumns[field.name] = .some(identity)
        }
    }

    /// The schemas of table and files for the plan of a request.
    ///
    /// - Throws: `IcebergError` `schemaDrift` naming what the contract does not allow.
    func evolve(
        _ plan: ReadPlan,
        for incremental: IncrementalRequest?
    ) async throws -> SchemaEvolution {
        guard !plan.columns.isEmpty else {
            throw SourceError(
                .unsupported,
                "it has no columns, and no engine reads a table without any; leave it out"
            )
        }
        try plan.requireDistinctNames()
        var incoming: [String: String] = [:]
        for column in plan.columns { incoming[column.name] = column.identity }
        guard let current = base?.metadata, let schema = current.currentSchema?.schema else {
            return try SchemaEvolution.first(plan.schema, identities: incoming)
        }
        let evolution = try SchemaEvolution.evolve(
            current: schema,
            lastColumnID: current.lastColumnID,
            incoming: plan.schema,
            observed: Set(plan.columns.filter(\.isObserved).map(\.name)),
            allowTypeChange: options.allowsTypeChange,
            identities: ColumnIdentities(
                source: incoming,
                table: try current.columnIdentities()
            ),
            alreadyGone: try await columnsWithoutValues(schema, plan),
            contract: options.contract
        )
        if let member = evolution.ignored.first(where: { $0.contains(".") }),
            !plan.columns.contains(where: { $0.name == member })
        {
            throw IcebergError(
                .schemaDrift,
                "\(member) is new inside its column and cannot be left out by itself; leave out the "
                    + "column with \(Remedy.columns), or take it over with \(Remedy.schema.to("evolve"))"
            )
        }
        // A key that may be null is no identifier of the table; the cursor knows it all the same.
        let key = incremental?.since?.terms?.key ?? base?.metadata.identifierNames ?? []
        // Appending knows the rows at the cursor's highest value by their keys.
        let tellsByKey =
            incremental?.conflict == .merge || incremental?.since?.boundaryKeys != nil
        if !plan.isFull, tellsByKey, !key.isEmpty {
            try evolution.checkMergeKey(
                old: key,
                new: incremental?.conflict == .merge ? plan.mergeKey : plan.primaryKey
            )
        }
        return evolution
    }

    /// Columns of the table that no file holds: that they are gone was told when they went.
    private func columnsWithoutValues(_ schema: Schema, _ plan: ReadPlan) async throws -> Set<Int> {
        let names = Set(plan.columns.map(\.name))
        let missing = schema.fields.filter { !names.contains($0.name) && !$0.type.isNested }
        guard !missing.isEmpty, let base else { return [] }
        let columns = Set(try await base.files().flatMap(\.valueCounts.keys))
        return Set(missing.map(\.id)).subtracting(columns)
    }
}

extension SchemaEvolution {
    /// Why the rows a table has do not hold what the source has there now; nil when they do.
    func lossOfOldValues(_ plan: ReadPlan) -> String? {
        for change in changes {
            switch change {
            case .retyped(let name, let from, let to):
                return "\(name) was \(from) and is \(to) now, which no file of before holds"
            case .added(let name, _) where !plan.columns.contains { $0.name == name }:
                // A member of a structure has no identity: it may be a former one renamed.
                return "\(name) is new inside its column"
            default: continue
            }
        }
        return nil
    }
}

extension SchemaEvolution {
    /// A column of a plan whose values the last run, which wrote by the schema `former`, did not leave in the
    /// field that it is now; nil where there is none.
    ///
    /// Other programs give a name to another field, and a table that is taken back keeps its new fields. What
    /// is new with this run is none of them. A column that the source knows by an identity may have had
    /// another name.
    func column(
        among names: [String]? = nil,
        of plan: ReadPlan,
        movedSince former: Schema
    ) -> String? {
        let known = Dictionary(former.fields.map { ($0.id, $0) }, uniquingKeysWith: { $1 })
        let isNew = Set(
            changes.compactMap { change -> String? in
                switch change {
                case .added(let name, _), .retyped(let name, _, _): name
                default: nil
                }
            }
        )
        for column in plan.columns where names?.contains(column.name) ?? true {
            guard !isNew.contains(column.name),
                let field = table.fields.first(where: { $0.name == column.name })
            else { continue }
            guard let before = known[field.id], before.members.isSuperset(of: field.members),
                column.identity != nil || before.name == field.name
            else { return column.name }
        }
        return nil
    }
}

extension Field {
    /// The members within the field, each by id and name.
    fileprivate var members: Set<String> {
        let within: [Field] =
            switch type {
            case .list(let element): [element]
            case .map(let key, let value): [key, value]
            case .structure(let fields): fields
            default: []
            }
        return within.reduce(into: []) { all, member in
            all.insert("\(member.id) \(member.name)")
            all.formUnion(member.members)
        }
    }
}

extension TableMetadata {
    /// The names of the columns that identify a row; empty where the table does not say.
    var identifierNames: [String] {
        guard let schema = currentSchema else { return [] }
        return schema.identifierFieldIDs.compactMap { id in
            schema.schema.fields.first { $0.id == id }?.name
        }
    }
}
