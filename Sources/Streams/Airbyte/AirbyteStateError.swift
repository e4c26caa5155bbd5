package import Basics
import JSON

/// Why a document of Airbyte state could not be read or written: what is wrong, and where.
package struct AirbyteStateError: Failure, Hashable {
    /// The class of a failure.
    package enum Code: String, FailureCode {
        /// The text is not JSON.
        case notJSON = "not-json"
        /// It is JSON, but no state message.
        case malformed
        /// It is larger or nested more deeply than state is.
        case tooLarge = "too-large"
        /// What there is cannot be said in the form that is asked for.
        case form

        package var failureClass: FailureClass {
            switch self {
            case .notJSON, .malformed, .tooLarge, .form: .data
            }
        }
    }

    package let code: Code
    /// The place in the document, as `[2].state.stream`; empty for the document.
    package let place: String
    /// One sentence: what is wrong there.
    package let reason: String

    /// Makes an error at a place of the document.
    package init(_ code: Code, at place: String = "", _ reason: String) {
        self.code = code
        self.place = place
        self.reason = reason
    }

    /// What could not be read as JSON.
    init(_ error: JSONError) {
        let code: Code =
            switch error.code {
            case .malformed: .notJSON
            case .repeatedName: .malformed
            case .tooLarge: .tooLarge
            }
        self.init(code, at: "line \(error.line), byte \(error.column)", error.reason)
    }

    package var domain: FailureDomain { .source }
    package var message: String {
        place.isEmpty ? "Airbyte state: \(reason)" : "Airbyte state at \(place): \(reason)"
    }
}
