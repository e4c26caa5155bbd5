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
    /// Where the server is.
    var place = "memory"

    var location: SourceLocation {
        SourceLocation(kind: "simulated", place: place, defaultNamespace: nil)
    }

    func check() async throws -> SourceCheck {
        SourceCheck(version: "1", facts: [], warnings: [], streamCount: 1)
    }

    func discover() async throws -> [StreamDescriptor] { [] }

    func plan(_ request: ReadRequest) async throws -> ReadPlan { plan(request, database()) }

    private func plan(_ request: ReadRequest, _ database: SimulatedDatabase) -> ReadPlan {
        let names = ["id", database.isRenamed ? "amount" : "value", "writer"].filter {
            request.columns?.contains($0) ?? true
        }
        var plan = ReadPlan(
            stream: request.stream,
            query: "rows",
            columns: names.map { name in
                PlannedColumn(
                    name: name,
                    sourceType: "bigint",
                    type: .long,
                    isRequired: true,
                    policy: .null,
                    identity: "column \(["id": 0, "writer": 2][name] ?? 1)"
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
            let hasNews = incremental.conflict == .merge && !request.columnsNew(in: plan).isEmpty
            plan.isFull = incremental.since == nil || hasNews
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
            since: plan(request, database).isFull
                ? nil
                : request.incremental?.since?.mark?.facts["oldest"].flatMap { Int64($0) },
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
