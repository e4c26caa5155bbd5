package import Basics

/// Why a trigger cannot be understood, or would never fire.
package struct TriggerError: Failure, Hashable {
    /// The class of a failure.
    package enum Code: String, FailureCode {
        /// It is none, or none that fires.
        case invalid

        package var failureClass: FailureClass { .configuration }
    }

    /// What is wrong: the field and the text at fault, and what would be right.
    package let message: String

    /// Makes an error.
    package init(_ message: String) {
        self.message = message
    }

    package var code: Code { .invalid }
    package var domain: FailureDomain { .request }
}
