import Basics
import Daemon
import Definitions
import JSON

/// Secrets, which are never read back, and tokens, which are told once.
struct SecretEndpoints: Sendable {
    let node: Node

    var all: [Endpoint] { secrets + tokens }

    private var secrets: [Endpoint] {
        [
            Endpoint(
                method: .get,
                path: "/api/v1/secrets",
                name: "listSecrets",
                summary: "The names of all secrets.",
                role: .admin,
                answer: "SecretList"
            ) { _ in
                .json(
                    .page(
                        Views.items(try await node.list(SecretDocument.self), Views.secret),
                        next: nil
                    )
                )
            },
            Endpoint(
                method: .put,
                path: "/api/v1/secrets/{id}",
                name: "putSecret",
                summary: "Seals a secret, or another one under the same name.",
                role: .admin,
                body: "SecretValue",
                status: 204,
                problems: [404, 422]
            ) { request in
                var fields = try request.fields()
                let value = Secret(try fields.requiredText("value"))
                let hosts = try fields.texts("hosts") ?? []
                try fields.end()
                try await node.putSecret(request.id(), value, hosts: hosts, by: request.whoever())
                return .done
            },
            Endpoint(
                method: .delete,
                path: "/api/v1/secrets/{id}",
                name: "deleteSecret",
                summary: "Forgets a secret.",
                role: .admin,
                status: 204,
                problems: [404]
            ) { request in
                try await node.deleteSecret(request.id(), by: request.whoever())
                return .done
            },
        ]
    }

    private var tokens: [Endpoint] {
        [
            Endpoint(
                method: .get,
                path: "/api/v1/tokens",
                name: "listTokens",
                summary: "All tokens, without what they are.",
                role: .admin,
                answer: "TokenList"
            ) { _ in
                .json(
                    .page(
                        Views.items(try await node.list(TokenDocument.self), Views.token),
                        next: nil
                    )
                )
            },
            Endpoint(
                method: .post,
                path: "/api/v1/tokens",
                name: "createToken",
                summary: "Makes a token. It is told in this answer and never again.",
                role: .admin,
                body: "NewToken",
                answer: "MadeToken",
                status: 201,
                problems: [409, 422]
            ) { request in
                var fields = try request.fields()
                let id = try DefinitionID(try fields.requiredText("id"))
                guard let role = try fields.choice("role", Role.self) else {
                    throw Problem(422, "invalid", "it is missing", field: "role")
                }
                let end = try fields.instant("expires_at")
                try fields.end()
                let token = try await node.createToken(
                    id,
                    role,
                    expiresAt: end,
                    by: request.whoever()
                )
                let shown = token.reveal { $0 }
                return .json(
                    .object([
                        "id": .string(id.rawValue), "role": .string(role.rawValue),
                        "token": .string(shown),
                    ]),
                    status: 201
                )
            },
            Endpoint(
                method: .delete,
                path: "/api/v1/tokens/{id}",
                name: "deleteToken",
                summary: "Takes a token back; not the one that asks.",
                role: .admin,
                status: 204,
                problems: [404, 409]
            ) { request in
                guard try request.whoever().name != "token:\(request.id())" else {
                    throw Problem(
                        409,
                        "conflict",
                        "a token cannot take back itself; ask with another one"
                    )
                }
                try await node.deleteToken(request.id(), by: request.whoever())
                return .done
            },
        ]
    }
}
