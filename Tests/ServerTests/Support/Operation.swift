import Definitions
import JSON

/// An endpoint as the OpenAPI document tells it, which is made of the table that requests are matched with.
struct Operation: Sendable {
    let name: String
    /// In capitals.
    let method: String
    /// With names of its parts in braces.
    let path: String
    /// Who may ask; nil for everybody.
    let role: Role?
    /// All statuses that it says it may answer.
    let statuses: Set<Int>
    /// The schema of what it gives by its status; nil where that is empty.
    private let answers: [Int: JSONValue]
    /// The schema of its body; nil where it takes none.
    let body: JSONValue?
    let query: [String]
    let takesKey: Bool

    /// The status of success.
    var status: Int { statuses.filter { $0 < 300 }.min() ?? 0 }

    /// Whether its path names something.
    var namesSomething: Bool { path.contains("{") }

    private init(_ path: String, _ method: String, _ entry: JSONValue) {
        self.path = path
        self.method = method.uppercased()
        name = entry["operationId"]?.string ?? ""
        let words = entry["description"]?.string?.split(separator: "`") ?? []
        role = words.count > 1 ? Role(rawValue: String(words[1])) : nil
        let responses = entry["responses"]?.object ?? [:]
        statuses = Set(responses.names.compactMap { Int($0) })
        var answers: [Int: JSONValue] = [:]
        for (status, response) in responses {
            let content = response["content"]?.object?.first?.value
            if let number = Int(status) { answers[number] = content?["schema"] }
        }
        self.answers = answers
        body = entry["requestBody"]?["content"]?["application/json"]?["schema"]
        let parameters = entry["parameters"]?.array ?? []
        query = parameters.filter { $0["in"] == "query" }.compactMap { $0["name"]?.string }
        takesKey = parameters.contains { $0["name"] == "Idempotency-Key" }
    }

    /// The schema of an answer; nil where it has none.
    func schema(of status: Int) -> JSONValue? { answers[status] }

    /// All operations of a document.
    static func all(in document: JSONValue) -> [Operation] {
        (document["paths"]?.object ?? [:]).flatMap { path, methods in
            (methods.object ?? [:]).map { Operation(path, $0.name, $0.value) }
        }
    }

    /// The operation of a request; nil for a path or method of none.
    static func of(_ method: String, _ path: String, in all: [Operation]) -> Operation? {
        let parts = path.prefix { $0 != "?" }.split(separator: "/")
        return all.first { operation in
            let own = operation.path.split(separator: "/")
            return operation.method == method && own.count == parts.count
                && zip(own, parts).allSatisfy { $0.first == "{" || $0 == $1 }
        }
    }
}
