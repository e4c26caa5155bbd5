import Daemon
import Definitions
import JSON
import Metastore
import ObjectStorage
import Streams

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
            hint: "send `Authorization: Bearer <token>`; the first one is in _metastore/admin.token"
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
        switch error {
        case let problem as Problem: self = problem
        case let error as DefinitionError:
            self.init(
                Self.status(error.code),
                error.code.rawValue,
                error.message,
                field: error.field
            )
        case let error as DaemonError:
            let statuses: [DaemonError.Code: Int] = [
                .notReady: 503, .notFound: 404, .conflict: 409, .configuration: 422,
            ]
            self.init(statuses[error.code] ?? 500, error.code.rawValue, error.message)
            if error.code == .notReady { headers["retry-after"] = "1" }
        case let error as SourceError:
            // The server is well; what it depends on is not.
            self.init(424, "source-\(error.code.rawValue)", error.message)
        case let error as MetastoreError where error.code == .keyReused:
            self.init(422, error.code.rawValue, error.message, field: "idempotency-key")
        case let error as MetastoreError where error.code == .busy:
            self.init(503, error.code.rawValue, error.message)
            headers["retry-after"] = "1"
        case let error as StorageError: self.init(storage: error)
        default: return nil
        }
    }

    private init(storage error: StorageError) {
        switch error.code {
        case .full: self.init(507, "full", error.message)
        case .unreachable:
            self.init(503, error.code.rawValue, error.message)
            headers["retry-after"] = "1"
        case .invalid, .notFound, .precondition, .permission, .device:
            self.init(500, "lake", error.message)
        }
    }

    private static func status(_ code: DefinitionError.Code) -> Int {
        switch code {
        case .malformed: 400
        case .invalid, .secret: 422
        case .exists, .damaged: 409
        case .changed: 412
        case .notFound: 404
        case .forbidden: 403
        }
    }

    private static let titles = [
        400: "Bad Request", 401: "Unauthorized", 403: "Forbidden", 404: "Not Found",
        405: "Method Not Allowed", 409: "Conflict", 412: "Precondition Failed",
        413: "Content Too Large", 415: "Unsupported Media Type", 422: "Unprocessable Content",
        424: "Failed Dependency", 429: "Too Many Requests", 500: "Internal Server Error",
        503: "Service Unavailable", 507: "Insufficient Storage",
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
