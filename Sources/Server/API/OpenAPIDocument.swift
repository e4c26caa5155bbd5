import Definitions
import JSON
import Streams

/// The OpenAPI 3.1 document of the endpoints.
enum OpenAPIDocument {
    static func make(_ endpoints: [Endpoint], _ kinds: SourceKinds) -> JSONValue {
        var paths: [String: JSONObject] = [:]
        for endpoint in endpoints {
            paths[endpoint.path, default: [:]][endpoint.method.rawValue.lowercased()] =
                operation(endpoint)
        }
        return .object([
            "openapi": "3.1.0",
            "info": .object([
                "title": "Tributary", "version": "1",
                "description": "Schedules, runs, sources, datasets and secrets of a lake.",
            ]),
            "paths": .object(
                JSONObject(paths.sorted { $0.key < $1.key }.map { ($0.key, .object($0.value)) })
            ),
            "components": .object([
                "schemas": .object(Schemas.all(kinds)),
                "securitySchemes": .object([
                    "token": .object(["type": "http", "scheme": "bearer"])
                ]),
            ]),
        ])
    }

    private static func operation(_ endpoint: Endpoint) -> JSONValue {
        var responses: JSONObject = [
            String(endpoint.status): .object([
                "description": .string(endpoint.summary), "content": content(endpoint),
            ])
        ]
        var problems = Set(endpoint.problems)
        problems.formUnion([400, 500])
        // Who asks is looked up in the lake, which may be away.
        if endpoint.role != nil { problems.formUnion([401, 403, 429, 503]) }
        if endpoint.method != .get { problems.insert(507) }
        // What is named may be a document that cannot be used.
        if endpoint.path.contains("{id}") { problems.insert(409) }
        if endpoint.body != nil { problems.formUnion([413, 415]) }
        if endpoint.isIdempotent { problems.formUnion([409, 422]) }
        for status in problems where endpoint.name != "getReadiness" || status != 503 {
            responses[String(status)] = .object([
                "description": "A problem.",
                "content": .object([
                    "application/problem+json": .object(["schema": Schemas.reference("Problem")])
                ]),
            ])
        }
        if endpoint.name == "getReadiness" {
            responses["503"] = .object([
                "description": "It is not ready.", "content": content(endpoint),
            ])
        }
        return .object([
            "operationId": .string(endpoint.name),
            "summary": .string(endpoint.summary),
            "parameters": .array(parameters(endpoint)),
            "requestBody": endpoint.body.map { name in
                .object([
                    "required": .boolean(!endpoint.isBodyOptional),
                    "content": .object([
                        "application/json": .object(["schema": Schemas.reference(name)])
                    ]),
                ])
            },
            "responses": .object(responses),
            "security": .array(endpoint.role == nil ? [] : [.object(["token": .array([])])]),
            "description": endpoint.role.map { .string("Takes the role `\($0.rawValue)`.") },
        ])
    }

    private static func content(_ endpoint: Endpoint) -> JSONValue? {
        endpoint.answer.map { name in
            let schema = endpoint.type == nil ? Schemas.reference(name) : Schemas.text
            let type = endpoint.type.map { String($0.prefix { $0 != ";" }) } ?? "application/json"
            return .object([type: .object(["schema": schema])])
        }
    }

    private static func parameters(_ endpoint: Endpoint) -> [JSONValue] {
        var found: [JSONValue] = endpoint.segments.filter { $0.first == "{" }.map { segment in
            .object([
                "name": .string(String(segment.dropFirst().dropLast())), "in": "path",
                "required": .boolean(true), "schema": Schemas.text,
            ])
        }
        found += endpoint.query.map { parameter in
            .object([
                "name": .string(parameter.name), "in": "query", "required": .boolean(false),
                "description": .string(parameter.text), "schema": parameter.schema,
            ])
        }
        if endpoint.isIdempotent {
            found.append(
                .object([
                    "name": "Idempotency-Key", "in": "header", "required": .boolean(false),
                    "description": "The same key and request get the same answer, for a day.",
                    "schema": .object([
                        "type": "string", "minLength": .integer(1),
                        "maxLength": .integer(Limits.idempotencyKeyLength),
                        "pattern": "^[A-Za-z0-9._-]+$",
                    ]),
                ])
            )
        }
        return found
    }
}
