/// How JSON is written.
package enum JSONForm: Sendable {
    /// Without blanks, members in their order.
    case compact
    /// Without blanks, members in the order of their names: equal values have equal bytes.
    case canonical
    /// For people: a line for each member and element, members in their order.
    case pretty
}

extension JSONValue {
    /// The value as JSON text in UTF-8.
    ///
    /// Control characters are escaped, those of eight bits too: it may be shown on a terminal.
    package func bytes(_ form: JSONForm = .compact) -> [UInt8] {
        var writer = JSONWriter(form: form)
        writer.write(self)
        return writer.bytes
    }

    /// The value as JSON text, for messages and headers.
    package func written(_ form: JSONForm = .compact) -> String {
        String(decoding: bytes(form), as: UTF8.self)
    }
}

private struct JSONWriter {
    let form: JSONForm
    var bytes: [UInt8] = []
    private var level = 0

    init(form: JSONForm) { self.form = form }

    mutating func write(_ value: JSONValue) {
        switch value {
        case .null: bytes += "null".utf8
        case .boolean(let truth): bytes += (truth ? "true" : "false").utf8
        case .integer(let number): bytes += String(number).utf8
        case .number(let text): bytes += text.utf8
        case .string(let text): write(text)
        case .array(let values):
            write(values, between: "[", "]") { writer, value in writer.write(value) }
        case .object(let object):
            let members = form == .canonical ? object.sorted.members : object.members
            write(members, between: "{", "}") { writer, member in
                writer.write(member.name)
                writer.bytes += (writer.form == .pretty ? ": " : ":").utf8
                writer.write(member.value)
            }
        }
    }

    private mutating func write<Item>(
        _ items: [Item],
        between begin: Unicode.Scalar,
        _ end: Unicode.Scalar,
        _ body: (inout JSONWriter, Item) -> Void
    ) {
        bytes.append(UInt8(ascii: begin))
        level += 1
        for (index, item) in items.enumerated() {
            if index > 0 { bytes.append(UInt8(ascii: ",")) }
            breakLine()
            body(&self, item)
        }
        level -= 1
        if !items.isEmpty { breakLine() }
        bytes.append(UInt8(ascii: end))
    }

    private mutating func breakLine() {
        guard form == .pretty else { return }
        bytes.append(0x0A)
        bytes += repeatElement(0x20, count: 2 * level)
    }

    private mutating func write(_ text: String) {
        bytes.append(UInt8(ascii: "\""))
        var text = text
        text.withUTF8 { source in
            var index = 0
            while index < source.count {
                let byte = source[index]
                index += 1
                switch byte {
                case UInt8(ascii: "\""), UInt8(ascii: "\\"):
                    bytes.append(UInt8(ascii: "\\"))
                    bytes.append(byte)
                case 0..<0x20, 0x7F: escape(byte)
                case 0xC2 where source[index] < 0xA0:
                    escape(source[index])
                    index += 1
                default: bytes.append(byte)
                }
            }
        }
        bytes.append(UInt8(ascii: "\""))
    }

    private mutating func escape(_ byte: UInt8) {
        switch byte {
        case 0x0A: bytes += "\\n".utf8
        case 0x0D: bytes += "\\r".utf8
        case 0x09: bytes += "\\t".utf8
        default:
            bytes += "\\u00".utf8
            bytes += String(256 + Int(byte), radix: 16).utf8.dropFirst()
        }
    }
}
