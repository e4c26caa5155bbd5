package import Basics

/// Why a definition cannot be taken: the field, what is wrong, and what to do.
package struct DefinitionError: Failure, Hashable {
    /// The class of a failure.
    package enum Code: String, FailureCode {
        /// It is no document of this kind, or one of a newer format.
        case malformed
        /// What lies in the lake cannot be used.
        case damaged
        /// A field has a value it cannot have.
        case invalid
        /// One of that name is there already.
        case exists
        /// It was changed since it was read.
        case changed
        case notFound = "not-found"
        /// A secret cannot be read, sealed or opened.
        case secret
        /// The one who asked may not have that.
        case forbidden

        package var failureClass: FailureClass {
            switch self {
            case .malformed, .damaged, .invalid, .exists, .notFound, .secret, .forbidden:
                .configuration
            case .changed: .contention
            }
        }
    }

    package let code: Code
    /// The field at fault, as in `retry.attempts`; nil where it is the whole.
    package let field: String?
    package let message: String

    /// Makes an error with a message for the user.
    package init(_ code: Code, field: String? = nil, _ message: String) {
        self.code = code
        self.field = field
        self.message = message
    }

    package var domain: FailureDomain { .request }
}
