internal import ObjectStorage

/// Why a table could not be read or committed: what failed, where, and what to do.
package struct IcebergError: Error, Sendable, CustomStringConvertible {
    /// The class of a failure.
    package enum Code: String, Sendable {
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
        /// The store failed.
        case storage
        /// It is not known whether a commit landed: the store's answer was lost.
        case unknownOutcome = "unknown-outcome"
    }

    package let code: Code
    /// One sentence or more: what failed, where, what to do.
    package let message: String
    /// Whether the same call may work a moment later.
    package let isTransient: Bool

    /// Makes an error with a message for the user.
    package init(_ code: Code, _ message: String) {
        self.init(code, message, isTransient: code == .conflict)
    }

    private init(_ code: Code, _ message: String, isTransient: Bool) {
        self.code = code
        self.message = message
        self.isTransient = isTransient
    }

    /// The same failure with the place it happened in front of it.
    func at(_ place: String) -> IcebergError {
        IcebergError(code, place + ": " + message, isTransient: isTransient)
    }

    /// A store's failure as one of this target; others stay what they are.
    static func wrapping(_ error: any Error) -> any Error {
        guard let error = error as? StorageError else { return error }
        return IcebergError(
            error.code == .notFound ? .notFound : .storage,
            error.message,
            isTransient: error.isTransient
        )
    }

    package var description: String { message }
}
