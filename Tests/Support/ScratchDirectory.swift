import FoundationEssentials
import Glibc

/// Lends a new, empty folder, which is removed when `body` is through.
package func withScratchDirectory<Result>(_ body: (String) throws -> Result) throws -> Result {
    let path = try makeScratchDirectory()
    defer { removeScratchDirectory(path) }
    return try body(path)
}

/// Lends a new, empty folder, which is removed when `body` is through.
package func withScratchDirectory<Result>(
    _ body: (String) async throws -> Result
) async throws -> Result {
    let path = try makeScratchDirectory()
    defer { removeScratchDirectory(path) }
    return try await body(path)
}

private func makeScratchDirectory() throws -> String {
    let parent = getenv("TMPDIR").map { String(cString: $0) } ?? "/tmp"
    var template = Array("\(parent)/tributary-test-XXXXXX".utf8CString)
    guard mkdtemp(&template) != nil else {
        throw TestSupportError("no scratch folder in \(parent): error \(errno)")
    }
    // Other users' processes have to get in where a test runs one.
    chmod(template, 0o755)
    return String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
}

private func removeScratchDirectory(_ path: String) {
    do {
        try FileManager.default.removeItem(atPath: path)
    } catch {
        // What a test leaves behind in /tmp does not make its result wrong.
        print("scratch folder \(path) stays behind: \(error)")
    }
}
