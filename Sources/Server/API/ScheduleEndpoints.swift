import Basics
import Daemon
import Definitions
import JSON
import Metastore
import Scheduling

/// Schedules: what is defined, and what can be done with it.
struct ScheduleEndpoints: Sendable {
    let node: Node
    private let base = "/api/v1/schedules"

    var all: [Endpoint] { documents + actions + times }

    private var documents: [Endpoint] {
        [
            Endpoint(
                method: .get,
                path: base,
                name: "listSchedules",
                summary:
                    "Schedules in the order of their ids; ones that cannot be used are marked.",
                role: .reader,
                query: [.limit, .after],
                answer: "ScheduleList"
            ) { try await list($0) },
            Endpoint(
                method: .post,
                path: base,
                name: "createSchedule",
                summary: "Creates a schedule. It is due at once, unless `start` is `next`.",
                role: .operator,
                body: "ScheduleDefinition",
                answer: "Schedule",
                status: 201,
                problems: [403, 409, 422],
                isIdempotent: true
            ) { request in
                let view = try await node.createSchedule(request.body, by: request.whoever())
                var response = answer(view, status: 201)
                response.headers["location"] = "\(base)/\(view.definition.id)"
                return response
            },
            Endpoint(
                method: .get,
                path: "\(base)/{id}",
                name: "getSchedule",
                summary: "A schedule's definition and where it stands.",
                role: .reader,
                answer: "Schedule",
                problems: [400, 404, 422]
            ) { request in
                let view = try await node.schedule(request.id())
                return answer(view)
            },
            Endpoint(
                method: .put,
                path: "\(base)/{id}",
                name: "replaceSchedule",
                summary:
                    "Replaces a schedule's definition; `If-Match` guards against lost edits.",
                role: .operator,
                body: "ScheduleDefinition",
                answer: "Schedule",
                problems: [403, 404, 412, 422]
            ) { request in
                let view = try await node.replaceSchedule(
                    request.id(),
                    with: request.body,
                    ifMatch: request.expectedTag,
                    by: request.whoever()
                )
                return answer(view)
            },
            Endpoint(
                method: .patch,
                path: "\(base)/{id}",
                name: "patchSchedule",
                summary: "Changes fields of a schedule's definition (RFC 7396).",
                role: .operator,
                body: "Patch",
                answer: "Schedule",
                problems: [403, 404, 412, 422]
            ) { request in
                let view = try await node.patchSchedule(
                    request.id(),
                    with: request.body,
                    ifMatch: request.expectedTag,
                    by: request.whoever()
                )
                return answer(view)
            },
            Endpoint(
                method: .delete,
                path: "\(base)/{id}",
                name: "deleteSchedule",
                summary: "Deletes a schedule; its run is stopped, its table stays.",
                role: .operator,
                status: 204,
                problems: [404, 412]
            ) { request in
                try await node.deleteSchedule(
                    request.id(),
                    ifMatch: request.expectedTag,
                    by: request.whoever()
                )
                return .done
            },
        ]
    }

    private func answer(_ view: ScheduleView, status: Int = 200) -> APIResponse {
        .json(Views.schedule(view, node.access.kinds), status: status, tag: view.tag)
    }

    private func list(_ request: APIRequest) async throws -> APIResponse {
        let page = try await node.listSchedules(
            after: try request.text("after"),
            limit: try request.limit()
        )
        let items: [JSONValue] = page.items.map { item in
            switch item {
            case .success(let view): Views.schedule(view, node.access.kinds)
            case .failure(let error):
                .object([
                    "id": .string(error.id), "problem": .string(error.problem),
                    "status": .object(["state": "quarantined"]),
                ])
            }
        }
        return .json(.page(items, next: page.next))
    }

