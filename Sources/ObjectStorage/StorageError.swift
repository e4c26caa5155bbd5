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
        /// Whoever asks may not read or write there.
        case denied
        /// The store, or a folder of it, cannot be looked at: what is there is not known.
        case unreachable
        /// More is asked of the store than it takes at the moment.
        case throttled
        /// The disk, its quota or the allowed file size is used up.
        case full
        /// What is there is not what was written: somebody has to mend the store.
        case damaged
        /// The store is none of those that can be used, or cannot do what a lake needs of it.
        case unsupported
        /// The device or the system refused.
        case device

        package var failureClass: FailureClass {
            switch self {
            case .unreachable, .throttled, .device: .lake
            case .full: .transient
            case .precondition: .contention
            case .damaged: .data
            case .invalid, .notFound, .denied, .unsupported: .configuration
            }
        }
    }

    package let code: Code
    /// One sentence or two: what failed, where, what to do.
    package let message: String
    /// How long a store that is asked too much wants to be left alone; nil where it does not say.
    package let wait: Duration?

    /// Makes an error with a message for the user.
    package init(_ code: Code, _ message: String, wait: Duration? = nil) {
        self.code = code
        self.message = message
        self.wait = wait
    }

    package var domain: FailureDomain { .lake }
}
