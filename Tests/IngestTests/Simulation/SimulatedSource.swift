import Columnar
import Streams

/// A server with one table, as one attempt sees it.
struct SimulatedSource: Source {
    /// How the table is read, and what is known of rows that were read before.
    enum Manner: CaseIterable, Sendable {
        /// Page by page; pages are proven unchanged by who wrote their rows.
        case pages
        /// Row by row; where nobody wrote anything since, all is unchanged.
        case rows
        /// By key; nothing can be proven of rows that were read before.
        case keys
        /// In one piece, from the beginning each time.
        case whole
    }

    /// What an attempt read, for the checks.
    struct Reading: Sendable {
        var snapshot: SimulatedDatabase.Snapshot
        var rows: [SimulatedDatabase.Row]
        /// The oldest transaction the last run may not have seen; nil when everything is read.
        var since: Int64?
        var conflict: ConflictRule?
    }

    let database: @Sendable () -> SimulatedDatabase
    let attempt: SimulatedAttempt
    let manner: Manner
    let laneCount: Int
    /// Rows of a batch, and pages of a slice.
    let pieceCount: Int
    let note: @Sendable (Reading) -> Void

    let location = SourceLocation(kind: "simulated", place: "memory", defaultNamespace: nil)

    func check() async throws -> SourceCheck {
        SourceCheck(version: "1", facts: [], warnings: [], streamCount: 1)
    }

    func discover() async throws -> [StreamDescriptor] { [] }

    func plan(_ request: ReadRequest) async throws -> ReadPlan { plan(request, database()) }

    private func plan(_ request: ReadRequest, _ database: SimulatedDatabase) -> ReadPlan {
        let names = ["id", database.isRenamed ? "amount" : "value", "writer"]
        var plan = ReadPlan(
            stream: request.stream,
            query: "rows",
            columns: names.enumerated().map { index, name in
                PlannedColumn(
                    name: name,
                    sourceType: "bigint",
                    type: .long,
                    isRequired: true,
                    policy: .null,
                    identity: "column \(index)"
                )
            },
            primaryKey: ["id"],
            estimatedRowCount: nil,
            estimatedByteCount: nil,
            access: "from memory",
            resume: .none,
            risks: []
        )
        plan.fingerprint = "definition \(database.definition)"
        if let incremental = request.incremental {
            plan.isFull = incremental.since == nil
            plan.rule = plan.isFull ? "everything, then by transactions" : "by transactions"
        }
        return plan
    }

    func read<Result: Sendable>(
        _ request: ReadRequest,
        _ body: (any StreamReader) async throws -> Result
    ) async throws -> Result {
        try await attempt.asking("connect")
        let database = database()
        let reading = Reading(
            snapshot: database.snapshot,
            rows: database.versions.filter { database.snapshot.sees($0) }.map(\.row),
            since: request.incremental?.since?.mark?.facts["oldest"].flatMap { Int64($0) },
            conflict: request.incremental?.conflict
        )
        note(reading)
        let reader = SimulatedReader(
            plan: plan(request, database),
            source: self,
            database: database,
            reading: reading,
            incremental: request.incremental
        )
        return try await body(reader)
    }
}
