package import Basics
package import Daemon
import Definitions
import Foundation
import JSON
import Logging
import Metastore
import Synchronization

/// The API: matches requests with endpoints, lets in who may, and turns errors into problems.
package final class API: Sendable {
    let node: Node
    private let endpoints: [Endpoint]
    private let spelling: @Sendable (Remedy) -> String
    private let limiter = RateLimiter()
    /// Idempotency keys whose first request is being answered.
    private let inFlight = Mutex<Set<String>>([])

    /// Makes the API of a node.
    ///
    /// - Parameters:
    ///   - node: What is asked.
    ///   - spelling: How answers name what somebody can set; by default as fields.
    package init(
        _ node: Node,
        spelling: @escaping @Sendable (Remedy) -> String = { $0.quoted }
    ) {
        self.node = node
        self.spelling = spelling
        var endpoints = ScheduleEndpoints(node: node).all
        endpoints += RunEndpoints(node: node).all
        endpoints += SourceEndpoints(node: node).all
        endpoints += LakeEndpoints(node: node).all
        endpoints += SecretEndpoints(node: node).all
        endpoints += SystemEndpoints(node: node).all
        // Made once: it has some 50 KB. It describes itself too.
        let document = String(
            decoding: OpenAPIDocument.make(endpoints + [Self.description("")], node.access.kinds)
                .bytes(.canonical),
            as: UTF8.self
        )
        self.endpoints = endpoints + [Self.description(document)]
    }

    /// The endpoint that answers with the OpenAPI document.
    private static func description(_ document: String) -> Endpoint {
        Endpoint(
            method: .get,
            path: "/api/v1/openapi.json",
            name: "getOpenAPI",
            summary: "This document.",
            role: .reader,
            answer: "Any",
            handler: { _ in
                APIResponse(status: 200, body: .text(document, type: "application/json"))
            }
        )
    }

    /// Answers a request.
    ///
    /// - Parameters:
    ///   - request: What is asked.
    ///   - caller: Who asks, where that is known from elsewhere than a token.
    /// - Returns: The answer; errors are answers too.
    package func respond(_ request: APIRequest, as caller: Caller? = nil) async -> APIResponse {
        switch await admit(request, as: caller) {
        case .refused(let answer): answer
        case .admitted(let admitted): await respond(admitted, body: request.body)
        }
    }

    /// Looks at a request's head: whether it may be answered, before anything of its body is read.
    func admit(_ request: APIRequest, as caller: Caller? = nil) async -> Admission {
        do {
            var request = request
            let endpoint = try find(&request)
            request.caller = try await admit(request, endpoint, as: caller)
            for item in request.query
            where !endpoint.query.contains(where: { $0.name == item.name }) {
                throw Problem(400, "invalid", "there is no such parameter", field: item.name)
            }
            try checkType(request, endpoint)
            return .admitted(AdmittedRequest(endpoint: endpoint, request: request))
        } catch {
            return .refused(noted(problem(of: error, request), request))
        }
    }

    /// Answers a request that was let in.
    func respond(_ admitted: AdmittedRequest, body: Data) async -> APIResponse {
        var request = admitted.request
        request.body = body
        do {
            return noted(try await answer(request, admitted.endpoint), request)
        } catch {
            return noted(problem(of: error, request), request)
        }
    }

    private func answer(
        _ request: APIRequest,
        _ endpoint: Endpoint
    ) async throws -> APIResponse {
        try checkBody(request, endpoint)
        guard endpoint.isIdempotent, let key = request.headers["idempotency-key"] else {
            return try await endpoint.handler(request)
        }
        return try await once(key, request, endpoint)
    }

    private func noted(_ response: APIResponse, _ request: APIRequest) -> APIResponse {
        node.log.debug(
            "request",
            metadata: [
                "method": "\(request.method.rawValue)", "path": "\(request.path)",
                "status": "\(response.status)",
            ]
        )
        return response
    }

    private func problem(of error: any Error, _ request: APIRequest) -> APIResponse {
        var problem =
            Problem(error)
            ?? Problem(500, "internal", "the server could not do it; its log says why")
        problem.detail = Remedy.spelled(problem.detail, spelling)
        guard problem.status == 500 else { return problem.response }
        // What is no fault of who asked is for the operator to see.
        node.log.error(
            "a request failed",
            metadata: [
                "method": "\(request.method.rawValue)", "path": "\(request.path)",
                "error": "\(error)",
            ]
        )
        return problem.response
    }

    /// The endpoint of a path, with the path's parameters in the request.
    private func find(_ request: inout APIRequest) throws -> Endpoint {
        let parts = request.path.split(separator: "/", omittingEmptySubsequences: true)
            .map { String($0).removingPercentEncoding ?? "" }
        var allowed: Set<String> = []
        for endpoint in endpoints {
            guard let parameters = endpoint.match(parts) else { continue }
            guard endpoint.method == request.method else {
                allowed.insert(endpoint.method.rawValue)
                continue
            }
            request.parameters = parameters
            return endpoint
        }
        guard !allowed.isEmpty else {
            throw Problem(404, "not-found", "there is nothing at this path")
        }
        throw Self.methodProblem(allowed)
    }

    private static func methodProblem(_ allowed: Set<String>) -> Problem {
        var problem = Problem(
            405,
            "method",
            "this path takes \(allowed.sorted().joined(separator: ", "))"
        )
        problem.headers["allow"] = allowed.sorted().joined(separator: ", ")
        return problem
    }

    /// The answer to a method that no endpoint has.
    package func refuse(method: String, _ path: String) -> APIResponse {
        let parts = path.split(separator: "/").map(String.init)
        let allowed = endpoints.filter { $0.match(parts) != nil }.map(\.method.rawValue)
        guard !allowed.isEmpty else {
            return Problem(404, "not-found", "there is nothing at this path").response
        }
        return Self.methodProblem(Set(allowed)).response
    }

    private func admit(
        _ request: APIRequest,
        _ endpoint: Endpoint,
        as known: Caller?
    ) async throws -> Caller? {
        var caller = known
        if caller == nil, let header = request.headers["authorization"] {
            let parts = header.split(separator: " ", maxSplits: 1)
            if parts.count == 2, parts[0].lowercased() == "bearer" {
                caller = try await node.caller(with: Secret(String(parts[1])))
            }
        }
        guard let role = endpoint.role else { return caller }
        guard let caller else {
            try limiter.admit("", at: node.clocks.uptime().sinceBoot)
            throw Problem.unauthorized
        }
        if known == nil { try limiter.admit(caller.name, at: node.clocks.uptime().sinceBoot) }
        guard caller.role >= role else {
            throw Problem(
                403,
                "forbidden",
                "this takes the role \(role.rawValue); the token has the role \(caller.role.rawValue)"
            )
        }
        return caller
    }

    /// Whether a body is what the endpoint takes; one that takes none has fields to refuse.
    private func checkBody(_ request: APIRequest, _ endpoint: Endpoint) throws {
        guard endpoint.body == nil, !request.body.isEmpty else { return }
        try request.fields().end()
    }

    private func checkType(_ request: APIRequest, _ endpoint: Endpoint) throws {
        guard endpoint.body != nil else { return }
        let type = request.headers["content-type"]?.prefix { $0 != ";" }.lowercased()
        let types = ["application/json", "application/merge-patch+json"]
        guard type.map({ types.contains($0.trimming()) }) ?? true else {
            throw Problem(415, "media-type", "the body is application/json")
        }
    }

    /// Gives the answer of before to a key that was used before.
    private func once(
        _ key: String,
        _ request: APIRequest,
        _ endpoint: Endpoint
    ) async throws -> APIResponse {
        guard (1...Limits.idempotencyKeyLength).contains(key.utf8.count) else {
            throw Problem(
                400,
                "invalid",
                "it has 1 to \(Limits.idempotencyKeyLength) bytes",
                field: "idempotency-key"
            )
        }
        let name = try request.whoever().name + "\n" + key
        let asked =
            "\(request.method.rawValue) \(request.path) \(request.body.base64EncodedString())"
        guard inFlight.withLock({ $0.insert(name).inserted }) else {
            throw Problem(409, "in-flight", "the same request is being answered at this moment")
        }
        defer { inFlight.withLock { _ = $0.remove(name) } }
        if let known = try await node.metastore.answer(to: name, request: asked) {
            let body = try JSONValue(document: Data(known.body.utf8), limit: .max)
            return APIResponse(
                status: known.status,
                headers: ["idempotency-replayed": "true"],
                body: .json(body)
            )
        }
        let response = try await endpoint.handler(request)
        if case .json(let value) = response.body {
            try await node.metastore.remember(
                RememberedAnswer(
                    status: response.status,
                    body: String(decoding: value.bytes(.canonical), as: UTF8.self)
                ),
                to: name,
                request: asked,
                at: node.clocks.now()
            )
        }
        return response
    }
}

