package import Definitions
import FoundationEssentials
import HTTPTypes
import Hummingbird
import HummingbirdCore
package import Logging
import NIOCore
import ServiceLifecycle

/// The API over HTTP, until the program is told to stop.
package struct HTTPService: Service {
    private let api: API
    private let host: String
    private let port: Int
    private let log: Logger
    private let started: @Sendable (Int) async -> Void

    /// Makes a server.
    ///
    /// - Parameters:
    ///   - api: What answers.
    ///   - host: The address to listen at.
    ///   - port: The port; 0 for a free one.
    ///   - log: Where it says what it does.
    ///   - started: Told the port when it is open.
    package init(
        _ api: API,
        host: String,
        port: Int,
        log: Logger,
        started: @escaping @Sendable (Int) async -> Void
    ) {
        self.api = api
        self.host = host
        self.port = port
        self.log = log
        self.started = started
    }

    /// Answers until the program is told to stop.
    package func run() async throws {
        let application = Application(
            responder: Responder(api: api),
            server: .http1(
                configuration: HTTP1Channel.Configuration(idleTimeout: .seconds(Limits.idleSeconds))
            ),
            configuration: ApplicationConfiguration(
                address: .hostname(host, port: port),
                serverName: "tributary",
                availableConnectionsDelegate: .maximum(Limits.connections, logger: log)
            ),
            onServerRunning: { [started] channel in
                await started(channel.localAddress?.port ?? 0)
            },
            logger: log
        )
        try await application.run()
    }
}

/// Turns HTTP requests into ones of the API, and its answers back.
private struct Responder: HTTPResponder {
    typealias Context = BasicRequestContext

    let api: API

    func respond(to request: Request, context: BasicRequestContext) async throws -> Response {
        guard let method = APIRequest.Method(rawValue: request.method.rawValue) else {
            return response(api.refuse(method: request.method.rawValue, request.uri.path))
        }
        let body: ByteBuffer
        do {
            body = try await request.body.collect(upTo: Limits.bodyByteCount)
        } catch is NIOTooManyBytesError {
            let problem = Problem(
                413,
                "too-large",
                "a request has at most \(Limits.bodyByteCount) bytes"
            )
            return response(problem.response)
        }
        var headers: [String: String] = [:]
        for field in request.headers {
            headers[field.name.canonicalName] = field.value
        }
        let query = request.uri.queryParameters.map { (String($0.key), String($0.value)) }
        let asked = APIRequest(
            method,
            request.uri.path,
            query: query.map { (name: $0.0, value: $0.1) },
            headers: headers,
            body: Data(body.readableBytesView)
        )
        return response(await api.respond(asked))
    }

    private func response(_ answer: APIResponse) -> Response {
        var headers = HTTPFields()
        for (name, value) in answer.headers {
            if let field = HTTPField.Name(name) { headers[field] = value }
        }
        let body: ResponseBody
        switch answer.body {
        case .none: body = ResponseBody()
        case .json(let value):
            headers[.contentType] = answer.headers["content-type"] ?? "application/json"
            body = ResponseBody(byteBuffer: ByteBuffer(bytes: JSONText.bytes(value)))
        case .text(let text, let type):
            headers[.contentType] = type
            body = ResponseBody(byteBuffer: ByteBuffer(string: text))
        case .events(let next):
            headers[.contentType] = "text/event-stream"
            body = ResponseBody { writer in
                while let event = try await next() {
                    try await writer.write(ByteBuffer(string: event))
                }
                try await writer.finish(nil)
            }
        }
        return Response(
            status: HTTPResponse.Status(code: answer.status),
            headers: headers,
            body: body
        )
    }
}

/// JSON as it is sent.
package enum JSONText {
    /// The bytes of a value, its fields in the order of their names.
    package static func bytes(_ value: JSONValue) -> [UInt8] {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        // Nothing of a JSON value cannot be written, but a number that is none.
        return [UInt8]((try? encoder.encode(value)) ?? Data("null".utf8))
    }
}
