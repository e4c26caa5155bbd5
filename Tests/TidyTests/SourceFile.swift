import FoundationEssentials
import TestSupport

/// One Swift file of the package, by lines, with comments and literals told from code.
struct SourceFile: Sendable {
    /// The path inside the package, such as `Sources/Columnar/Limits.swift`.
    let path: String
    let lines: [String]
    /// The lines without comments and without what stands in string literals.
    let code: [String]

    /// `Sources/<target>/…` and `Tests/<target>/…`.
    var target: String { String(path.split(separator: "/")[1]) }
    var isProduct: Bool { path.hasPrefix("Sources/") }

    init(path: String, text: String) {
        self.path = path
        lines = text.split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
        code = CodeScanner.code(of: lines)
    }

    /// `file:line`, as editors and terminals take it.
    func place(_ index: Int) -> String { "\(path):\(index + 1)" }

    /// Whether a comment stands in the same line or in the two before it.
    func hasComment(near index: Int, containing word: String = "") -> Bool {
        lines[max(0, index - 2)...index].contains { $0.contains("//") && $0.contains(word) }
    }

    /// All Swift files of the products and the tests.
    static let all: [SourceFile] = files(below: ["Sources", "Tests"]).filter {
        $0.hasSuffix(".swift")
    }.map { path in
        SourceFile(path: path, text: read(path))
    }

    static var product: [SourceFile] { all.filter(\.isProduct) }

    /// Paths of regular files below folders of the package, sorted.
    static func files(below folders: [String]) -> [String] {
        let root = TestEnvironment.packageRoot
        return folders.flatMap { folder -> [String] in
            do {
                return try FileManager.default.subpathsOfDirectory(atPath: "\(root)/\(folder)")
                    .map { "\(folder)/\($0)" }
            } catch {
                // A folder that cannot be read has no files; `ShapeTests` notices that.
                return []
            }
        }.sorted()
    }

    /// The text of a file, empty where it cannot be read: a missing file fails by its emptiness.
    static func read(_ path: String) -> String {
        guard
            let data = FileManager.default.contents(
                atPath: "\(TestEnvironment.packageRoot)/\(path)"
            )
        else { return "" }
        return String(decoding: data, as: UTF8.self)
    }
}
