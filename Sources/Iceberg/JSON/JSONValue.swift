/// A JSON value that keeps its members in order and its integers whole.
package indirect enum JSONValue: Hashable, Sendable {
    case null
    case boolean(Bool)
    case integer(Int64)
    /// Any other number, as it is written.
    case number(String)
    case string(String)
    case array([JSONValue])
    case object(JSONObject)
}

/// The members of a JSON object, in order.
package struct JSONObject: Hashable, Sendable {
    private(set) var members: [(name: String, value: JSONValue)] = []

    /// Makes an object without members.
    package init() {}

    init(_ members: [(String, JSONValue)]) {
        self.members = members.map { (name: $0.0, value: $0.1) }
    }

    /// The member of that name; setting nil removes it.
    package subscript(name: String) -> JSONValue? {
        get { members.last { $0.name == name }?.value }
        set {
            if let newValue {
                if let index = members.lastIndex(where: { $0.name == name }) {
                    members[index].value = newValue
                } else {
                    members.append((name, newValue))
                }
            } else {
                members.removeAll { $0.name == name }
            }
        }
    }

    /// Adds a member that is known not to be there, without looking.
    mutating func append(_ name: String, _ value: JSONValue) {
        members.append((name, value))
    }

    package static func == (left: JSONObject, right: JSONObject) -> Bool {
        left.members.elementsEqual(right.members) { $0.name == $1.name && $0.value == $1.value }
    }

    package func hash(into hasher: inout Hasher) {
        for member in members {
            hasher.combine(member.name)
            hasher.combine(member.value)
        }
    }
}

extension JSONValue {
    var integer: Int64? {
        if case .integer(let value) = self { value } else { nil }
    }

    var string: String? {
        if case .string(let value) = self { value } else { nil }
    }

    var boolean: Bool? {
        if case .boolean(let value) = self { value } else { nil }
    }

    var array: [JSONValue]? {
        if case .array(let value) = self { value } else { nil }
    }

    var object: JSONObject? {
        if case .object(let value) = self { value } else { nil }
    }
}

extension JSONObject {
    /// A member that must be there.
    ///
    /// - Throws: `IcebergError` `corrupt`.
    func required<Value>(_ name: String, _ read: (JSONValue) -> Value?) throws -> Value {
        guard let value = try optional(name, read) else {
            throw IcebergError(.corrupt, "`\(name)` is missing")
        }
        return value
    }

    /// A member that may be missing or null, but not of another type.
    ///
    /// - Throws: `IcebergError` `corrupt`.
    func optional<Value>(_ name: String, _ read: (JSONValue) -> Value?) throws -> Value? {
        guard let member = self[name], member != .null else { return nil }
        guard let value = read(member) else {
            throw IcebergError(.corrupt, "`\(name)` is of the wrong type")
        }
        return value
    }

    /// A member that must be a 32-bit integer.
    func requiredInt(_ name: String) throws -> Int {
        guard let value = try optionalInt(name) else {
            throw IcebergError(.corrupt, "`\(name)` is missing")
        }
        return value
    }

    /// A member that may be missing, or a 32-bit integer.
    func optionalInt(_ name: String) throws -> Int? {
        guard let value = try optional(name, \.integer) else { return nil }
        guard let small = Int32(exactly: value) else {
            throw IcebergError(.corrupt, "`\(name)` is out of range")
        }
        return Int(small)
    }

    /// Members that are all text.
    func strings() throws -> [String: String] {
        var result: [String: String] = [:]
        for member in members {
            guard let value = member.value.string else {
                throw IcebergError(.corrupt, "`\(member.name)` is no text")
            }
            result[member.name] = value
        }
        return result
    }

    /// An object of text members, in the order of their names.
    init(strings: [String: String]) {
        self.init(strings.sorted { $0.key < $1.key }.map { ($0.key, .string($0.value)) })
    }
}
