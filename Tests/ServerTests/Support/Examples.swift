import Definitions
import JSON

/// How each endpoint is asked in the lake of `Shop`, so that it does what it is there for.
struct Example: Sendable {
    /// The endpoint's name in the OpenAPI document.
    let operation: String
    /// The lowest role that may ask, as docs/api.md says; nil for everybody.
    let role: Role?
    /// `{ended}` and `{held}` stand for the ids of runs.
    let path: String
    let body: JSONValue?

    private init(_ operation: String, _ role: Role?, _ path: String, _ body: JSONObject? = nil) {
        self.operation = operation
        self.role = role
        self.path = path
        self.body = body.map(JSONValue.object)
    }

    /// In an order in which none is in the way of another one.
    static let all = schedules + runs + others + secrets + system

    private static let schedules: [Example] = [
        Example("listSchedules", .reader, "/api/v1/schedules?limit=100"),
        Example("createSchedule", .operator, "/api/v1/schedules", Shop.schedule("more")),
        Example("getSchedule", .reader, "/api/v1/schedules/orders"),
        Example(
            "replaceSchedule",
            .operator,
            "/api/v1/schedules/orders",
            Shop.schedule("orders").merging(["description": "replaced"])
        ),
        Example(
            "patchSchedule",
            .operator,
            "/api/v1/schedules/orders",
            ["description": "patched", "retry": .object(["attempts": .integer(2)])]
        ),
        Example("deleteSchedule", .operator, "/api/v1/schedules/spare"),
        Example("runSchedule", .operator, "/api/v1/schedules/notes/run", ["rows_rule": "restart"]),
        Example("pauseSchedule", .operator, "/api/v1/schedules/notes/pause"),
        Example("resumeSchedule", .operator, "/api/v1/schedules/notes/resume"),
        Example(
            "backfillSchedule",
            .operator,
            "/api/v1/schedules/hourly/backfill",
            ["from": "2025-11-20T08:00:00Z", "to": "2025-11-20T11:00:00Z"]
        ),
        Example("nextTimes", .reader, "/api/v1/schedules/hourly/next?count=3"),
        Example("listRunsOfSchedule", .reader, "/api/v1/schedules/orders/runs"),
    ]

    private static let runs: [Example] = [
        Example("listRuns", .reader, "/api/v1/runs?origin=manual&dataset=shop.orders"),
        Example("getRun", .reader, "/api/v1/runs/{held}"),
        Example("cancelRun", .operator, "/api/v1/runs/{held}/cancel"),
        Example("watchRun", .reader, "/api/v1/runs/{ended}/events"),
    ]

    private static let others: [Example] = [
        Example("listSources", .reader, "/api/v1/sources"),
        Example(
            "createSource",
            .operator,
            "/api/v1/sources",
            ["id": "more", "dsn": "postgres://reader@db.example/shop", "parallel": .integer(2)]
        ),
        Example("getSource", .reader, "/api/v1/sources/shop"),
        Example(
            "replaceSource",
            .operator,
            "/api/v1/sources/spare",
            ["id": "spare", "dsn": "postgres://reader@db.example/other"]
        ),
        Example("deleteSource", .operator, "/api/v1/sources/spare"),
        Example("checkSource", .operator, "/api/v1/sources/shop/check"),
        Example("discoverSource", .operator, "/api/v1/sources/shop/streams"),
        Example("listDatasets", .reader, "/api/v1/datasets"),
        Example("getDataset", .reader, "/api/v1/datasets/shop.orders"),
        Example("listSnapshots", .reader, "/api/v1/datasets/shop.orders/snapshots"),
    ]

    private static let secrets: [Example] = [
        Example(
            "putSecret",
            .admin,
            "/api/v1/secrets/word",
            ["value": .string(TestServer.secret), "hosts": .array(["db.example"])]
        ),
        Example("listSecrets", .admin, "/api/v1/secrets"),
        Example("deleteSecret", .admin, "/api/v1/secrets/word"),
        Example(
            "createToken",
            .admin,
            "/api/v1/tokens",
            ["id": "more", "role": "reader", "expires_at": "2030-01-01T00:00:00Z"]
        ),
        Example("listTokens", .admin, "/api/v1/tokens"),
        Example("deleteToken", .admin, "/api/v1/tokens/more"),
    ]

    private static let system: [Example] = [
        Example("getHealth", nil, "/health"),
        Example("getReadiness", nil, "/ready"),
        Example("getMetrics", .reader, "/metrics"),
        Example("listEvents", .admin, "/api/v1/events"),
        Example("getOpenAPI", .reader, "/api/v1/openapi.json"),
    ]
}

extension TestServer {
    /// The example of each endpoint; the table of examples is held against that of endpoints by a test.
    var examples: [(operation: Operation, example: Example)] {
        Example.all.compactMap { example in
            operations.first { $0.name == example.operation }.map { ($0, example) }
        }
    }
}
