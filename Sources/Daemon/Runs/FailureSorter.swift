import Definitions
import Iceberg
import Ingest
import ObjectStorage
package import Scheduling
import Streams

extension FailureClass {
    /// The class of an error: whether it is worth another try, and who has to look.
    package init(_ error: any Error) {
        switch error {
        case let error as SourceError:
            switch error.code {
            case .unreachable, .interrupted: self = .transient
            case .configuration, .authentication, .notFound, .permission, .unsupported:
                self = .configuration
            case .badValue, .duplicateKey, .protocol: self = .data
            }
        case let error as StorageError:
            switch error.code {
            case .device, .full, .precondition: self = .transient
            case .invalid, .notFound, .permission: self = .configuration
            }
        case let error as IcebergError: self = error.failureClass
        case let error as IngestError:
            switch error.code {
            case .busy, .superseded, .filesGone: self = .transient
            case .unproven: self = .data
            case .sameTable, .refused, .unreadableLedger: self = .configuration
            }
        case is DefinitionError, is DaemonError: self = .configuration
        default: self = .transient
        }
    }
}

extension IcebergError {
    fileprivate var failureClass: FailureClass {
        switch code {
        case .conflict, .storage, .unknownOutcome: .transient
        case .schemaDrift, .corrupt, .duplicateKey: .data
        case .notFound, .unsupported: .configuration
        }
    }
}
