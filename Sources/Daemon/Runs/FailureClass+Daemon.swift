import Basics
import Logging

extension Error {
    /// Whether the lake, or a folder of it, could not be looked at.
    var isLakeAway: Bool { FailureClass(of: self) == .lake }
}

extension FailureClass {
    /// How loud the log is about a run that failed so.
    var logLevel: Logger.Level {
        switch self {
        case .cancelled: .notice
        case .transient, .contention, .lake, .configuration, .data, .timeout: .warning
        // A fault of the program: somebody has to report it.
        case .internal: .error
        }
    }
}
