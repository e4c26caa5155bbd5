import Basics
import TestSupport
import Testing

@Suite struct DurationTests {
    @Test(arguments: [
        ("0s", 0), ("90s", 90_000), ("15m", 900_000), ("1h30m", 5_400_000), ("2d", 172_800_000),
        ("250ms", 250), ("1m5ms", 60_005), ("007s", 7_000), ("1d0h0m1s", 86_401_000),
        ("36525d", 3_155_760_000_000),
    ])
    func `a span is read`(_ text: String, _ milliseconds: Int64) {
        #expect(Duration(parsing: text) == .milliseconds(milliseconds))
    }

    @Test(arguments: [
        "", "90", "s", "1.5h", "-1s", "+1s", " 1s", "1s ", "1 s", "1m1h", "1s1s", "1ms1s", "1H",
        "1w", "1µs",
        "٣s", "36526d", "99999999999999s", "3155760001s", "9999999999999999999999999s", "1d 1h",
    ])
    func `anything else is no span`(_ text: String) {
        #expect(Duration(parsing: text) == nil)
    }

    @Test func `what is written is read as the same span`() {
        var random = SplitMix64(seed: 7)
        for _ in 0..<20_000 {
            let digits = 1 + random.next() % 12
            let bound = (0..<digits).reduce(UInt64(1)) { bound, _ in bound * 10 }
            let span = Duration.milliseconds(Int64(random.next() % bound))
            #expect(Duration(parsing: span.text) == span)
        }
        #expect(Duration.minutes(90).text == "1h30m")
        #expect(Duration.days(1).text == "1d")
        #expect(Duration.zero.text == "0s")
        #expect(Duration.milliseconds(-1_250).text == "-1s250ms")
    }

    @Test func `parts of a millisecond are rounded down`() {
        #expect(Duration.microseconds(1_999).milliseconds == 1)
        #expect(Duration.microseconds(-1).milliseconds == -1)
        #expect(Duration.milliseconds(-5).milliseconds == -5)
    }
}

@Suite struct HexadecimalTests {
    @Test func `bytes become digits and digits bytes`() {
        let bytes = (0...255).map(UInt8.init)
        let text = Hexadecimal.text(bytes)
        #expect(text.hasPrefix("000102") && text.hasSuffix("fdfeff"))
        #expect(Hexadecimal.bytes(text) == bytes)
        #expect(Hexadecimal.bytes(text.uppercased()) == bytes)
        #expect(Hexadecimal.bytes("") == [])
        #expect(Hexadecimal.text(UInt64(0xAB)) == "00000000000000ab")
    }

    @Test(arguments: ["0", "0g", "x0", " 00", "00 ", "é0", "+1"])
    func `anything else is none`(_ text: String) {
        #expect(Hexadecimal.bytes(text) == nil)
    }
}
