import FoundationEssentials
import JSON
import Testing

/// JSON as it is read and written, against the grammar and Foundation.
@Suite struct JSONTests {
    private func value(_ text: String) throws -> JSONValue {
        try JSONValue(parsing: Array(text.utf8))
    }

    @Test(arguments: [
        ("null", JSONValue.null), ("true", .boolean(true)), (" false\n", .boolean(false)),
        ("0", .integer(0)), ("-7", .integer(-7)), ("9223372036854775807", .integer(Int64.max)),
        ("-0", .number("-0")), ("1e3", .number("1e3")),
        ("9223372036854775808", .number("9223372036854775808")),
        ("\"a\\\"\\\\\\/\\b\\f\\n\\r\\t\\u00e9\\ud83d\\ude00\"", "a\"\\/\u{8}\u{C}\n\r\té😀"),
        ("\"\\u0000\"", "\0"), ("[]", .array([])), ("\u{FEFF}1", .integer(1)),
        ("[1, [2]]", .array([.integer(1), .array([.integer(2)])])),
        ("{}", .object([:])), ("{\"a\" : {\"\": null}}", .object(["a": .object(["": .null])])),
    ])
    func `a value is read as it is meant`(_ text: String, _ wanted: JSONValue) throws {
        #expect(try value(text) == wanted)
    }

    @Test(arguments: [
        "", " ", "nul", "nulll", "True", "01", "-", "1.", ".5", "1e", "+1", "0x10", "1_000", "NaN",
        "\"", "\"a", "\"\\x\"", "\"\\u12\"", "\"\\ud800\"", "\"\\udc00\"", "\"\\ud800\\u0041\"",
        "\"a\nb\"", "\"\\\"", "[", "[1", "[1,", "[1,]", "[,]", "[1 2]", "]", "{", "{\"a\"",
        "{\"a\":",
        "{\"a\":1", "{\"a\":1,}", "{,}", "{a:1}", "{1:1}", "{\"a\":1 \"b\":2}", "{} {}", "[] ,",
        "'a'",
        "// c\n1", "\u{0}", "\u{1}",
    ])
    func `what is no JSON is refused`(_ text: String) {
        let error = #expect(throws: JSONError.self) { _ = try value(text) }
        #expect(error?.code == .malformed)
    }

    @Test func `bytes that are no UTF-8 are refused`() {
        for bytes: [UInt8] in [
            [0x22, 0xFF, 0x22], [0x22, 0xC0, 0x80, 0x22], [0x22, 0xC3, 0x22],
            [0x22, 0xED, 0xA0, 0x80, 0x22], [0xFF],
        ] {
            #expect(throws: JSONError.self) { _ = try JSONValue(parsing: bytes) }
        }
    }

    @Test func `an error tells its place and nothing of the text`() throws {
        let error = try #require(throws: JSONError.self) { try value("{\n  \"secret\": tru}") }
        #expect(error.line == 2 && error.column == 16 && error.offset == 17)
        #expect(error.message == "line 2, byte 16: there is no value")
    }

