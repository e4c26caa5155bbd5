/// Finds functions and their lengths by the braces of the code.
enum FunctionFinder {
    struct Function {
        /// Index of the line that names it.
        var start: Int
        var lineCount: Int
    }

    static func functions(in file: SourceFile) -> [Function] {
        var found: [Function] = []
        // Functions whose closing brace is not reached, with the depth outside of each.
        var open: [(start: Int, depth: Int)] = []
        var announced: Int?
        var depth = 0
        for (index, line) in file.code.enumerated() {
            if announces(line) { announced = index }
            for character in line {
                switch character {
                case "{":
                    if let start = announced {
                        open.append((start, depth))
                        announced = nil
                    }
                    depth += 1
                case "}":
                    depth -= 1
                    if let last = open.last, last.depth == depth {
                        open.removeLast()
                        found.append(Function(start: last.start, lineCount: index - last.start + 1))
                    }
                default: break
                }
            }
        }
        return found
    }

    private static func announces(_ line: String) -> Bool {
        let words = line.split { " (<".contains($0) }
        return words.contains("func") || line.drop { $0 == " " }.hasPrefix("init(")
            || line.contains(" init(") && !line.contains(".init(") && !line.contains("= ")
    }
}
