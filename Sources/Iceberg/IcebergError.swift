package import Basics
package import Columnar
internal import ObjectStorage

/// Why a table could not be read or committed: what failed, where, and what to do.
package struct IcebergError: Failure {
    /// The class of a failure.
    package enum Code: String, FailureCode {
        /// Another writer changed the table in a way that this commit cannot be put upon.
        case conflict
        /// There is no such table or snapshot.
        case notFound = "not-found"
        /// The bytes are not what the format says.
        case corrupt
        /// The table uses what is not built here.
        case unsupported
        /// The key does not tell all new rows apart: several have the same one, or none.
        case unusableKey = "unusable-key"
        /// The source's columns no longer fit the table's.
        case schemaDrift = "schema-drift"
        /// The store failed; its own failure is the cause.
        case storage
        /// It is not known whether a commit landed: the store's answer was lost.
        case unknownOutcome = "unknown-outcome"

        package var failureClass: FailureClass {
            switch self {
            case .conflict: .contention
            case .storage, .unknownOutcome: .transient
            case .notFound, .unsupported: .configuration
            case .corrupt, .unusableKey, .schemaDrift: .data
            }
        }
    }

    package let code: Code
    /// One sentence or more: what failed, where, what to do.
    package let message: String
    package let cause: (any Failure)?

    /// Makes an error with a message for the user.
    package init(_ code: Code, _ message: String) {
        self.init(code, message, cause: nil)
    }

    private init(_ code: Code, _ message: String, cause: (any Failure)?) {
        self.code = code
        self.message = message
        self.cause = cause
    }

    package var domain: FailureDomain { .lake }

    /// A store knows best what is to be done about its failures.
    package var failureClass: FailureClass {
        code == .storage ? cause?.failureClass ?? code.failureClass : code.failureClass
    }

    /// The same failure with the place it happened in front of it.
    func at(_ place: String) -> IcebergError {
        IcebergError(code, place + ": " + message, cause: cause)
    }

    /// A store's failure as one of this target; others stay what they are.
    static func wrapping(_ error: any Error) -> any Error {
        guard let error = error as? StorageError else { return error }
        return IcebergError(
            error.code == .notFound ? .notFound : .storage,
            error.message,
            cause: error
        )
    }

    /// What is wrong with a file of the table.
    init(_ error: ParquetError, at location: String) {
        let code: Code =
            switch error.code {
            case .corrupt, .truncated, .notFound: .corrupt
            case .unsupported, .tooLarge, .inexact: .unsupported
            }
        self.init(code, "cannot read \(location): \(error)", cause: error)
    }
}

/// Columnar knows nothing of failures: what its errors mean to a run is said here.
extension ParquetError: Failure {
    package var domain: FailureDomain { .lake }
}

extension ParquetError.Code: FailureCode {
    package var failureClass: FailureClass { .data }
}
