import Basics
import Daemon
import Ingest
import Metastore
import Scheduling
import Synchronization
import TestSupport

/// What runs do in place of reading a source: those of the schedule `held` wait until they are let go or
/// stopped, those of `failing` fail, those of `flaky` are tried again, all others end with figures.
final class Work: Sendable {
    private let isLetGo = Mutex(false)
    /// Runs that have begun.
    private let begun = Mutex<[String]>([])

    /// Ends what waits.
    func letGo() { isLetGo.withLock { $0 = true } }

    /// Whether a run of a schedule has begun.
    func hasBegun(_ schedule: String) -> Bool {
        begun.withLock { $0.contains { $0.hasPrefix(schedule + ".") } }
    }

    var executor: SchedulerService.Executor {
        { start, _, _ in await self.perform(start) }
    }

    private func perform(_ start: SchedulerStep.Start) async -> AttemptReport {
        guard !start.onlyLooks else { return AttemptReport(.cancelled) }
        begun.withLock { $0.append(start.occurrence.id) }
        switch start.occurrence.scheduleID {
        case "failing":
            return AttemptReport(
                .failed(.data),
                message: "a value does not fit; read it with `policy: string`"
            )
        case "flaky": return AttemptReport(.failed(.transient), message: "it went away")
        case "held":
            do {
                try await pollUntil("the end of \(start.occurrence.id)") { isLetGo.withLock { $0 } }
            } catch is CancellationError {
                return AttemptReport(.cancelled)
            } catch {
                return AttemptReport(.failed(.internal), message: "\(error)")
            }
        default: break
        }
        var report = AttemptReport(.succeeded)
        report.rowCount = 12
        report.replacedRowCount = 10
        report.comparison = "the table has as many rows as the stream"
        report.difference = 0
        report.bytesRead = 1_000
        report.bytesWritten = 400
        report.snapshotID = 7
        report.warnings = ["one value was changed"]
        return report
    }
}
