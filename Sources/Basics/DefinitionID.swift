/// The name of a definition: lowercase letters, digits, `-` and `_`, beginning with a letter or digit.
///
/// No two of them name one file, on any file system, and none leads out of its folder.
package struct DefinitionID: RawRepresentable, Hashable, Sendable, Comparable,
    CustomStringConvertible
{
    package let rawValue: String

    /// Checks a name; nil for a text that is none.
    package init?(rawValue: String) {
        let isName = rawValue.utf8.enumerated().allSatisfy { index, byte in
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "0")...UInt8(ascii: "9"): true
            case UInt8(ascii: "-"), UInt8(ascii: "_"): index > 0
            default: false
            }
        }
        guard isName, (1...Limits.idLength).contains(rawValue.utf8.count) else { return nil }
        self.rawValue = rawValue
    }

    /// Characters of the longest name.
    package static let maximumLength = Limits.idLength

    package var description: String { rawValue }

    package static func < (left: DefinitionID, right: DefinitionID) -> Bool {
        left.rawValue < right.rawValue
    }
}