extension StringProtocol {
    /// The text without blanks around it.
    fileprivate func trimming() -> String {
        var text = self[...]
        while let first = text.first, first.isWhitespace { text = text.dropFirst() }
        while let last = text.last, last.isWhitespace { text = text.dropLast() }
        return String(text)
    }
}

/// Counts requests of each caller: a bucket that fills at a steady rate.
final class RateLimiter: Sendable {
    private struct Bucket {
        var tokens: Double
        var at: Duration
    }

    private let buckets = Mutex<[String: Bucket]>([:])

    /// Takes one request out of a caller's bucket.
    ///
    /// - Throws: `Problem` 429 where there is none left.
    func admit(_ caller: String, at now: Duration) throws {
        let isAdmitted = buckets.withLock { buckets in
            if buckets.count >= Limits.callers { buckets.removeAll() }
            var bucket = buckets[caller] ?? Bucket(tokens: Limits.requests.burst, at: now)
            let filled = (now - bucket.at).seconds * Limits.requests.perSecond
            bucket.tokens = min(Limits.requests.burst, bucket.tokens + filled)
            bucket.at = now
            defer { buckets[caller] = bucket }
            guard bucket.tokens >= 1 else { return false }
            bucket.tokens -= 1
            return true
        }
        guard isAdmitted else {
            var problem = Problem(429, "too-many-requests", "too many requests; wait a moment")
            problem.headers["retry-after"] = "1"
            throw problem
        }
    }
}
