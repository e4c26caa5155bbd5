/// An SQL identifier in double quotes, each quote of the name doubled.
///
/// Goes by code points: to Swift a quote and a combining mark behind it are one `Character`, which
/// is no quote, and a name could then break out of its quotes.
func quoted(_ name: String) -> String {
    var text = "\""
    for scalar in name.unicodeScalars {
        if scalar == "\"" { text.unicodeScalars.append(scalar) }
        text.unicodeScalars.append(scalar)
    }
    text.unicodeScalars.append("\"")
    return text
}
