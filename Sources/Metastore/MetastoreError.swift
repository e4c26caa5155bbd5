/// Why the metastore could not do what was asked.
package struct MetastoreError: Error, Sendable, CustomStringConvertible {
    /// The class of a failure.
    package enum Code: String, Sendable {
        /// Another process has the lease by now: nothing was written.
        case leaseLost = "lease-lost"
        /// What was to be written contradicts what is there: nothing was written.
        case contradiction
        /// The file cannot be opened, or is one of a newer program.
        case unusable
        /// The file cannot be read now.
        case busy
        /// An idempotency key was used for another request.
        case keyReused = "key-reused"
    }

    package let code: Code
    package let message: String

    init(_ code: Code, _ message: String) {
        self.code = code
        self.message = message
    }

    package var description: String { message }
}
