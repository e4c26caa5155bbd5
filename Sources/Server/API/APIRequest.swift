import Basics
package import Daemon
import Definitions
package import FoundationEssentials
package import JSON

/// A request to the API, whatever way it came.
package struct APIRequest: Sendable {
    /// The methods the API knows.
    package enum Method: String, Sendable, CaseIterable {
        case get = "GET"
        case post = "POST"
        case put = "PUT"
        case patch = "PATCH"
        case delete = "DELETE"
    }

    package var method: Method
    /// The path, still with percent signs, without the query.
    package var path: String
    package var query: [(name: String, value: String)]
    /// By names in lowercase.
    package var headers: [String: String]
    package var body: Data
    /// The parts of the path that the endpoint names.
    package internal(set) var parameters: [String: String] = [:]
    /// Who asks; an anonymous one may nothing.
    package internal(set) var caller: Caller?

    /// Makes a request.
    package init(
        _ method: Method,
        _ path: String,
        query: [(name: String, value: String)] = [],
        headers: [String: String] = [:],
        body: Data = Data()
    ) {
        self.method = method
        self.path = path
        self.query = query
        self.headers = headers
        self.body = body
    }

    // MARK: What handlers ask for

    /// Who asks; endpoints that need a role have one.
    func whoever() throws -> Caller {
        guard let caller else { throw Problem.unauthorized }
        return caller
    }

    /// The id in the path.
    func id(_ name: String = "id") throws -> DefinitionID {
        do {
            return try DefinitionID(parameters[name] ?? "")
        } catch {
            // Who puts something there gives it a name, and is told what is wrong with that.
            if method == .put { throw error }
            // No definition has such a name, so there is none.
            throw Problem(404, "not-found", "there is nothing of that name")
        }
    }

    /// A part of the path.
    func parameter(_ name: String) -> String { parameters[name] ?? "" }

    /// A value of the query; nil where it is missing.
    func text(_ name: String) throws -> String? {
        let values = query.filter { $0.name == name }
        guard values.count <= 1 else {
            throw Problem(400, "invalid", "it is given twice", field: name)
        }
        return values.first?.value
    }

    /// A number of the query.
    func integer(_ name: String, _ range: ClosedRange<Int>, or usual: Int) throws -> Int {
        guard let text = try text(name) else { return usual }
        guard let number = Int(text), range.contains(number), text.utf8.first != 0x2B else {
            throw Problem(
                400,
                "invalid",
                "it is a number from \(range.lowerBound) to \(range.upperBound)",
                field: name
            )
        }
        return number
    }

    /// A time of the query, in milliseconds since 1970.
    func instant(_ name: String) throws -> Int64? {
        guard let text = try text(name) else { return nil }
        guard let instant = Instant(parsing: text) else {
            throw Problem(400, "invalid", "it is a time such as 2026-11-21T08:00:00Z", field: name)
        }
        return instant.milliseconds
    }

    /// One of the cases of an enumeration in the query.
    func choice<Choice: CaseIterable & RawRepresentable>(
        _ name: String,
        _ type: Choice.Type = Choice.self
    ) throws -> Choice? where Choice.RawValue == String {
        guard let text = try text(name) else { return nil }
        guard let choice = Choice(rawValue: text) else {
            throw Problem(
                400,
                "invalid",
                "it is one of " + Choice.allCases.map(\.rawValue).joined(separator: ", "),
                field: name
            )
        }
        return choice
    }

    /// The body's fields.
    func fields() throws -> DocumentFields { try DocumentFields(parsing: body) }

    /// The version that `If-Match` asks for; nil where any will do.
    var expectedTag: String? {
        guard let header = headers["if-match"], header != "*" else { return nil }
        return header.split(separator: "\"").first.map(String.init) ?? header
    }
}

/// An answer of the API.
package struct APIResponse: Sendable {
    package var status: Int
    /// By names in lowercase.
    package var headers: [String: String] = [:]
    package var body: Body

    /// What an answer holds.
    package enum Body: Sendable {
        case none
        case json(JSONValue)
        case text(String, type: String)
        /// Pieces, until nil; each is sent as soon as it is there.
        case events(@Sendable () async throws -> String?)
    }

    /// Answers with JSON.
    static func json(
        _ value: JSONValue,
        status: Int = 200,
        tag: String? = nil
    ) -> APIResponse {
        APIResponse(
            status: status,
            headers: tag.map { ["etag": "\"\($0)\""] } ?? [:],
            body: .json(value)
        )
    }

    /// Answers that it is done.
    static let done = APIResponse(status: 204, body: .none)
}
