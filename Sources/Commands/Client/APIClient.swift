import AsyncHTTPClient
import Basics
import Daemon
import Definitions
import FoundationEssentials
import JSON
import NIOCore
import NIOHTTP1
import Server

/// Asks the API: over HTTP, or in this process.
struct APIClient: Sendable {
    private enum Way {
        case local(API)
        case remote(HTTPClient, url: String, token: Secret)
    }

    private let way: Way

    /// Whether it asks in this process, where nothing is scheduled.
    var isLocal: Bool { if case .local = way { true } else { false } }

    /// Makes a client of an API in this process; whoever may open the lake may everything.
    init(local api: API) { way = .local(api) }

    private init(_ way: Way) { self.way = way }

    /// Lends a client of a server.
    static func withRemote(
        _ url: String,
        _ token: Secret,
        _ body: (APIClient) async throws -> Void
    ) async throws {
        let client = HTTPClient(eventLoopGroupProvider: .singleton)
        var base = url
        while base.last == "/" { base.removeLast() }
        do {
            try await body(APIClient(.remote(client, url: base, token: token)))
        } catch {
            try await client.shutdown()
            throw error
        }
        try await client.shutdown()
    }

    /// Sends a request and gives the answer's JSON; null where it has none.
    ///
    /// - Throws: `APIError` for an answer that is a problem.
    @discardableResult
    func send(
        _ method: APIRequest.Method,
        _ path: String,
        query: [(name: String, value: String)] = [],
        headers: [String: String] = [:],
        _ body: JSONValue? = nil
    ) async throws -> JSONValue {
        let bytes = body.map { Data($0.bytes(.canonical)) } ?? Data()
        switch way {
        case .local(let api):
            let request = APIRequest(
                method,
                "/api/v1" + path,
                query: query,
                headers: headers,
                body: bytes
            )
            let response = await api.respond(
                request,
                as: Caller(name: "command line", role: .admin)
            )
            guard case .json(let value) = response.body else { return .null }
            return try Self.checked(value, response.status)
        case .remote(let client, let url, let token):
            var request = HTTPClientRequest(url: url + "/api/v1" + path + Self.text(query))
            request.method = HTTPMethod(rawValue: method.rawValue)
            token.reveal { request.headers.add(name: "authorization", value: "Bearer \($0)") }
            for (name, value) in headers { request.headers.add(name: name, value: value) }
            if body != nil {
                request.headers.add(name: "content-type", value: "application/json")
                request.body = .bytes(ByteBuffer(bytes: bytes))
            }
            let response = try await Self.reaching(url) {
                try await client.execute(request, timeout: .seconds(120))
            }
            let answer = try await response.body.collect(upTo: Limits.answerByteCount)
            guard answer.readableBytes > 0 else {
                return try Self.checked(.null, Int(response.status.code))
            }
            guard
                // What is no JSON is nothing that this API answers.
                let value = try? JSONValue(
                    document: Data(answer.readableBytesView),
                    limit: Limits.answerByteCount
                )
            else {
                throw APIError(
                    .foreign,
                    "what answers at \(url) is no Tributary (status \(response.status.code)); see --server"
                )
            }
            return try Self.checked(value, Int(response.status.code))
        }
    }

    private static func reaching<Answer>(
        _ url: String,
        _ body: () async throws -> Answer
    ) async throws -> Answer {
        do {
            return try await body()
        } catch let error as CancellationError {
            throw error
        } catch {
            throw APIError(.unreachable, "the server at \(url) cannot be reached: \(error)")
        }
    }

    private static func checked(_ value: JSONValue, _ status: Int) throws -> JSONValue {
        guard status >= 400 else { return value }
        let detail = value["detail"]?.string ?? "the server answered with status \(status)"
        let hint = value["hint"]?.string.map { " (\($0))" } ?? ""
        throw APIError(.init(status: status), field: value["field"]?.string, detail + hint)
    }

    private static func text(_ query: [(name: String, value: String)]) -> String {
        guard !query.isEmpty else { return "" }
        let parts = query.map { "\($0.name)=\(escaped($0.value))" }
        return "?" + parts.joined(separator: "&")
    }

    /// A text as a part of a URL.
    static func escaped(_ text: String) -> String { EncodedText(text).raw }
}
