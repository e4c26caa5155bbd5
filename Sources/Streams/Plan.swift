package import Columnar

/// What to read of one stream, as the user asked for it.
package struct ReadRequest: Sendable {
    package var stream: StreamName
    /// Only these columns, in the stream's own order; nil for all.
    package var columns: [String]?
    /// A condition in the source's own SQL.
    package var filter: String?
    /// Policies by column name.
    package var policies: [String: ConversionPolicy]
    /// The policy of columns not named in `policies`; nil for each type's default.
    package var defaultPolicy: ConversionPolicy?
    /// Types the table has now, by column.
    ///
    /// A source that has to size or guess a type keeps to these where they hold every value.
    package var preferredTypes: [String: DataType]
    /// Columns the table has now and the last run read, each with its identity where that is known.
    package var knownColumns: [String: String?] = [:]
    /// Columns the table has now and the last run left out, in the same way.
    package var unreadColumns: [String: String?] = [:]
    /// Whether an incremental read may miss rows that come or go without a write to them.
    package var acceptsUnseenChanges = false
    /// Reads what is new only; nil to read everything.
    package var incremental: IncrementalRequest?

    /// Makes a request for a whole stream, to be narrowed.
    package init(
        stream: StreamName,
        columns: [String]? = nil,
        filter: String? = nil,
        policies: [String: ConversionPolicy] = [:],
        defaultPolicy: ConversionPolicy? = nil,
        preferredTypes: [String: DataType] = [:],
        incremental: IncrementalRequest? = nil
    ) {
        self.stream = stream
        self.columns = columns
        self.filter = filter
        self.policies = policies
        self.defaultPolicy = defaultPolicy
        self.preferredTypes = preferredTypes
        self.incremental = incremental
    }

    /// The columns by which the request merges rows; none for one that does not merge.
    package func mergeKey(primaryKey: [String]) -> [String] {
        guard let incremental, incremental.conflict == .merge else { return [] }
        return incremental.key.isEmpty ? primaryKey : incremental.key
    }

    /// The columns of a plan that the table does not have yet, or that the last run left out; none while
    /// there is no table.
    ///
    /// A column is known by its identity, and by its name only where one of the two has none.
    package func columnsNew(in plan: ReadPlan) -> [String] {
        if knownColumns.isEmpty { return [] }
        let known = Set(Self.columns(of: plan, among: knownColumns))
        return plan.columns.map(\.name).filter { !known.contains($0) }
    }

    /// The columns of a plan that the table has and the last run left out.
    package func columnsUnread(in plan: ReadPlan) -> [String] {
        Self.columns(of: plan, among: unreadColumns)
    }

    private static func columns(of plan: ReadPlan, among known: [String: String?]) -> [String] {
        let identities = Set(known.values.compactMap { $0 })
        return plan.columns.filter { column in
            if let identity = column.identity, identities.contains(identity) { return true }
            guard let found = known[column.name] else { return false }
            return found == nil || column.identity == nil
        }.map(\.name)
    }
}

/// How one column will be read.
package struct PlannedColumn: Hashable, Sendable {
    package var name: String
    /// The type as the source names it.
    package var sourceType: String
    package var type: DataType
    /// Never null: neither at the source nor by conversion.
    package var isRequired: Bool
    package var policy: ConversionPolicy
    /// The source's comment on the column, or what the reader of the table has to know.
    package var documentation: String?
    /// Why the type was chosen, where it is not plain.
    package var note: String?
    /// Whether the type was chosen from the values and may differ from run to run.
    package var isObserved: Bool
    /// What the source knows the column by whatever its name is; nil where it has no such thing.
    package var identity: String?
    /// What the column's values depend on besides writes to its rows, as the expression of a column
    /// that is computed when it is read; nil where there is no such thing.
    package var definition: String?

    /// Makes a planned column.
    package init(
        name: String,
        sourceType: String,
        type: DataType,
        isRequired: Bool,
        policy: ConversionPolicy,
        documentation: String? = nil,
        note: String? = nil,
        isObserved: Bool = false,
        identity: String? = nil
    ) {
        self.name = name
        self.sourceType = sourceType
        self.type = type
        self.isRequired = isRequired
        self.policy = policy
        self.documentation = documentation
        self.note = note
        self.isObserved = isObserved
        self.identity = identity
    }
}

/// The exact read of one stream: what `plan` prints and what a run does.
package struct ReadPlan: Sendable {
    package var stream: StreamName
    /// The statement that reads the rows; slices of it get a further condition each.
    package var query: String
    package var columns: [PlannedColumn]
    package var primaryKey: [String]
    package var estimatedRowCount: Int64?
    package var estimatedByteCount: Int64?
    /// What the source's own statistics say of the columns, by name; of those they tell of.
    package var statistics: [String: ColumnStatistics] = [:]
    /// How the rows are fetched, in words: by what, in which slices, over how many connections.
    package var access: String
    package var resume: ResumeGuarantee
    /// Whether all rows are read; else only those that are new since the last run.
    package var isFull = true
    /// How an incremental read finds what is new and what it covers, in words; nil where the mode
    /// is a full refresh.
    package var rule: String?
    /// What the meaning of the rows depends on beside the columns above.
    ///
    /// Definitions that change what is read without a write to any row are in it: a read that was
    /// cut off is resumed under the same ones only.
    package var fingerprint = ""
    /// What all values of the stream depend on besides writes to its rows, as the definition of a view;
    /// empty where there is no such thing.
    package var definition = ""
    /// What the source knows the table itself by: another one may be in its place where that is another.
    ///
    /// Nil where it knows nothing, or tells by itself.
    package var identity: String?
    /// The columns by which a merge tells rows apart: the key's, or those that hold its values in the
    /// form the source compares them in.
    package var mergeKey: [String]
    /// What could surprise the reader of the result, one sentence each.
    package var risks: [String]

    /// Makes a plan.
    package init(
        stream: StreamName,
        query: String,
        columns: [PlannedColumn],
        primaryKey: [String],
        estimatedRowCount: Int64?,
        estimatedByteCount: Int64?,
        access: String,
        resume: ResumeGuarantee,
        risks: [String]
    ) {
        self.stream = stream
        self.query = query
        self.columns = columns
        self.primaryKey = primaryKey
        mergeKey = primaryKey
        self.estimatedRowCount = estimatedRowCount
        self.estimatedByteCount = estimatedByteCount
        self.access = access
        self.resume = resume
        self.risks = risks
    }

    /// A digest of all definitions that values of the plan depend on, without those of some columns.
    ///
    /// Empty where only a write to its row changes a value.
    package func definitionDigest(leavingOut names: [String] = []) -> String {
        let left = Set(names)
        return Self.digest(
            definition,
            columns.filter { !left.contains($0.name) }.map { ($0.name, $0.definition) }
        )
    }

    /// The same of definitions that stand in no plan yet: that of the stream and those of its columns.
    package static func digest(
        _ definition: String,
        _ columns: [(name: String, definition: String?)]
    ) -> String {
        var parts = definition.isEmpty ? [] : [definition]
        parts += columns.compactMap { name, definition in definition.map { "\(name) \($0)" } }
        return parts.isEmpty ? "" : TextDigest.of(parts)
    }

    /// The columns as a schema, without field ids.
    package var schema: Schema {
        Schema(
            columns.map {
                Field(
                    name: $0.name,
                    type: $0.type,
                    isRequired: $0.isRequired,
                    documentation: $0.documentation
                )
            }
        )
    }
}
