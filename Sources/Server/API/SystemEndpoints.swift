import Basics
import Daemon
import Definitions
import JSON
import Metastore

/// Health, metrics and the audit log.
struct SystemEndpoints: Sendable {
    let node: Node

    var all: [Endpoint] {
        [
            Endpoint(
                method: .get,
                path: "/health",
                name: "getHealth",
                summary: "Whether the process answers.",
                role: nil,
                answer: "Health"
            ) { _ in .json(.object(["status": "ok"])) },
            Endpoint(
                method: .get,
                path: "/ready",
                name: "getReadiness",
                summary: "Whether it can answer, and schedules or could take over; who leads.",
                role: nil,
                answer: "Readiness",
                problems: [503]
            ) { _ in readiness },
            Endpoint(
                method: .get,
                path: "/metrics",
                name: "getMetrics",
                summary: "Metrics in Prometheus's text format.",
                role: .reader,
                answer: "Any",
                type: Metrics.type
            ) { _ in
                APIResponse(
                    status: 200,
                    body: .text(
                        Metrics.text(node.service.current, now: node.clocks.now()),
                        type: Metrics.type
                    )
                )
            },
            Endpoint(
                method: .get,
                path: "/api/v1/events",
                name: "listEvents",
                summary: "The audit log, the newest first.",
                role: .admin,
                query: [
                    .limit,
                    Endpoint.Parameter(
                        name: "before",
                        text: "Where a page begins: `next` of the one before.",
                        schema: Schemas.integer(1, Int.max)
                    ),
                ],
                answer: "EventList"
            ) { request in
                let limit = try request.limit()
                let before =
                    try request.text("before") == nil
                    ? nil : Int64(try request.integer("before", 1...Int.max, or: 1))
                let found = try await node.metastore.events(before: before, limit: limit + 1)
                let items = found.prefix(limit)
                let next = found.count > limit ? items.last.map { String($0.sequence) } : nil
                return .json(.page(items.map(Views.event), next: next))
            },
        ]
    }

    private var readiness: APIResponse {
        let state = node.service.current
        let isStuck = state.isReady && node.clocks.now() - state.lastTick > Limits.stuck
        guard state.isReady, !isStuck else {
            let why =
                isStuck ? "the scheduler does not go on" : state.lakeObstacle ?? state.obstacle
            var response = APIResponse.json(
                .object([
                    "status": "not ready", "reason": .string(why), "leads": .boolean(state.leads),
                ]),
                status: 503
            )
            response.headers["retry-after"] = "1"
            return response
        }
        return .json(
            .object([
                "status": "ready", "leads": .boolean(state.leads),
                "leader": state.leader.map { .string(Node.words(ofHolder: $0)) },
                // Only the one that leads knows them.
                "schedules": state.leads ? .integer(state.scheduleCount) : nil,
                "quarantined": state.leads ? .integer(state.problems.count) : nil,
            ])
        )
    }
}
