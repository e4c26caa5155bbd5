import TestSupport
import Testing

/// What is shared between targets says what it is, and every limit says why.
@Suite struct DocumentationTests {
    /// The beginnings of what fulfils a protocol: those of the standard library, of Foundation and
    /// of the argument parser by name, our own by what their protocols list.
    private static let requirements: [String] =
        [
            "static func == (", "static func < (", "static func + (", "func hash(into ",
            "func encode(to ", "init(from ", "var description:", "func next() ->",
            "func enqueue(", "func asUnownedSerialExecutor(", "func checkIsolated(",
            "init?(argument:", "init() {}",
        ] + SourceFile.product.flatMap(requirements)

    private static func requirements(of file: SourceFile) -> [String] {
        var found: [String] = []
        var isInProtocol = false
        for line in file.code {
            if line.contains(#/^(package )?protocol /#) { isInProtocol = true }
            if line == "}" { isInProtocol = false }
            guard isInProtocol, let member = line.firstMatch(of: #/^    func (\w+)/#) else {
                continue
            }
            found += ["func \(member.1)(", "func \(member.1)<"]
        }
        return found
    }

    @Test func `every shared declaration has a doc comment`() {
        for file in SourceFile.product {
            for (index, line) in file.code.enumerated() {
                let text = line.drop { $0 == " " }
                guard isShared(text), !isPlain(text) else { continue }
                #expect(isDocumented(file, index), "\(file.place(index)): no doc comment")
            }
        }
    }

    @Test func `every limit has its reason`() {
        for file in SourceFile.product where file.path.hasSuffix("Limits.swift") {
            for (index, line) in file.code.enumerated() where line.contains("static let ") {
                // Several limits in a row may share the comment above the first.
                #expect(isDocumented(file, index), "\(file.place(index)): a limit without reason")
            }
        }
    }

    private func isShared(_ text: Substring) -> Bool {
        let modifiers =
            #/^((indirect|final|mutating|static|borrowing|consuming|nonisolated|@\w+) )*/#
        return text.replacing(modifiers, with: "").hasPrefix("package ")
            && !text.contains("import ")
    }

    /// Members whose names and types say all there is to say.
    private func isPlain(_ text: Substring) -> Bool {
        text.contains(#/package (let|var|static let|static var|private\(set\) var)\b/#)
    }

    private func isDocumented(_ file: SourceFile, _ index: Int) -> Bool {
        var above = index - 1
        // Attributes and the lines of a signature may stand between.
        while above >= 0, file.lines[above].drop(while: { $0 == " " }).hasPrefix("@") { above -= 1 }
        guard above >= 0 else { return false }
        let line = file.lines[above].drop { $0 == " " }
        if line.hasPrefix("///") { return true }
        // What a protocol asks for is documented there.
        return Self.requirements.contains { file.code[index].contains($0) }
    }
}
