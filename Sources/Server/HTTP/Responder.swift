import FoundationEssentials
import HTTPTypes
import Hummingbird
import HummingbirdCore
import JSON
import NIOCore

/// What is known of a request besides itself: the connection it came on.
struct ConnectionContext: RequestContext {
    var coreContext: CoreRequestContextStorage
    let channel: any Channel

    init(source: Source) {
        coreContext = CoreRequestContextStorage(source: source)
        channel = source.channel
    }
}

/// Turns HTTP requests into ones of the API, and its answers back.
///
/// Who asks is known from the head alone: nothing of a body is read before.
struct Responder: HTTPResponder {
    typealias Context = ConnectionContext

    let api: API
    /// The connections that requests come on; nil where they come on none of ours.
    let connections: Connections?

    func respond(to request: Request, context: ConnectionContext) async throws -> Response {
        let channel = context.channel
        let isSurplus = connections?.begin(on: channel) ?? false
        let expected = Self.bodyByteCount(of: request)
        /// An answer before the body was read is the connection's last.
        func early(_ answer: APIResponse) -> Response {
            response(answer, on: channel, isLast: expected != 0)
        }
        guard let method = APIRequest.Method(rawValue: request.method.rawValue) else {
            return early(api.refuse(method: request.method.rawValue, request.uri.path))
        }
        let admitted: AdmittedRequest
        switch await api.admit(Self.head(method, request)) {
        case .refused(let answer): return early(answer)
        case .admitted(let request): admitted = request
        }
        guard !isSurplus || admitted.isForEverybody else {
            return response(Problem.tooManyConnections.response, on: channel, isLast: true)
        }
        guard expected != 0 else { return await answer(admitted, Data(), on: channel) }
        let most = min(expected ?? .max, Limits.bodyByteCount)
        guard expected ?? 0 <= Limits.bodyByteCount else { return early(Problem.tooLarge.response) }
        guard connections?.reserve(most) ?? true else { return early(Problem.tooBusy.response) }
        defer { connections?.release(most) }
        connections?.limitPhase(of: channel, to: Limits.bodyPatience)
        let body: ByteBuffer
        do {
            body = try await request.body.collect(upTo: Limits.bodyByteCount)
        } catch is NIOTooManyBytesError {
            return early(Problem.tooLarge.response)
        }
        connections?.endLimit(of: channel)
        return await answer(admitted, Data(body.readableBytesView), on: channel)
    }

    private func answer(
        _ admitted: AdmittedRequest,
        _ body: Data,
        on channel: any Channel
    ) async -> Response {
        response(await api.respond(admitted, body: body), on: channel, isLast: false)
    }

    /// The bytes a request says its body has; nil where it has one of unknown length.
    private static func bodyByteCount(of request: Request) -> Int? {
        if request.headers[.transferEncoding] != nil { return nil }
        guard let text = request.headers[.contentLength] else { return 0 }
        // One that is no number is not let through by the decoder; a body that is not told of is none.
        return Int(text) ?? nil
    }

    private static func head(_ method: APIRequest.Method, _ request: Request) -> APIRequest {
        var headers: [String: String] = [:]
        for field in request.headers { headers[field.name.canonicalName] = field.value }
        return APIRequest(
            method,
            request.uri.path,
            query: request.uri.queryParameters.map {
                (name: String($0.key), value: String($0.value))
            },
            headers: headers
        )
    }

    /// The answer as it is sent; behind it the connection waits, or is closed.
    private func response(
        _ answer: APIResponse,
        on channel: any Channel,
        isLast: Bool
    ) -> Response {
        var headers = HTTPFields()
        for (name, value) in answer.headers {
            if let field = HTTPField.Name(name) { headers[field] = value }
        }
        if isLast { headers[.connection] = "close" }
        let body: ResponseBody
        switch answer.body {
        case .none: body = sending(nil, on: channel, isLast: isLast)
        case .json(let value):
            headers[.contentType] = answer.headers["content-type"] ?? "application/json"
            body = sending(ByteBuffer(bytes: value.bytes(.canonical)), on: channel, isLast: isLast)
        case .text(let text, let type):
            headers[.contentType] = type
            body = sending(ByteBuffer(string: text), on: channel, isLast: isLast)
        case .events(let next):
            headers[.contentType] = "text/event-stream"
            body = sendingEvents(next, on: channel)
        }
        return Response(
            status: HTTPResponse.Status(code: answer.status),
            headers: headers,
            body: body
        )
    }

    private func sending(
        _ bytes: ByteBuffer?,
        on channel: any Channel,
        isLast: Bool
    ) -> ResponseBody {
        ResponseBody(contentLength: bytes?.readableBytes ?? 0) { [connections] writer in
            connections?.limitPhase(of: channel, to: Limits.sendPatience)
            if let bytes { try await writer.write(bytes) }
            try await writer.finish(nil)
            if isLast { connections?.leave(channel) } else { connections?.rest(channel) }
        }
    }

    private func sendingEvents(
        _ next: @escaping @Sendable () async throws -> String?,
        on channel: any Channel
    ) -> ResponseBody {
        ResponseBody { [connections] writer in
            connections?.limitPhase(of: channel, to: Limits.eventsPatience)
            while let event = try await next() {
                try await writer.write(ByteBuffer(string: event))
            }
            try await writer.finish(nil)
            connections?.rest(channel)
        }
    }
}
