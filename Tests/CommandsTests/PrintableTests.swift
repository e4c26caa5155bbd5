import Commands
import Testing

/// What others wrote does nothing to a terminal.
@Suite struct PrintableTests {
    @Test(arguments: [
        (
            "plain \u{e9} \u{4e2d} \u{1F468}\u{200D}\u{1F469}",
            "plain \u{e9} \u{4e2d} \u{1F468}\u{200D}\u{1F469}"
        ),
        ("a\u{1B}[2Jb", "a\\u{1B}[2Jb"), ("a\u{9B}2Jb", "a\\u{9B}2Jb"), ("a\u{7F}", "a\\u{7F}"),
        ("a\0b\rc\td\ne", "a\\u{0}b\\rc\\td\\ne"), ("a\r\nb", "a\\r\\nb"),
        ("a\u{202E}b\u{2066}c", "a\\u{202E}b\\u{2066}c"), ("a\u{2028}b", "a\\u{2028}b"),
        ("a\u{E0041}", "a\\u{E0041}"),
    ])
    func `what a terminal would obey is spelt out`(_ text: String, _ shown: String) {
        #expect(Printable.word(text) == shown)
    }

    @Test func `a line of others passes for none of ours`() {
        #expect(Printable.lines("a\nerror: b\r\nc") == "a\n    error: b\\r\n    c")
    }

    @Test func `JSON says the same without a control character`() {
        #expect(
            Printable.json("{\n\"a\": \"\u{9B}\u{7F}\u{202E}\u{E0041}\u{e9}\"\n}")
                == "{\n\"a\": \"\\u009b\\u007f\\u202e\\udb40\\udc41\u{e9}\"\n}"
        )
    }
}
