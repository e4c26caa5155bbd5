import Definitions
import Foundation
import Testing

/// JSON of documents and requests, against Foundation and the grammar.
@Suite struct JSONTests {
    private static func value(_ text: String) throws -> JSONValue {
        try JSONValue(parsing: Data(text.utf8))
    }

    @Test(arguments: [
        ("null", JSONValue.null), ("true", .boolean(true)), (" false\n", .boolean(false)),
        ("0", .integer(0)), ("-7", .integer(-7)), ("9223372036854775807", .integer(.max)),
        ("1e3", .integer(1_000)), ("1.0", .integer(1)), ("-2.5E+1", .integer(-25)),
        ("1.5", .number(1.5)), ("1e300", .number(1e300)), ("9223372036854775808", .number(0x1p63)),
        ("\"a\\\"\\\\\\/\\b\\f\\n\\r\\t\\u00e9\\ud83d\\ude00\"", "a\"\\/\u{8}\u{C}\n\r\té😀"),
        ("\"\\u0000\"", "\0"), ("[]", .array([])),
        ("[1, [2]]", .array([.integer(1), .array([.integer(2)])])),
        ("{}", .object([:])), ("{\"a\" : {\"\": null}}", .object(["a": .object(["": .null])])),
    ])
    func `a value is read as it is meant`(_ text: String, _ value: JSONValue) throws {
        #expect(try Self.value(text) == value)
    }

    @Test(arguments: [
        "", " ", "nul", "nulll", "True", "01", "-", "1.", ".5", "1e", "+1", "0x10", "1_000", "NaN",
        "1e999",
        "\"", "\"a", "\"\\x\"", "\"\\u12\"", "\"\\ud800\"", "\"\\udc00\"", "\"\\ud800\\u0041\"",
        "\"a\nb\"",
        "[", "[1", "[1,", "[1,]", "[,]", "{", "{\"a\"", "{\"a\":", "{\"a\":1", "{\"a\":1,}",
        "{a:1}", "{1:1}",
        "{\"a\":1 \"b\":2}", "{\"a\":1,\"a\":2}", "{} {}", "[] ,", "'a'", "// c\n1",
    ])
    func `what is no JSON is refused`(_ text: String) {
        let error = #expect(throws: DefinitionError.self) { _ = try Self.value(text) }
        #expect(error?.code == .malformed)
    }

    @Test func `bytes that are no UTF-8 are refused`() {
        for bytes: [UInt8] in [
            [0x22, 0xFF, 0x22], [0x22, 0xC3, 0x22], [0x22, 0xED, 0xA0, 0x80, 0x22],
            [0xEF, 0xBB, 0xBF, 0x31],
        ] {
            #expect(throws: DefinitionError.self) { _ = try JSONValue(parsing: Data(bytes)) }
        }
    }

    @Test func `what is written is read again, and by Foundation the same`() throws {
        var random = SystemRandomNumberGenerator()
        for _ in 0..<500 {
            let value = Self.random(3, &random)
            let bytes = Data(value.compact)
            #expect(try JSONValue(parsing: bytes) == value)
            #expect(
                try JSONDecoder().decode(
                    [JSONValue].self,
                    from: Data("[".utf8) + bytes + Data("]".utf8)
                ) == [value]
            )
            #expect(!bytes.contains { $0 < 0x20 || $0 == 0x7F })
        }
        #expect(JSONValue.string("\u{9B}2J\u{7F}").compact == Array("\"\\u009b2J\\u007f\"".utf8))
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
        case 2: return .integer(.random(in: .min ... .max, using: &random))
        case 3: return .number(Double.random(in: -1...1, using: &random) + 0.3)
        case 4: return .string(text())
        case 5: return .array((0..<3).map { _ in Self.random(depth - 1, &random) })
        default:
            var fields: [String: JSONValue] = [:]
            for _ in 0..<3 { fields[text()] = Self.random(depth - 1, &random) }
            return .object(fields)
        }
    }
}
