import Definitions
import Iceberg
import Ingest
import Metastore
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
            case .badValue, .unusableKey, .protocol: self = .data
            }
        case let error as StorageError:
            switch error.code {
            case .device, .unreachable: self = .lake
            case .full, .precondition: self = .transient
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
        case let error as MetastoreError: self = error.failureClass
        // A read that does not get on will not get on the next time.
        case is StateError: self = .data
        // Nothing is tried again because nobody has thought of it.
        default: self = .unknown
        }
    }
}

extension Error {
    /// Whether the lake, or a folder of it, could not be looked at.
    var isLakeAway: Bool { (self as? StorageError)?.code == .unreachable }
}

extension MetastoreError {
    fileprivate var failureClass: FailureClass {
        switch code {
        // Another process goes on, or the file is free a moment later.
        case .leaseLost, .busy: .transient
        case .unusable, .keyReused: .configuration
        case .contradiction: .unknown
        }
    }
}

extension IcebergError {
    fileprivate var failureClass: FailureClass {
        switch code {
        case .storage where isTransient: .lake
        case .conflict, .storage, .unknownOutcome: .transient
        case .schemaDrift, .corrupt, .unusableKey: .data
        case .notFound, .unsupported: .configuration
        }
    }
}
