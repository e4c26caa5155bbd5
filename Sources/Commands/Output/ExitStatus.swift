import ArgumentParser
import Basics

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
        self =
            switch error {
            case let failure as any Failure: Self.status(of: failure)
            case is CancellationError: .interrupted
            default: .failure
            }
    }

    /// Statuses that say more than the domain of a failure does, by its code.
    private static let statuses: [FailureDomain: [String: ExitStatus]] = [
        .source: [
            "unsupported": .failure, "bad-value": .failure, "unusable-key": .failure,
            "protocol": .failure,
        ],
        .lake: ["schema-drift": .failure, "unusable-key": .failure],
        .run: [
            "unproven": .unproven, "busy": .busy, "superseded": .busy, "unreadable-ledger": .lake,
            "files-gone": .lake,
        ],
    ]

    private static func status(of failure: some Failure) -> ExitStatus {
        if let status = statuses[failure.domain]?[failure.code.rawValue] { return status }
        return switch failure.domain {
        case .source: .source
        case .lake: .lake
        case .request, .run, .service: .failure
        }
    }

    var code: ExitCode { ExitCode(rawValue) }
}
