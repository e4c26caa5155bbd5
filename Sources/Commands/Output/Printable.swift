/// Text of others, made fit for a terminal.
///
/// A control character in the name of a column or in a server's message could move the cursor, rename the
/// window or hide what stands before it; one that turns the direction of writing shows another text than there
/// is.
package enum Printable {
    /// A text of one line: what is not shown is spelt out.
    package static func word(_ text: String) -> String {
        replacing(text) { scalar in
            switch scalar {
            case "\n": "\\n"
            case "\r": "\\r"
            case "\t": "\\t"
            default: "\\u{\(String(scalar.value, radix: 16, uppercase: true))}"
            }
        }
    }

    /// A text of several lines; those behind the first are set in, so that none passes for one of ours.
    package static func lines(_ text: String) -> String {
        // By scalars: a line's end of two characters is one character otherwise.
        guard text.unicodeScalars.contains("\n") else { return word(text) }
        return text.unicodeScalars.split(separator: "\n", omittingEmptySubsequences: false)
            .map { word(String($0)) }.joined(separator: "\n    ")
    }

    /// JSON, in which control characters stand in texts alone: the others are escaped as JSON has it.
    package static func json(_ text: String) -> String {
        replacing(text) { scalar in
            if scalar == "\n" { return "\n" }
            return scalar.utf16.map { unit in
                "\\u" + String(0x1_0000 + Int(unit), radix: 16).dropFirst()
            }.joined()
        }
    }

    private static func replacing(
        _ text: String,
        _ replacement: (Unicode.Scalar) -> String
    ) -> String {
        guard text.unicodeScalars.contains(where: isHidden) else { return text }
        var shown = String.UnicodeScalarView()
        for scalar in text.unicodeScalars {
            if isHidden(scalar) {
                shown.append(contentsOf: replacement(scalar).unicodeScalars)
            } else {
                shown.append(scalar)
            }
        }
        return String(shown)
    }

    /// Whether a terminal would do something with it but show it.
    private static func isHidden(_ scalar: Unicode.Scalar) -> Bool {
        if scalar.value >= 0x20, scalar.value < 0x7F { return false }
        return switch scalar.properties.generalCategory {
        // Joiners are part of how words and emoji are written.
        case .format: scalar.value != 0x200C && scalar.value != 0x200D
        case .control, .lineSeparator, .paragraphSeparator: true
        default: false
        }
    }
}
