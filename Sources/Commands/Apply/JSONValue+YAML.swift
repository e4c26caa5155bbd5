import Definitions
import JSON
import Yams

extension JSONValue {
    /// A YAML value.
    ///
    /// Only words that everybody reads alike are more than texts: null, true, false and whole numbers. What YAML
    /// 1.1 makes of others (`off`, `no`, `1e3`, `0x10`) differs from reader to reader: they are texts here, and
    /// a field that takes no text refuses them.
    ///
    /// - Throws: `SettingsError` for what has no meaning in a document.
    init(yaml node: Node, _ path: String) throws {
        switch node {
        case .mapping(let mapping):
            var fields: JSONObject = [:]
            for (key, value) in mapping {
                guard let name = key.string else {
                    throw SettingsError("\(path): the name of a field is a text")
                }
                fields[name] = try JSONValue(yaml: value, path)
            }
            self = .object(fields)
        case .sequence(let items):
            self = .array(try items.map { try JSONValue(yaml: $0, path) })
        case .scalar(let scalar):
            // What stands in quotes is a text, whatever it looks like.
            let text = scalar.string
            if scalar.style != .plain, scalar.style != .any {
                self = .string(text)
            } else if Self.isNull(yaml: text) {
                self = .null
            } else if text == "true" || text == "false" {
                self = .boolean(text == "true")
            } else {
                self = Self.wholeNumber(text).map(JSONValue.integer) ?? .string(text)
            }
        case .alias:
            throw SettingsError("\(path): an alias (*name) stands for nothing; write the value out")
        }
    }

    /// Whether a word without quotes is YAML's null.
    static func isNull(yaml text: String) -> Bool {
        ["", "~", "null", "Null", "NULL"].contains(text)
    }

    /// A number as it is written and read everywhere: without sign, leading zero or anything but digits.
    static func wholeNumber(_ text: String) -> Int? {
        guard text.utf8.allSatisfy({ $0 >= 0x30 && $0 <= 0x39 }),
            text == "0" || !text.hasPrefix("0")
        else { return nil }
        return Int(text)
    }
}