    @Test func `numbers keep their text, and whole ones are told however they are written`() throws
    {
        for text in [
            "0", "-1", "9223372036854775807", "-9223372036854775808", "9223372036854775808",
            "123456789012345678901234567890", "1.0", "1.10", "1.50", "1e3", "1E-400", "1E+400",
            "-0.0", "-0", #""a\"\\\n\u0000é😀""#, #"[1,[2,{"a":[]}]]"#, #"{"":{"a":1},"b":null}"#,
        ] {
            #expect(try value(text).written() == text)
        }
        let texts = [
            "1", "1.0", "1e2", "9223372036854775808", "1.5", "-0", "1e400", "9007199254740993.0",
        ]
        #expect(
            try texts.map { try value($0).integer } == [
                1, 1, 100, nil, nil, 0, nil, 9_007_199_254_740_992,
            ]
        )
        #expect(JSONValue.number(Double.nan) == .null && JSONValue.number(0.5) == .number("0.5"))
    }

    @Test func `members keep their order, and their names are told apart by their bytes`() throws {
        let text = "{\"b\":1,\"a\":2,\"\u{E9}\":3,\"e\u{301}\":4}"
        let read = try value(text)
        #expect(read.written() == text)
        #expect(read["\u{E9}"] == .integer(3) && read["e\u{301}"] == .integer(4))
        #expect(read == (try value("{\"e\u{301}\":4,\"a\":2,\"\u{E9}\":3,\"b\":1}")))
        #expect(read.written(.canonical).hasPrefix(#"{"a":2,"b":1,"#))
        #expect(
            try value(#"{"a":[1,{}],"b":{}}"#).written(.pretty) == """
                {
                  "a": [
                    1,
                    {}
                  ],
                  "b": {}
                }
                """
        )
    }

    @Test func `a name that comes twice is refused, or the last one wins`() throws {
        let many = (0..<40).map { "\"m\($0)\":\($0)" }.joined(separator: ",")
        for text in ["{\"a\":1,\"a\":2}", "{\(many),\"m7\":2}", "{\(many),\"m39\":2}"] {
            let error = #expect(throws: JSONError.self) { _ = try value(text) }
            #expect(error?.code == .repeatedName)
            let last = try JSONValue(
                parsing: Array(text.utf8),
                JSONLimits(repeatedNames: .lastWins)
            )
            #expect(last.object?.values.contains(.integer(2)) == true)
        }
    }

    @Test func `bytes, levels and values are bounded`() throws {
        func nested(_ depth: Int) -> [UInt8] {
            Array(repeating: UInt8(ascii: "["), count: depth)
                + Array(repeating: UInt8(ascii: "]"), count: depth)
        }
        #expect(throws: Never.self) { try JSONValue(parsing: nested(64), JSONLimits(depth: 64)) }
        for (bytes, limits) in [
            (nested(65), JSONLimits(depth: 64)), (Array("[1,2,3]".utf8), JSONLimits(valueCount: 3)),
            (Array("[1]".utf8), JSONLimits(byteCount: 2)),
            (Array(repeating: UInt8(ascii: "["), count: 1_000_000), JSONLimits()),
        ] {
            let error = #expect(throws: JSONError.self) {
                _ = try JSONValue(parsing: bytes, limits)
            }
            #expect(error?.code == .tooLarge)
        }
    }

    @Test func `values that follow each other are read one by one`() throws {
        var reader = JSONReader(Array("{\"a\":1}\n2 [3]".utf8))
        var values: [JSONValue] = []
        while let value = try reader.next() { values.append(value) }
        #expect(values == [.object(["a": .integer(1)]), .integer(2), .array([.integer(3)])])
    }

    @Test func `what is written is read again, and by Foundation the same`() throws {
        var random = SystemRandomNumberGenerator()
        for _ in 0..<500 {
            let value = JSONValue.array([Self.random(3, &random)])
            for form in [JSONForm.compact, .canonical, .pretty] {
                let bytes = value.bytes(form)
                #expect(try JSONValue(parsing: bytes) == value)
                #expect(try JSONDecoder().decode(Read.self, from: Data(bytes)).value == value)
                #expect(form == .pretty || !bytes.contains { $0 < 0x20 || $0 == 0x7F })
            }
        }
        #expect(JSONValue.string("\u{9B}2J\u{7F}").written() == "\"\\u009b2J\\u007f\"")
    }

    /// A value as Foundation reads it.
    private struct Read: Decodable {
        let value: JSONValue

        init(from decoder: any Decoder) throws {
            let container = try decoder.singleValueContainer()
            if container.decodeNil() {
                value = .null
            } else if let truth = try? container.decode(Bool.self) {
                value = .boolean(truth)
            } else if let text = try? container.decode(String.self) {
                value = .string(text)
            } else if let number = try? container.decode(Int64.self) {
                value = .integer(number)
            } else if let number = try? container.decode(Double.self) {
                value = .number(number)
            } else if let items = try? container.decode([Read].self) {
                value = .array(items.map(\.value))
            } else {
                let members = try container.decode([String: Read].self)
                value = .object(JSONObject(members.map { ($0.key, $0.value.value) }))
            }
        }
    }

    private static func random(
        _ depth: Int,
        _ random: inout SystemRandomNumberGenerator
    ) -> JSONValue {
        func text() -> String {
            let letters: [Character] = [
                "a", "\"", "\\", "\n", "\0", "é", "😀", "\u{7F}", "\u{9B}", "/", " ",
            ]
            return String(
                (0..<Int.random(in: 0...6, using: &random)).compactMap { _ in
                    letters.randomElement(using: &random)
                }
            )
        }
        switch Int.random(in: 0..<(depth > 0 ? 7 : 5), using: &random) {
        case 0: return .null
        case 1: return .boolean(.random(using: &random))
        case 2: return .integer(Int64.random(in: .min ... .max, using: &random))
        case 3: return .number(Double.random(in: -1...1, using: &random) + 0.3)
        case 4: return .string(text())
        case 5: return .array((0..<3).map { _ in Self.random(depth - 1, &random) })
        default:
            var object = JSONObject()
            for _ in 0..<3 { object[text()] = Self.random(depth - 1, &random) }
            return .object(object)
        }
    }
}
