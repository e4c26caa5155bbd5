import Basics
import Daemon
import Definitions
import FoundationEssentials
import JSON
import Metastore
import Scheduling
import Synchronization

/// Runs: what became of occurrences.
struct RunEndpoints: Sendable {
    let node: Node
    private let base = "/api/v1/runs"

    static let filters: [Endpoint.Parameter] = [
        .limit,
        Endpoint.Parameter(
            name: "before",
            text: "Where a page begins: `next` of the one before.",
            schema: Schemas.integer(1, Int.max)
        ),
        Endpoint.Parameter(
            name: "state",
            text: "Only runs in this state.",
            schema: Schemas.choice(OccurrenceState.self)
        ),
        Endpoint.Parameter(
            name: "origin",
            text: "Only runs that are there for this reason.",
            schema: Schemas.choice(OccurrenceOrigin.self)
        ),
        Endpoint.Parameter(
            name: "since",
            text: "Nominal times from here on.",
            schema: Schemas.instant
        ),
        Endpoint.Parameter(
            name: "until",
            text: "Nominal times before it.",
            schema: Schemas.instant
        ),
        Endpoint.Parameter(name: "dataset", text: "Only runs that load it.", schema: Schemas.text),
    ]

    /// What the query asks for.
    static func filter(_ request: APIRequest) throws -> OccurrenceFilter {
        var filter = OccurrenceFilter()
        filter.limit = try request.limit()
        if try request.text("before") != nil {
            filter.before = Int64(try request.integer("before", 1...Int.max, or: 1))
        }
        filter.states = try request.choice("state", OccurrenceState.self).map { [$0] } ?? []
        filter.origin = try request.choice("origin")
        filter.since = try request.instant("since")
        filter.until = try request.instant("until")
        filter.target = try request.table("dataset")
        return filter
    }

    func list(_ filter: OccurrenceFilter) async throws -> APIResponse {
        let page = try await node.runs(filter)
        return .json(.page(page.items.map { Views.run($0) }, next: page.next))
    }

    var all: [Endpoint] {
        [
            Endpoint(
                method: .get,
                path: base,
                name: "listRuns",
                summary: "Runs of all schedules, the newest first.",
                role: .reader,
                query: Self.filters + [
                    Endpoint.Parameter(
                        name: "schedule",
                        text: "Only runs of it.",
                        schema: Schemas.text
                    )
                ],
                answer: "RunList"
            ) { request in
                var filter = try Self.filter(request)
                filter.scheduleID = try request.text("schedule")
                return try await list(filter)
            },
            Endpoint(
                method: .get,
                path: "\(base)/{id}",
                name: "getRun",
                summary: "A run, with all its attempts.",
                role: .reader,
                answer: "RunWithAttempts",
                problems: [404]
            ) { try await get($0) },
            Endpoint(
                method: .post,
                path: "\(base)/{id}/cancel",
                name: "cancelRun",
                summary: "Stops a run; one that waits ends at once, one that reads soon.",
                role: .operator,
                answer: "Run",
                status: 202,
                problems: [404, 409, 503]
            ) { request in
                let record = try await node.cancelRun(
                    request.parameter("id"),
                    by: request.whoever()
                )
                return .json(Views.run(record), status: 202)
            },
            Endpoint(
                method: .get,
                path: "\(base)/{id}/events",
                name: "watchRun",
                summary: "A run's progress as server-sent events, until it ends.",
                role: .reader,
                answer: "Any",
                problems: [404],
                type: "text/event-stream"
            ) { try await watch($0) },
        ]
    }

    private func get(_ request: APIRequest) async throws -> APIResponse {
        let id = request.parameter("id")
        let record = try await node.run(id)
        let attempts = try await node.attempts(of: id)
        guard case .object(var fields) = Views.run(record, progress: node.progress(of: id)) else {
            throw Problem(500, "internal", "a run is no object")
        }
        fields["attempt_list"] = .array(attempts.map(Views.attempt))
        return .json(.object(fields))
    }

    private func watch(_ request: APIRequest) async throws -> APIResponse {
        let id = request.parameter("id")
        _ = try await node.run(id)
        let hasEnded = Mutex(false)
        let count = Mutex(0)
        return APIResponse(
            status: 200,
            headers: ["cache-control": "no-store"],
            body: .events { [node] in
                let number = count.withLock { count in
                    count += 1
                    return count
                }
                // One that is left open ends with the server, and asks for its token again now and then.
                if hasEnded.withLock({ $0 }) || node.service.isStopping
                    || number > Limits.progressReports
                {
                    return nil
                }
                if number > 1 { try await node.clocks.sleep(Limits.progressInterval) }
                let record = try await node.run(id)
                hasEnded.withLock { $0 = record.state.isEnd }
                let name = record.state.isEnd ? "end" : "progress"
                let data = Views.run(record, progress: node.progress(of: id)).written(.canonical)
                return "event: \(name)\ndata: \(data)\n\n"
            }
        )
    }
}
