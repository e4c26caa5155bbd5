/// A part of an address as it is written: bytes that would end it stand behind a percent sign.
package struct EncodedText: Hashable, Sendable {
    /// As it is written.
    package let raw: String

    /// Takes a part as it is written.
    package init(raw: some StringProtocol) { self.raw = String(raw) }

    /// Writes a text so that every part of an address can hold it.
    package init(_ text: String) {
        var raw = ""
        for byte in text.utf8 {
            if Self.meansItself(byte) {
                raw.unicodeScalars.append(Unicode.Scalar(byte))
            } else {
                raw += byte < 16 ? "%0" : "%"
                raw += String(byte, radix: 16, uppercase: true)
            }
        }
        self.raw = raw
    }

    /// What it says; nil where a percent sign stands before anything but the digits of a byte, or of the byte 0.
    package var strict: String? { decoded(acceptsBare: false) }

    /// What it says, a percent sign without digits being one itself.
    package var lenient: String { decoded(acceptsBare: true) ?? raw }

    /// Whether each byte means itself wherever it stands, or is written by its digits.
    package var isPlain: Bool {
        raw.utf8.allSatisfy { Self.meansItself($0) || $0 == UInt8(ascii: "%") }
    }

    /// Whether a byte means itself wherever it stands.
    package static func meansItself(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"):
            true
        default: "-._~".utf8.contains(byte)
        }
    }

    private func decoded(acceptsBare: Bool) -> String? {
        var bytes: [UInt8] = []
        var rest = Array(raw.utf8)[...]
        while let byte = rest.popFirst() {
            if byte == UInt8(ascii: "%"), let value = Self.byte(of: rest.prefix(2)), value != 0 {
                bytes.append(value)
                rest = rest.dropFirst(2)
            } else if byte == UInt8(ascii: "%"), !acceptsBare {
                return nil
            } else {
                bytes.append(byte)
            }
        }
        return String(decoding: bytes, as: UTF8.self)
    }

    private static func byte(of digits: ArraySlice<UInt8>) -> UInt8? {
        // A sign is no digit, though a number may begin with it.
        guard digits.count == 2, digits.allSatisfy({ $0 != UInt8(ascii: "+") }) else { return nil }
        return UInt8(String(decoding: digits, as: UTF8.self), radix: 16)
    }
}
