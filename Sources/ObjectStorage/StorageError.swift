package import Basics

/// Why the lake's store could not do what was asked: what failed, where, and what to do.
package struct StorageError: Failure {
    /// The class of a failure.
    package enum Code: String, FailureCode {
        /// The key, range or root is not one a store can hold.
        case invalid
        /// There is no object of that key.
        case notFound = "not-found"
        /// The object exists, or is not the expected version: somebody else was first.
        case precondition
        /// The user may not read or write there.
        case permission
        /// The store, or a folder of it, cannot be looked at: what is there is not known.
        case unreachable
        /// The disk, its quota or the allowed file size is used up.
        case full
        /// The device or the system refused.
        case device

        package var failureClass: FailureClass {
            switch self {
            case .unreachable, .device: .lake
            case .full: .transient
            case .precondition: .contention
            case .invalid, .notFound, .permission: .configuration
            }
        }
    }

    package let code: Code
    /// One sentence or two: what failed, where, what to do.
    package let message: String

    /// Makes an error with a message for the user.
    package init(_ code: Code, _ message: String) {
        self.code = code
        self.message = message
    }

    package var domain: FailureDomain { .lake }
}
