/// Takes comments and the inside of string literals out of Swift lines.
///
/// It knows line comments, nested block comments, plain, raw and multi-line strings. What is
/// interpolated into a string counts as part of the string.
enum CodeScanner {
    private enum State {
        case code
        case blockComment(depth: Int)
        case string(closing: String)
    }

    static func code(of lines: [String]) -> [String] {
        var state = State.code
        return lines.map { code(ofLine: Array($0), &state) }
    }

    private static func code(ofLine line: [Character], _ state: inout State) -> String {
        var result = ""
        var index = 0
        while index < line.count {
            switch state {
            case .code:
                if starts(line, index, "//") { return result }
                if starts(line, index, "/*") {
                    state = .blockComment(depth: 1)
                    index += 2
                } else if let opening = opening(line, index) {
                    state = .string(closing: opening.closing)
                    result += "\""
                    index += opening.length
                } else {
                    result.append(line[index])
                    index += 1
                }
            case .blockComment(let depth):
                if starts(line, index, "*/") {
                    state = depth == 1 ? .code : .blockComment(depth: depth - 1)
                    index += 2
                } else if starts(line, index, "/*") {
                    state = .blockComment(depth: depth + 1)
                    index += 2
                } else {
                    index += 1
                }
            case .string(let closing):
                if starts(line, index, closing) {
                    state = .code
                    result += "\""
                    index += closing.count
                } else {
                    // A backslash escapes in plain strings; raw ones close by their hash.
                    index += line[index] == "\\" && !closing.hasSuffix("#") ? 2 : 1
                }
            }
        }
        // A plain string ends with its line at the latest.
        if case .string(let closing) = state, !closing.hasPrefix("\"\"\"") { state = .code }
        return result
    }

    private static func opening(
        _ line: [Character],
        _ index: Int
    ) -> (closing: String, length: Int)? {
        var hashes = 0
        while index + hashes < line.count, line[index + hashes] == "#" { hashes += 1 }
        let quote = index + hashes
        guard quote < line.count, line[quote] == "\"" else { return nil }
        let tail = String(repeating: "#", count: hashes)
        return starts(line, quote, "\"\"\"")
            ? ("\"\"\"" + tail, hashes + 3) : ("\"" + tail, hashes + 1)
    }

    private static func starts(_ line: [Character], _ index: Int, _ word: String) -> Bool {
        line[index...].starts(with: word)
    }
}
