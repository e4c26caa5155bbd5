package import Basics

/// Why a source could not be read: what failed, where, and what to do.
package struct SourceError: Failure {
    /// The class of a failure.
    package enum Code: String, FailureCode {
        /// The address, an option or a name is wrong as written.
        case configuration
        /// Nothing answers there.
        case unreachable
        /// The source refused who we are.
        case authentication
        /// The stream, column or file does not exist.
        case notFound = "not-found"
        /// The user may not read it.
        case permission
        /// The source has something that cannot be read.
        case unsupported
        /// A value its column cannot hold, under the policy `error`.
        case badValue = "bad-value"
        /// The key does not tell all rows apart: several have the same one, or none.
        case unusableKey = "unusable-key"
        /// The source went away or stopped the read.
        case interrupted
        /// The source broke its own protocol or said something unexpected.
        case `protocol`

        package var failureClass: FailureClass {
            switch self {
            case .unreachable, .interrupted: .transient
            case .configuration, .authentication, .notFound, .permission, .unsupported:
                .configuration
            case .badValue, .unusableKey, .protocol: .data
            }
        }
    }

    package let code: Code
    /// One sentence or two, without row values or secrets.
    package let message: String
    /// The setting at fault, as in `port`; nil where it is the whole.
    package let field: String?

    /// Makes an error with a message for the user.
    package init(_ code: Code, field: String? = nil, _ message: String) {
        self.code = code
        self.field = field
        self.message = message
    }

    package var domain: FailureDomain { .source }
}
