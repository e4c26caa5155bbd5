package import Basics

/// Why a run failed by itself, its source and lake being well.
package struct IngestError: Failure {
    /// The class of a failure.
    package enum Code: String, FailureCode {
        /// Source and lake disagree on what was read.
        case unproven
        /// Two streams of a run would land in one table.
        case sameTable = "same-table"
        /// Another attempt took the run over.
        case superseded
        /// Another process works at the table.
        case busy
        /// A ledger that this program cannot read.
        case unreadableLedger = "unreadable-ledger"
        /// Files that the run had written are gone.
        case filesGone = "files-gone"
        /// What was asked for does not fit what the table or the source is.
        case refused

        package var failureClass: FailureClass {
            switch self {
            case .busy, .superseded: .contention
            case .filesGone: .transient
            case .unproven: .data
            case .sameTable, .refused, .unreadableLedger: .configuration
            }
        }
    }

    package let code: Code
    package let message: String

    init(_ code: Code, _ message: String) {
        self.code = code
        self.message = message
    }

    package var domain: FailureDomain { .run }
}
