import Basics
import Daemon
import Definitions
import ObjectStorage

/// Sources: where schedules read.
struct SourceEndpoints: Sendable {
    let node: Node
    private let base = "/api/v1/sources"

    var all: [Endpoint] { documents + questions }

    private var documents: [Endpoint] {
        [
            Endpoint(
                method: .get,
                path: base,
                name: "listSources",
                summary: "All sources, without their secrets.",
                role: .reader,
                answer: "SourceList"
            ) { _ in
                let items = Views.items(try await node.list(SourceDefinition.self)) {
                    Views.source($0, node.access.kinds)
                }
                return .json(.page(items, next: nil))
            },
            Endpoint(
                method: .post,
                path: base,
                name: "createSource",
                summary: "Creates a source. Its address names secrets and holds none.",
                role: .operator,
                body: "SourceDefinition",
                answer: "SourceDefinition",
                status: 201,
                problems: [403, 409, 422],
                isIdempotent: true
            ) { request in
                let stored = try await node.putSource(
                    request.body,
                    replacing: nil,
                    by: request.whoever()
                )
                return answer(stored, status: 201)
            },
            Endpoint(
                method: .get,
                path: "\(base)/{id}",
                name: "getSource",
                summary: "A source, without its secrets.",
                role: .reader,
                answer: "SourceDefinition",
                problems: [404]
            ) { request in
                let stored = try await node.sources.get(request.id())
                return answer(stored)
            },
            Endpoint(
                method: .put,
                path: "\(base)/{id}",
                name: "replaceSource",
                summary: "Replaces a source's definition.",
                role: .operator,
                body: "SourceDefinition",
                answer: "SourceDefinition",
                problems: [403, 404, 412, 422]
            ) { try await replace($0) },
            Endpoint(
                method: .delete,
                path: "\(base)/{id}",
                name: "deleteSource",
                summary: "Deletes a source that no schedule reads.",
                role: .operator,
                status: 204,
                problems: [404, 409, 412]
            ) { request in
                try await node.deleteSource(
                    request.id(),
                    ifMatch: request.expectedTag,
                    by: request.whoever()
                )
                return .done
            },
        ]
    }

    private func answer(
        _ stored: StoredDocument<SourceDefinition>,
        status: Int = 200
    ) -> APIResponse {
        .json(
            Views.source(stored.document, node.access.kinds),
            status: status,
            tag: stored.tag.rawValue
        )
    }

    private func replace(_ request: APIRequest) async throws -> APIResponse {
        let present = try await node.sources.get(request.id())
        if let tag = request.expectedTag, tag != present.tag.rawValue {
            throw DefinitionError(
                .changed,
                "the source was changed since it was read; read it again"
            )
        }
        var fields = try request.fields()
        guard try fields.text("id") ?? present.document.id.rawValue == present.document.id.rawValue
        else { throw Problem(422, "invalid", "a source keeps its id", field: "id") }
        let stored = try await node.putSource(
            request.body,
            replacing: present.tag.rawValue,
            by: request.whoever()
        )
        return answer(stored)
    }

    private var questions: [Endpoint] {
        [
            Endpoint(
                method: .post,
                path: "\(base)/{id}/check",
                name: "checkSource",
                summary: "Connects to a source and tells its version and rights.",
                role: .operator,
                answer: "SourceCheck",
                problems: [403, 404, 422, 424]
            ) { request in
                let id = try request.id()
                _ = try await node.sources.get(id)
                return .json(
                    Views.check(try await node.checkSource(.named(id), by: request.whoever()))
                )
            },
            Endpoint(
                method: .get,
                path: "\(base)/{id}/streams",
                name: "discoverSource",
                summary: "The streams of a source.",
                role: .operator,
                answer: "StreamList",
                problems: [403, 404, 422, 424]
            ) { request in
                let id = try request.id()
                _ = try await node.sources.get(id)
                let streams = try await node.discoverSource(.named(id), by: request.whoever())
                return .json(.page(streams.map(Views.stream), next: nil))
            },
        ]
    }
}
