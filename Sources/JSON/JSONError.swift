package import Basics

/// Why bytes could not be read as JSON.
///
/// It has nothing of the text in it, which may hold a secret.
package struct JSONError: Failure, Hashable {
    /// The class of a failure.
    package enum Code: String, FailureCode {
        /// It is no JSON.
        case malformed
        /// A name comes twice in an object.
        case repeatedName = "repeated-name"
        /// It has more bytes, values or levels than are read.
        case tooLarge = "too-large"

        package var failureClass: FailureClass { .data }
    }

    package let code: Code
    /// The byte at which reading ended, from 0.
    package let offset: Int
    /// The line of that byte, from 1.
    package let line: Int
    /// The byte within its line, from 1.
    package let column: Int
    /// What is wrong there.
    package let reason: String

    init(_ code: Code, in bytes: [UInt8], at offset: Int, _ reason: String) {
        let before = bytes[..<min(offset, bytes.count)]
        self.code = code
        self.offset = offset
        line = before.count { $0 == 0x0A } + 1
        column = offset - (before.lastIndex(of: 0x0A).map { $0 + 1 } ?? 0) + 1
        self.reason = reason
    }

    package var domain: FailureDomain { .request }
    package var message: String { "line \(line), byte \(column): \(reason)" }
}
