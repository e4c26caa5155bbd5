package import Streams
import Synchronization

/// What a run has done so far, for whoever shows it.
///
/// Written by the run, read by anyone.
package final class RunProgress: Sendable {
    /// What is known of the stream in work.
    package struct State: Sendable {
        package var stream: StreamName?
        package var phase = Phase.waiting
        /// When the stream was begun, by the uptime.
        package var startedAt = Duration.zero
        /// Connections that read side by side.
        package var laneCount = 0
        package var rowCount: Int64 = 0
        package var bytesRead: Int64 = 0
        package var bytesWritten: Int64 = 0
        package var estimatedRowCount: Int64?
        /// Counts finished streams.
        package var finishedCount = 0
    }

    /// Where a stream stands.
    package enum Phase: String, Sendable {
        case waiting
        case planning
        case verifying
        case reading
        case proving
        case publishing
    }

    private let state = Mutex(State())

    /// Makes progress of nothing yet.
    package init() {}

    /// A copy of the present state.
    package var current: State { state.withLock { $0 } }

    func update(_ change: (inout State) -> Void) {
        state.withLock { change(&$0) }
    }
}
