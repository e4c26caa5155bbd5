import Basics
import Definitions
import FoundationEssentials
import JSON
import Synchronization

#if canImport(Glibc)
    import Glibc
#else
    import Musl
#endif

/// Where words go: results to standard output, everything else to standard error.
///
/// What is written comes from sources, lakes and servers of others too. Characters that a terminal obeys are
/// shown instead. Secrets that were used to log in are taken out of what a server says, as it may say them back:
/// of every message here, and of what else is its own words by whoever prints it. Names are left as they are.
enum Terminal {
    private static let hidden = Mutex<[Secret]>([])

    /// Takes a secret out of all messages from now on.
    static func hide(_ secret: Secret) { hidden.withLock { $0.append(secret) } }

    /// Writes a line of the result.
    static func result(_ line: String) {
        write(Printable.lines(Remedy.withOptions(line)) + "\n", to: STDOUT_FILENO)
    }

    /// Writes a line about the work: progress, warnings, errors.
    static func note(_ line: String) {
        write(Printable.lines(Remedy.withOptions(scrubbed(line))) + "\n", to: STDERR_FILENO)
    }

    /// Replaces the last unfinished line on standard error.
    static func status(_ line: String) {
        write("\r\u{1B}[K" + Printable.word(scrubbed(line)), to: STDERR_FILENO)
    }

    /// Whether standard error is a terminal that shows a changing line.
    static var showsStatus: Bool { isatty(STDERR_FILENO) == 1 }

    /// A text without the secrets that are hidden.
    static func scrubbed(_ text: String) -> String {
        hidden.withLock { $0 }.reduce(text) { $1.scrub($0) }
    }

    private static func write(_ text: String, to descriptor: Int32) {
        var text = text
        text.withUTF8 { bytes in
            var rest = UnsafeRawBufferPointer(bytes)
            while !rest.isEmpty {
                let count = Glibc.write(descriptor, rest.baseAddress, rest.count)
                // A reader that went away (`| head`) is no reason to fail the work.
                guard count > 0 || errno == EINTR else { return }
                rest = UnsafeRawBufferPointer(rebasing: rest.dropFirst(max(count, 0)))
            }
        }
    }

    /// Writes a value as one JSON object on standard output, keys in a fixed order.
    static func json(_ value: some Encodable) throws {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
        encoder.keyEncodingStrategy = .convertToSnakeCase
        let text = Remedy.withOptions(String(decoding: try encoder.encode(value), as: UTF8.self))
        write(Printable.json(text) + "\n", to: STDOUT_FILENO)
    }

    /// Writes a value as JSON on standard output.
    static func json(_ value: JSONValue) {
        write(value.written(.pretty) + "\n", to: STDOUT_FILENO)
    }

    /// Writes lines that programs read, such as messages of JSON.
    static func raw(_ lines: String) {
        write(Printable.json(lines) + (lines.last == "\n" ? "" : "\n"), to: STDOUT_FILENO)
    }

    /// A log's lines, as the terminal writes them.
    struct LogStream: TextOutputStream, Sendable {
        mutating func write(_ text: String) {
            let line = text.last == "\n" ? String(text.dropLast()) : text
            Terminal.note(line)
        }
    }
}
