import Daemon
import Definitions
import JSON

/// The lake's tables.
struct LakeEndpoints: Sendable {
    let node: Node
    private let base = "/api/v1/datasets"

    var all: [Endpoint] {
        [
            Endpoint(
                method: .get,
                path: base,
                name: "listDatasets",
                summary: "The names of the lake's tables.",
                role: .reader,
                query: [.limit, .after],
                answer: "NameList"
            ) { request in
                let page = try await node.listDatasets(
                    after: try request.text("after"),
                    limit: try request.limit()
                )
                let items = page.items.map { JSONValue.object(["name": .string($0)]) }
                return .json(.page(items, next: page.next))
            },
            Endpoint(
                method: .get,
                path: "\(base)/{name}",
                name: "getDataset",
                summary: "A table: its columns and its newest snapshot.",
                role: .reader,
                answer: "Dataset",
                problems: [404]
            ) { request in
                .json(Views.dataset(try await node.dataset(request.parameter("name"))))
            },
            Endpoint(
                method: .get,
                path: "\(base)/{name}/snapshots",
                name: "listSnapshots",
                summary: "The states of a table, the newest first.",
                role: .reader,
                answer: "SnapshotList",
                problems: [404]
            ) { request in
                let view = try await node.dataset(request.parameter("name"))
                return .json(.page(view.snapshots.map(Views.snapshot), next: nil))
            },
        ]
    }
}
