package import Basics

/// Why the metastore could not do what was asked.
package struct MetastoreError: Failure {
    /// The class of a failure.
    package enum Code: String, FailureCode {
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

        package var failureClass: FailureClass {
            switch self {
            case .leaseLost: .contention
            case .busy: .transient
            case .unusable, .keyReused: .configuration
            case .contradiction: .internal
            }
        }
    }

    package let code: Code
    package let message: String

    init(_ code: Code, _ message: String) {
        self.code = code
        self.message = message
    }

    package var domain: FailureDomain { .service }
    package var field: String? { code == .keyReused ? "idempotency-key" : nil }
}
