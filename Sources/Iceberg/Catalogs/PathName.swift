import Basics

/// Names as folders, in letters every engine and file system takes as they are.
///
/// ASCII letters, digits, `-` and `_` stand for themselves; every other byte of the name's UTF-8
/// is written `_xHH_` with two upper-case hexadecimal digits. An `_` of the name that an `x`
/// follows is written so too, which makes the way back exact: `a.b` is `a_x2E_b`, `a_x` is
/// `a_x5F_x`. Engines disagree on percent signs, spaces and other letters in locations.
///
/// What gets too long for a folder is cut, and a digest of the whole name follows as
/// `_x<32 digits>_`: such a short form stays the same for ever, and says no more how the name goes on.
package enum PathName {
    /// The folder of a name.
    package static func encode(_ name: String) -> String {
        let bytes = Array(name.utf8)
        var path: [UInt8] = []
        /// The longest beginning that a short form takes, whole bytes of the name.
        var head = 0
        for (index, byte) in bytes.enumerated() {
            let isEscape =
                byte == UInt8(ascii: "_") && index + 1 < bytes.count
                && bytes[index + 1] == UInt8(ascii: "x")
            if isPlain(byte), !isEscape {
                path.append(byte)
            } else {
                path += "_x\(Hexadecimal.text([byte]).uppercased())_".utf8
            }
            if path.count <= Limits.shortNameByteCount { head = path.count }
        }
        if path.count > Limits.pathNameByteCount {
            path = Array(path.prefix(head)) + Array("_x\(digest(bytes))_".utf8)
        }
        return String(decoding: path, as: UTF8.self)
    }

    /// The name of a folder; nil when no name has it, or its name was too long.
    package static func decode(_ path: String) -> String? {
        var name: [UInt8] = []
        var rest = Array(path.utf8)[...]
        while let byte = rest.popFirst() {
            if byte == UInt8(ascii: "_"), rest.first == UInt8(ascii: "x") {
                guard rest.count >= 4, rest[rest.startIndex + 3] == UInt8(ascii: "_"),
                    let code = UInt8(
                        String(decoding: rest.dropFirst().prefix(2), as: UTF8.self),
                        radix: 16
                    )
                else { return nil }
                name.append(code)
                rest = rest.dropFirst(4)
            } else {
                name.append(byte)
            }
        }
        guard let text = String(validating: name, as: UTF8.self), encode(text) == path else {
            return nil
        }
        return text
    }

    /// Whether a folder is the short form of a longer name.
    package static func isShort(_ path: String) -> Bool {
        let tail = path.utf8.suffix(digestLength + 3)
        return tail.count == digestLength + 3 && tail.starts(with: "_x".utf8)
            && tail.last == UInt8(ascii: "_")
            && tail.dropFirst(2).dropLast().allSatisfy { byte in
                0x30...0x39 ~= byte || UInt8(ascii: "a")...UInt8(ascii: "f") ~= byte
            }
    }

    private static let digestLength = 32

    /// FNV-1a of 128 bits: no two names of a source meet by chance, and a table's own properties
    /// tell if two ever did.
    private static func digest(_ bytes: [UInt8]) -> String {
        var hash: UInt128 = 0x6C62_272E_07BB_0142_62B8_2175_6295_C58D
        for byte in bytes {
            hash ^= UInt128(byte)
            hash &*= 0x0100_0000_0000_0000_0000_013B
        }
        return Hexadecimal.text(UInt64(hash >> 64))
            + Hexadecimal.text(UInt64(hash & 0xFFFF_FFFF_FFFF_FFFF))
    }

    private static func isPlain(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"), UInt8(ascii: "-"):
            true
        default: false
        }
    }
}
