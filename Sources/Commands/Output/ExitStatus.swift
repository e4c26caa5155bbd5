import ArgumentParser
import Iceberg
import Ingest
import ObjectStorage
import Streams

/// The exit statuses of the program (docs/cli.md).
enum ExitStatus: Int32 {
    case success = 0
    /// Something failed that has no status of its own, or several streams failed differently.
    case failure = 1
    /// The source cannot be reached or refuses us, or has no such stream.
    case source = 3
    /// Source and lake disagree on what was read: nothing was published.
    case unproven = 4
    /// The lake cannot be read or written.
    case lake = 5
    /// Another process works at the table, or took the run over.
    case busy = 6
    /// Stopped by Ctrl-C.
    case interrupted = 130

    /// The status for an error.
    init(_ error: any Error) {
        switch error {
        case let error as SourceError:
            switch error.code {
            case .configuration, .unreachable, .authentication, .notFound, .permission,
                .interrupted:
                self = .source
            case .unsupported, .badValue, .unusableKey, .protocol: self = .failure
            }
        case let error as IngestError:
            switch error.code {
            case .unproven: self = .unproven
            case .busy, .superseded: self = .busy
            case .unreadableLedger, .filesGone: self = .lake
            case .sameTable, .refused: self = .failure
            }
        case is StorageError: self = .lake
        case let error as IcebergError:
            self = [.schemaDrift, .unusableKey].contains(error.code) ? .failure : .lake
        case is CancellationError: self = .interrupted
        case let error as APIError where error.status == 424: self = .source
        default: self = .failure
        }
    }

    var code: ExitCode { ExitCode(rawValue) }
}
