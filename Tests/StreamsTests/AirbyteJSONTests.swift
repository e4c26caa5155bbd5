import Streams
import Testing

/// JSON that is written back as it was read, within its limits.
@Suite struct AirbyteJSONTests {
    private func read(_ text: String) throws -> [AirbyteJSON] {
        try AirbyteJSON.values(parsing: Array(text.utf8))
    }

    @Test(arguments: [
        "null", "true", "false", "0", "-0", "-7", "9223372036854775807", "9223372036854775808",
        "-9223372036854775808", "123456789012345678901234567890", "1.0", "1.50", "1e3", "1E-400",
        #""""#, #""a\"\\\n\u0000é😀""#, "[]", "{}", #"[1,[2,{"a":[]}]]"#, #"{"":{"a":1},"b":null}"#,
    ])
    func `values are written as they were read`(text: String) throws {
        let value = try #require(try read(text).first)
        #expect(String(decoding: value.serialized(), as: UTF8.self) == text)
    }

    @Test func `integers are told from other numbers`() throws {
        let values = try read("1 1.0 1e2 9223372036854775808 1.5 -0 1e400")
        #expect(values.map(\.integer) == [1, 1, 100, nil, nil, 0, nil])
        #expect(values[0] != values[1])
    }

    @Test func `escapes are read`() throws {
        #expect(try read(#""\u00e9\ud83d\ude00\/\b\f\r\t""#) == [.string("é😀/\u{8}\u{c}\r\t")])
    }

    @Test(arguments: [
        "{", "[", "[1,]", "{,}", #"{"a"}"#, #"{"a":}"#, #"{"a":1,}"#, "tru", "nul", "-", "01", "1.",
        "1e", ".5", "+1", "NaN", #"""#, #""\"#, #""\x""#, #""\u12""#, #""\ud800""#,
        #""\ud800\u0041""#,
        #""\udc00""#, "\"\u{1}\"", "'a'", "[1 2]", "]", "\u{0}",
    ])
    func `what is no JSON is refused`(text: String) throws {
        let error = try #require(throws: AirbyteStateError.self) { try read(text) }
        #expect(error.code == .notJSON)
        #expect(error.place.hasPrefix("line 1, byte "))
    }

    @Test func `bytes that are no text are refused`() throws {
        for bytes in [[0x22, 0xFF, 0x22], [0x22, 0xC0, 0x80, 0x22], [0xFF]] as [[UInt8]] {
            let error = try #require(throws: AirbyteStateError.self) {
                try AirbyteJSON.values(parsing: bytes)
            }
            #expect(error.code == .notJSON)
        }
    }

    @Test func `a member that stands twice is refused`() throws {
        let error = try #require(throws: AirbyteStateError.self) { try read(#"{"a":1,"a":1}"#) }
        #expect(error.code == .malformed)
        #expect(error.reason.contains("`a`"))
    }

    @Test func `depth, values and bytes are bounded`() throws {
        func nested(_ depth: Int) -> String {
            String(repeating: "[", count: depth) + String(repeating: "]", count: depth)
        }
        #expect(try read(nested(64)).count == 1)
        let texts = [
            nested(65), String(repeating: #"{"a":"#, count: 100_000),
            String(repeating: "0 ", count: 2_500_001),
        ]
        let documents =
            texts.map { Array($0.utf8) } + [Array(repeating: 0x20, count: (64 << 20) + 1)]
        for bytes in documents {
            let error = try #require(throws: AirbyteStateError.self) {
                try AirbyteJSON.values(parsing: bytes)
            }
            #expect(error.code == .tooLarge)
        }
    }

    @Test func `no cut of a document traps`() throws {
        let text = #"""
            {"type":"STATE","state":{"type":"STREAM","stream":{"stream_descriptor":{"name":"\u00e9"},
            "stream_state":{"states":[{"partition":{"a":-1.5e3},"cursor":{"at":"2024"}}]}}}}
            """#
        let bytes = Array(text.utf8)
        for length in 1..<bytes.count {
            #expect(throws: AirbyteStateError.self) {
                try AirbyteState(parsing: Array(bytes[..<length]))
            }
        }
        for (index, byte) in bytes.enumerated() {
            for other in [0x00, 0x22, 0x5C, 0x7B, 0x7D, 0xFF, byte ^ 1] as [UInt8] {
                var changed = bytes
                changed[index] = other
                do {
                    let state = try AirbyteState(parsing: changed)
                    let again = try AirbyteState(parsing: AirbyteState.lines(state.messages()))
                    #expect(again.messages() == state.messages())
                } catch {
                    #expect(!error.reason.isEmpty)
                }
            }
        }
    }
}
