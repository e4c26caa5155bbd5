import Basics
import JSON

/// What is wrong with a request, as RFC 9457 has it.
struct Problem: Error, Sendable {
    var status: Int
    /// The class of the problem: the last part of its type.
    var code: String
    var detail: String
    /// The field at fault.
    var field: String?
    /// What to do.
    var hint: String?
    var headers: [String: String] = [:]

    init(
        _ status: Int,
        _ code: String,
        _ detail: String,
        field: String? = nil,
        hint: String? = nil
    ) {
        self.status = status
        self.code = code
        self.detail = detail
        self.field = field
        self.hint = hint
    }

    static var unauthorized: Problem {
        var problem = Problem(
            401,
            "unauthorized",
            "a token is needed that is good",
            hint: "send `Authorization: Bearer <token>`; the first one is in admin.token of the "
                + "server's state folder, which is _metastore in the lake unless another one is named"
        )
        problem.headers["www-authenticate"] = "Bearer realm=\"tributary\""
        return problem
    }

    static var tooLarge: Problem {
        Problem(413, "too-large", "a request has at most \(Limits.bodyByteCount) bytes")
    }

    static var tooManyConnections: Problem {
        busy("too many connections are open; close some, or try again in a moment")
    }

    static var tooBusy: Problem { busy("too many requests are being read; try again in a moment") }

    private static func busy(_ detail: String) -> Problem {
        var problem = Problem(503, "busy", detail)
        problem.headers["retry-after"] = "1"
        return problem
    }

    /// The problem of an error; nil for one that nobody could have foreseen.
    init?(_ error: any Error) {
        if let problem = error as? Problem {
            self = problem
            return
        }
        guard let failure = error as? any Failure else { return nil }
        self.init(of: failure)
    }

    private init?(of failure: some Failure) {
        guard let status = Self.status(of: failure) else { return nil }
        self.init(status, Self.code(of: failure), failure.message, field: failure.field)
        if status == 503 { headers["retry-after"] = "1" }
    }

    private static func code(of failure: some Failure) -> String {
        let code = failure.code.rawValue
        return switch failure.domain {
        case .source: "source-\(code)"
        // What is wrong there is for its operator: the word tells where to look.
        case .lake: ["full", "throttled", "unreachable"].contains(code) ? code : "lake"
        case .request, .run, .service: code
        }
    }

    /// Statuses that say more than the class of a failure does, by its domain and code.
    private static let statuses: [FailureDomain: [String: Int]] = [
        .request: [
            "malformed": 400, "forbidden": 403, "not-found": 404, "exists": 409, "damaged": 409,
            "changed": 412,
        ],
        .lake: ["full": 507],
        .service: ["key-reused": 422],
    ]

    private static func status(of failure: some Failure) -> Int? {
        if let status = statuses[failure.domain]?[failure.code.rawValue] { return status }
        switch (failure.domain, failure.failureClass) {
        case (_, .internal): return nil
        // The server is well; what it depends on is not.
        case (.source, _): return 424
        case (_, .lake), (_, .cancelled), (.request, .transient), (.run, .transient),
            (.service, .transient), (.service, .contention):
            return 503
        case (.lake, _), (.service, _): return 500
        case (_, .contention): return 409
        case (_, .configuration), (_, .data): return 422
        case (_, .timeout): return 504
        }
    }

    private static let titles = [
        400: "Bad Request", 401: "Unauthorized", 403: "Forbidden", 404: "Not Found",
        405: "Method Not Allowed", 409: "Conflict", 412: "Precondition Failed",
        413: "Content Too Large", 415: "Unsupported Media Type", 422: "Unprocessable Content",
        424: "Failed Dependency", 429: "Too Many Requests", 500: "Internal Server Error",
        503: "Service Unavailable", 504: "Gateway Timeout", 507: "Insufficient Storage",
    ]

    var response: APIResponse {
        var response = APIResponse(
            status: status,
            headers: headers,
            body: .json(
                .object([
                    "type": .string("urn:tributary:problem:\(code)"),
                    "title": .string(Self.titles[status] ?? "Error"),
                    "status": .integer(status),
                    "detail": .string(detail),
                    "field": field.map(JSONValue.string),
                    "hint": hint.map(JSONValue.string),
                ])
            )
        )
        response.headers["content-type"] = "application/problem+json"
        return response
    }
}
