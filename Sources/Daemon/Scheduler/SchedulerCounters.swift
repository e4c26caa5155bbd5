package import Basics
package import Scheduling
import Synchronization

/// What a scheduler has done since it was started, for metrics.
package struct SchedulerCounts: Sendable {
    /// Occurrences recorded, by why they are there.
    package var recorded: [OccurrenceOrigin: Int] = [:]
    /// Occurrences that ended, by how.
    package var ended: [OccurrenceState: Int] = [:]
    /// Nominal times that were not run, by why.
    package var passed: [OccurrenceReason: Int] = [:]
    /// Failed attempts, by class.
    package var failures: [FailureClass: Int] = [:]
    package var attempts = 0
    package var rows: Int64 = 0
    package var replacedRows: Int64 = 0
    /// Runs whose table was compared with its stream, by the outcome.
    package var comparisons: [TableComparison: Int] = [:]
    package var bytesRead: Int64 = 0
    package var bytesWritten: Int64 = 0
    /// From the time an occurrence was due to the time it was recorded.
    package var claimLateness = Histogram()
    /// From the time an occurrence was due to the begin of its first attempt.
    package var startLateness = Histogram()
    /// Steps that could not be written at once.
    package var storeErrors = 0

    /// Counts what a step holds that was written.
    mutating func add(_ step: SchedulerStep, refused: Set<String>) {
        for change in step.changes {
            switch change {
            case .added(let occurrence) where !refused.contains(occurrence.id):
                recorded[occurrence.origin, default: 0] += 1
                if occurrence.origin == .schedule {
                    claimLateness.add(occurrence.claimedAt - occurrence.dueAt)
                }
            case .passed(let occurrence, let state, let reason, let count, _):
                recorded[occurrence.origin, default: 0] += 1
                ended[state, default: 0] += 1
                passed[reason, default: 0] += count
            case .started: attempts += 1
            case .attempted(_, _, let report, _):
                rows += report.rowCount
                replacedRows += report.replacedRowCount
                if report.comparison != nil {
                    comparisons[TableComparison(difference: report.difference), default: 0] += 1
                }
                bytesRead += report.bytesRead
                bytesWritten += report.bytesWritten
                if case .failed(let failure) = report.end { failures[failure, default: 0] += 1 }
            case .ended(_, let state, _, _): ended[state, default: 0] += 1
            case .added, .waits: break
            }
        }
        for start in step.starts where start.attempt == 1 && start.occurrence.origin == .schedule {
            if let began = start.occurrence.startedAt {
                startLateness.add(began - start.occurrence.dueAt)
            }
        }
    }
}

/// What the comparison of a table with its stream came to.
package enum TableComparison: String, Hashable, Sendable, CaseIterable {
    case equal
    case different
    case notComparable = "not-comparable"

    /// Sorts a difference; nil where there is none to be told.
    package init(difference: Int64?) {
        self =
            switch difference {
            case nil: .notComparable
            case 0: .equal
            default: .different
            }
    }
}

/// Counts by size, as Prometheus has them: each bucket counts what is no larger than its bound.
package struct Histogram: Sendable {
    package private(set) var counts = [Int](repeating: 0, count: Limits.latenessBuckets.count)
    package private(set) var count = 0
    /// Seconds.
    package private(set) var sum = 0.0

    /// The bounds in seconds.
    package static var bounds: [Double] { Limits.latenessBuckets }

    mutating func add(_ span: Duration) {
        let seconds = max(0, span.seconds)
        count += 1
        sum += seconds
        for (index, bound) in Limits.latenessBuckets.enumerated() where seconds <= bound {
            counts[index] += 1
        }
    }
}
