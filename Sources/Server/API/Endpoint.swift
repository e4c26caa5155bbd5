import Definitions
import JSON

/// What became of a request's head.
enum Admission: Sendable {
    case refused(APIResponse)
    case admitted(AdmittedRequest)
}

/// A request that may be answered: where it goes, and who asks.
struct AdmittedRequest: Sendable {
    let endpoint: Endpoint
    let request: APIRequest

    /// Whether nobody has to be known for it.
    var isForEverybody: Bool { endpoint.role == nil }
}

/// One thing the API can be asked: what it takes, what it gives, who may ask, and what answers.
///
/// The OpenAPI document is made of the same table that requests are matched with, so that it cannot say
/// anything else.
struct Endpoint: Sendable {
    /// A value of the query.
    struct Parameter: Sendable {
        var name: String
        var text: String
        var schema: JSONValue
    }

    let method: APIRequest.Method
    /// The path, with names of its parts in braces.
    let path: String
    let name: String
    let summary: String
    /// Who may ask; nil for everybody.
    let role: Role?
    var query: [Parameter] = []
    /// The name of the body's schema; nil where there is none.
    var body: String?
    /// Whether a request may come without it.
    var isBodyOptional = false
    /// The name of the answer's schema; nil where it is empty.
    var answer: String?
    var status = 200
    /// Other statuses than those any endpoint may have.
    var problems: [Int] = []
    /// Whether the same idempotency key gets the same answer.
    var isIdempotent = false
    /// The answer's type where it is not JSON.
    var type: String?
    let handler: @Sendable (APIRequest) async throws -> APIResponse

    /// The parts of the path.
    var segments: [Substring] { path.split(separator: "/") }

    /// The named parts of a path that is this endpoint's; nil for another one's.
    func match(_ parts: [String]) -> [String: String]? {
        let own = segments
        guard own.count == parts.count else { return nil }
        var found: [String: String] = [:]
        for (pattern, part) in zip(own, parts) {
            if pattern.first == "{" {
                found[String(pattern.dropFirst().dropLast())] = part
            } else if pattern != part[...] {
                return nil
            }
        }
        return found
    }
}
