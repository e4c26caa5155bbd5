import Streams
import Testing

/// The text of state messages: what is no JSON, and what is too much.
@Suite struct AirbyteJSONTests {
    @Test func `what is no JSON is told by its line`() throws {
        let error = try #require(throws: AirbyteStateError.self) {
            try AirbyteState(parsing: Array("{}\n{,}".utf8))
        }
        #expect(error.code == .notJSON && error.place == "line 2, byte 2")
    }

    @Test func `a member that stands twice is refused`() throws {
        let error = try #require(throws: AirbyteStateError.self) {
            try AirbyteState(parsing: Array(#"{"a":1,"a":1}"#.utf8))
        }
        #expect(error.code == .malformed)
    }

    @Test func `depth, values and bytes are bounded`() throws {
        func nested(_ depth: Int) -> String {
            String(repeating: "[", count: depth) + String(repeating: "]", count: depth)
        }
        let texts = [
            nested(65), String(repeating: #"{"a":"#, count: 100_000),
            String(repeating: "0 ", count: 2_500_001),
        ]
        let documents =
            texts.map { Array($0.utf8) } + [Array(repeating: 0x20, count: (64 << 20) + 1)]
        for bytes in documents {
            let error = try #require(throws: AirbyteStateError.self) {
                try AirbyteState(parsing: bytes)
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
