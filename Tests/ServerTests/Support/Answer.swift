import HTTPTypes
import JSON
import Testing

/// An answer of the API, as it was sent.
struct Answer: Sendable {
    /// The request in words, for messages.
    let request: String
    let status: Int
    let headers: HTTPFields
    let text: String
    /// The body; nil where it is no JSON.
    let json: JSONValue?

    init(_ request: String, status: Int, headers: HTTPFields, bytes: [UInt8]) {
        self.request = request
        self.status = status
        self.headers = headers
        text = String(decoding: bytes, as: UTF8.self)
        // What is no JSON is looked at as text.
        json = try? JSONValue(parsing: bytes)
    }

    /// A header's value.
    subscript(header name: String) -> String? {
        HTTPField.Name(name).flatMap { headers[$0] }
    }

    /// A member of the body.
    subscript(name: String) -> JSONValue? { json?[name] }

    /// The items of a list.
    var items: [JSONValue] { json?["items"]?.array ?? [] }

    /// The field at fault.
    var field: String? { json?["field"]?.string }

    /// The class of the problem.
    var problem: String? {
        let prefix = "urn:tributary:problem:"
        guard let type = json?["type"]?.string, type.hasPrefix(prefix) else { return nil }
        return String(type.dropFirst(prefix.count))
    }

    /// Notes an issue where the status is another one.
    @discardableResult
    func expect(
        _ status: Int,
        field: String? = nil,
        problem: String? = nil,
        _ location: SourceLocation = #_sourceLocation
    ) -> Answer {
        #expect(self.status == status, "\(request): \(text)", sourceLocation: location)
        if let field {
            #expect(self.field == field, "\(request): \(text)", sourceLocation: location)
        }
        if let problem {
            #expect(self.problem == problem, "\(request): \(text)", sourceLocation: location)
        }
        return self
    }
}
