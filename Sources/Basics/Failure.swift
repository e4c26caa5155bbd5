/// An error of ours, in a form that every surface decides upon by a table of its own.
///
/// Retries, HTTP statuses, exit statuses and log levels follow from `domain`, `code` and `failureClass`. No surface
/// asks for the type of an error.
package protocol Failure: Error, CustomStringConvertible {
    /// What can happen there.
    associatedtype Code: FailureCode

    /// What happened.
    var code: Code { get }
    /// What it happened to.
    var domain: FailureDomain { get }
    /// For people: what failed, where, and what to do; without secrets.
    var message: String { get }
    /// The field of a document or request at fault, as in `retry.attempts`; nil where it is the whole.
    var field: String? { get }
    /// The failure that this one came from; nil where it began here.
    var cause: (any Failure)? { get }
    /// What is to be done about it.
    var failureClass: FailureClass { get }
}

extension Failure {
    /// It began here.
    package var cause: (any Failure)? { nil }
    /// It is the whole.
    package var field: String? { nil }
    /// What the code says.
    package var failureClass: FailureClass { code.failureClass }
    /// The message, behind the field it is about.
    package var description: String { field.map { "\($0): \(message)" } ?? message }
}

/// The codes of a failure's type: words that programs may compare.
package protocol FailureCode: RawRepresentable, CaseIterable, Hashable, Sendable
where RawValue == String {
    /// What is to be done about such a failure, unless its cause says otherwise.
    var failureClass: FailureClass { get }
}

/// What a failure happened to.
package enum FailureDomain: String, CaseIterable, Sendable {
    /// What somebody asked for or defined.
    case request
    /// A source of rows.
    case source
    /// The lake: its store, its tables, its files.
    case lake
    /// A run, while source and lake are well.
    case run
    /// The program's own state.
    case service
}

/// What is to be done about a failure.
package enum FailureClass: String, Hashable, Sendable, CaseIterable, Codable {
    /// The same may work a moment later.
    case transient
    /// Somebody else was first, or is at it: another look tells whether it is still wanted.
    case contention
    /// The lake, or the folder of it that is needed, cannot be looked at: nothing is known of what is there,
    /// and it is no fault of who asked.
    case lake
    /// Somebody has to change a definition, a setting or rights.
    case configuration
    /// The data are not what they should be: unproven, unreadable, or a schema that may not be followed.
    case data
    /// It took longer than it may.
    case timeout
    /// Nobody has said what is to be done about it: another try may do the same harm again.
    case `internal`
    /// Somebody stopped it.
    case cancelled

    /// The class of any error; one that is no failure of ours is `internal`.
    package init(of error: any Error) {
        self =
            switch error {
            case let failure as any Failure: failure.failureClass
            case is CancellationError: .cancelled
            default: .internal
            }
    }
}
