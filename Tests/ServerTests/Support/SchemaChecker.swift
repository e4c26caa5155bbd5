import JSON

/// Holds values against the schemas of the OpenAPI document: those words of JSON Schema that it uses, and an
/// issue for any other.
struct SchemaChecker {
    private let document: JSONValue
    /// Members that were there, as in `Run.state`.
    private(set) var seen: Set<String> = []
    /// Patterns and texts that are of them: reading a pattern takes long.
    private var fitting: Set<[String]> = []

    init(_ document: JSONValue) { self.document = document }

    /// What is wrong with a value.
    mutating func faults(_ value: JSONValue, _ schema: JSONValue, _ place: String) -> [String] {
        guard let words = schema.object else { return ["\(place): its schema is no object"] }
        var faults: [String] = []
        for (word, rule) in words {
            faults += fault(of: value, word, rule, words, place).map { "\(place): \($0)" }
        }
        return faults + nested(value, words, place)
    }

    /// What values inside of it have wrong.
    private mutating func nested(
        _ value: JSONValue,
        _ words: JSONObject,
        _ place: String
    ) -> [String] {
        if let name = words["$ref"]?.string?.split(separator: "/").last.map(String.init) {
            guard let schema = document["components"]?["schemas"]?[name] else {
                return ["\(place): there is no schema \(name)"]
            }
            return faults(value, schema, name)
        }
        var found: [String] = []
        if let schema = words["items"] {
            for item in value.array ?? [] { found += faults(item, schema, place + "[]") }
        }
        guard let members = value.object else { return found }
        for (name, member) in members {
            let inner = "\(place).\(name)"
            if let schema = words["properties"]?[name] {
                seen.insert(inner)
                found += faults(member, schema, inner)
            } else if let schema = words["additionalProperties"], schema.boolean == nil {
                found += faults(member, schema, inner)
            } else if words["additionalProperties"]?.boolean == false {
                found.append("\(inner): the schema has no such member")
            }
        }
        return found
    }

    private mutating func fault(
        of value: JSONValue,
        _ word: String,
        _ rule: JSONValue,
        _ words: JSONObject,
        _ place: String
    ) -> [String] {
        switch word {
        case "type": return value.fits(type: rule.string ?? "") ? [] : ["it is \(value.kind)"]
        case "enum": return rule.array?.contains(value) ?? false ? [] : ["it is no such choice"]
        case "pattern":
            guard let text = value.string else { return [] }
            return fits(text, rule.string ?? "(") ? [] : ["\(text) is not of the pattern \(rule)"]
        case "minLength":
            return value.string.map { $0.count >= rule.integer ?? 0 } ?? true ? [] : ["too short"]
        case "maxLength":
            return value.string.map { $0.count <= rule.integer ?? 0 } ?? true ? [] : ["too long"]
        case "minimum":
            return value.integer.map { $0 >= rule.integer ?? 0 } ?? true ? [] : ["too small"]
        case "maximum":
            return value.integer.map { $0 <= rule.integer ?? 0 } ?? true ? [] : ["too large"]
        case "format":
            guard rule == "date-time" else { return ["a format that nobody knows"] }
            return value.string.map(TestClock.isMoment) ?? true ? [] : ["it is no moment"]
        case "required":
            let names = (rule.array ?? []).compactMap(\.string)
            return names.filter { value[$0] == nil }.map { "\($0) is missing" }
        case "oneOf":
            let fitting = (rule.array ?? []).filter { faults(value, $0, place).isEmpty }
            return fitting.count == 1 ? [] : ["\(fitting.count) of its schemas fit"]
        case "items", "properties", "additionalProperties", "$ref", "description": return []
        default: return ["its schema has the word \(word)"]
        }
    }

    /// Whether a text is of a pattern; no text is of one that cannot be read.
    private mutating func fits(_ text: String, _ pattern: String) -> Bool {
        let pair = [pattern, text]
        if fitting.contains(pair) { return true }
        guard let regex = try? Regex(pattern), text.contains(regex) else { return false }
        fitting.insert(pair)
        return true
    }

    /// All members that a schema promises, as `seen` has them.
    func members(of name: String) -> Set<String> {
        var found: Set<String> = []
        var rest: [(place: String, schema: JSONValue)] = [(name, reference(name))]
        var known: Set<String> = [name]
        while let (place, schema) = rest.popLast() {
            if let name = schema["$ref"]?.string?.split(separator: "/").last.map(String.init) {
                if known.insert(name).inserted { rest.append((name, reference(name))) }
            }
            for (name, member) in schema["properties"]?.object ?? [:] {
                found.insert("\(place).\(name)")
                rest.append(("\(place).\(name)", member))
            }
            if let item = schema["items"] { rest.append((place + "[]", item)) }
            for choice in schema["oneOf"]?.array ?? [] { rest.append((place, choice)) }
        }
        return found
    }

    private func reference(_ name: String) -> JSONValue {
        document["components"]?["schemas"]?[name] ?? .null
    }
}

extension JSONValue {
    fileprivate func fits(type: String) -> Bool {
        switch (type, self) {
        case ("string", .string), ("boolean", .boolean), ("array", .array), ("object", .object),
            ("integer", .integer):
            true
        default: false
        }
    }
}
