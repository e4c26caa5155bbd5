package import Basics

/// Why the service could not do what was asked.
package struct DaemonError: Failure {
    /// The class of a failure.
    package enum Code: String, FailureCode {
        /// This process does not schedule, or not yet.
        case notReady = "not-ready"
        /// There is no such run.
        case notFound = "not-found"
        /// What was asked for cannot be done in the state things are in.
        case conflict
        /// A setting is wrong.
        case configuration

        package var failureClass: FailureClass {
            switch self {
            case .notReady: .transient
            case .notFound, .configuration: .configuration
            case .conflict: .contention
            }
        }
    }

    package let code: Code
    package let message: String

    /// Makes an error with a message for the user.
    package init(_ code: Code, _ message: String) {
        self.code = code
        self.message = message
    }

    package var domain: FailureDomain { .request }
}
