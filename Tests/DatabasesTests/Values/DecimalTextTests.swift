import Testing

import Databases

@Suite struct DecimalTextTests {
    private static func unscaled(_ text: String, _ precision: Int, _ scale: Int) -> Int128? {
        Array(text.utf8).withUnsafeBytes {
            DecimalText.unscaled($0, precision: precision, scale: scale)
        }
    }

    @Test func digitsThatFitAreKept() {
        #expect(Self.unscaled("-12.50", 9, 2) == -1250)
        #expect(Self.unscaled("12.5", 9, 2) == 1250)
        #expect(Self.unscaled("12.500", 9, 2) == 1250)
        #expect(Self.unscaled("+0", 1, 0) == 0)
        let nines = String(repeating: "9", count: 38)
        #expect(Self.unscaled(nines, 38, 0) == Int128(nines))
        #expect(Self.unscaled("-" + nines, 38, 0) == Int128("-" + nines))
        #expect(Self.unscaled("000" + nines, 38, 0) == Int128(nines))
    }

    @Test func digitsThatWouldBeLostAreRefused() {
        #expect(Self.unscaled("12.505", 9, 2) == nil)
        #expect(Self.unscaled("100", 2, 0) == nil)
        #expect(Self.unscaled("", 2, 0) == nil)
        #expect(Self.unscaled("1.2.3", 9, 2) == nil)
        #expect(Self.unscaled("1e3", 9, 2) == nil)
    }

    /// One digit more than the widest decimal has, and more places than the digits leave room for:
    /// both leave the 128 bits.
    @Test func digitsPastTheWidestNumberAreRefused() {
        #expect(Self.unscaled(String(repeating: "9", count: 39), 38, 0) == nil)
        #expect(Self.unscaled(String(repeating: "9", count: 38), 38, 10) == nil)
        #expect(Self.unscaled(String(repeating: "7", count: 400), 38, 10) == nil)
    }
}
