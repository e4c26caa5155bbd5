import Basics

extension FailureClass {
    /// Whether another attempt follows, as often as the schedule's retry rule says.
    ///
    /// A lake that is away is waited for, however long it takes, and counts for no attempt.
    var isTriedAgain: Bool {
        switch self {
        case .transient, .contention: true
        case .lake, .configuration, .data, .timeout, .internal, .cancelled: false
        }
    }
}