    private var actions: [Endpoint] {
        [
            Endpoint(
                method: .post,
                path: "\(base)/{id}/run",
                name: "runSchedule",
                summary: "Runs a schedule now, also one that is paused.",
                role: .operator,
                body: "RunOptions",
                isBodyOptional: true,
                answer: "Run",
                status: 202,
                problems: [404, 409, 503],
                isIdempotent: true
            ) { request in
                var rows: RowsRule?
                if !request.body.isEmpty {
                    var fields = try request.fields()
                    rows = try fields.choice("rows_rule")
                    try fields.end()
                }
                let record = try await node.runSchedule(
                    request.id(),
                    rows: rows,
                    by: request.whoever()
                )
                var response = APIResponse.json(Views.run(record), status: 202)
                response.headers["location"] = "/api/v1/runs/\(record.occurrence.id)"
                return response
            },
            Endpoint(
                method: .post,
                path: "\(base)/{id}/pause",
                name: "pauseSchedule",
                summary: "Pauses a schedule: nothing of it is due until it is resumed.",
                role: .operator,
                answer: "Schedule",
                problems: [404, 412]
            ) { request in
                let view = try await node.pauseSchedule(request.id(), by: request.whoever())
                return answer(view)
            },
            Endpoint(
                method: .post,
                path: "\(base)/{id}/resume",
                name: "resumeSchedule",
                summary: "Resumes a schedule, whoever or whatever paused it.",
                role: .operator,
                answer: "Schedule",
                problems: [404, 412, 503]
            ) { request in
                let view = try await node.resumeSchedule(request.id(), by: request.whoever())
                return answer(view)
            },
            Endpoint(
                method: .post,
                path: "\(base)/{id}/backfill",
                name: "backfillSchedule",
                summary: "Runs a schedule for the times of a range, behind everything else.",
                role: .operator,
                body: "Range",
                answer: "RunIDs",
                status: 202,
                problems: [404, 409, 422, 503],
                isIdempotent: true
            ) { try await backfill($0) },
        ]
    }

    private func backfill(_ request: APIRequest) async throws -> APIResponse {
        var fields = try request.fields()
        let (start, end) = (try fields.instant("from"), try fields.instant("to"))
        guard let start, let end else {
            throw Problem(422, "invalid", "it is missing", field: start == nil ? "from" : "to")
        }
        try fields.end()
        let ids = try await node.backfillSchedule(
            request.id(),
            from: start,
            until: end,
            by: request.whoever()
        )
        return .json(.object(["runs": .array(ids.map(JSONValue.string))]), status: 202)
    }

    private var times: [Endpoint] {
        [
            Endpoint(
                method: .get,
                path: "\(base)/{id}/next",
                name: "nextTimes",
                summary: "When a schedule is next due by the clock, and what may surprise.",
                role: .reader,
                query: [
                    Endpoint.Parameter(
                        name: "count",
                        text: "How many times.",
                        schema: Schemas.integer(1, Limits.nextTimes)
                    )
                ],
                answer: "NextTimes",
                problems: [404]
            ) { request in
                let count = try request.integer("count", 1...Limits.nextTimes, or: 10)
                return .json(Views.preview(try await node.nextTimes(request.id(), count: count)))
            },
            Endpoint(
                method: .get,
                path: "\(base)/{id}/runs",
                name: "listRunsOfSchedule",
                summary: "What became of a schedule's occurrences, the newest first.",
                role: .reader,
                query: RunEndpoints.filters,
                answer: "RunList",
                problems: [404]
            ) { request in
                let id = try request.id()
                _ = try await node.schedules.get(id)
                var filter = try RunEndpoints.filter(request)
                filter.scheduleID = id.rawValue
                return try await RunEndpoints(node: node).list(filter)
            },
        ]
    }
}

extension Endpoint.Parameter {
    static let limit = Endpoint.Parameter(
        name: "limit",
        text: "Items of a page.",
        schema: Schemas.integer(1, Limits.page.most)
    )
    static let after = Endpoint.Parameter(
        name: "after",
        text: "Where a page begins: `next` of the one before.",
        schema: Schemas.text
    )
}

extension APIRequest {
    /// How many items a page has.
    func limit() throws -> Int {
        try integer("limit", 1...Limits.page.most, or: Limits.page.usual)
    }
}
