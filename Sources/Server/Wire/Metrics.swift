import Basics
import Daemon
import Scheduling

/// The scheduler's figures in Prometheus's text format, version 0.0.4.
enum Metrics {
    static let type = "text/plain; version=0.0.4; charset=utf-8"

    static func text(_ state: SchedulerService.State, now: Instant) -> String {
        var lines = MetricLines()
        addGauges(state, now, &lines)
        let counts = state.counts
        lines.add(
            "occurrences_total",
            "counter",
            "Occurrences recorded, by why they are there.",
            OccurrenceOrigin.allCases.map {
                ("{origin=\"\($0.rawValue)\"}", "\(counts.recorded[$0] ?? 0)")
            }
        )
        lines.add(
            "occurrences_ended_total",
            "counter",
            "Occurrences that ended, by how.",
            OccurrenceState.allCases.filter(\.isEnd).map {
                ("{state=\"\($0.rawValue)\"}", "\(counts.ended[$0] ?? 0)")
            }
        )
        lines.add(
            "times_not_run_total",
            "counter",
            "Nominal times that were not run, by why.",
            OccurrenceReason.allCases.map {
                ("{reason=\"\($0.rawValue)\"}", "\(counts.passed[$0] ?? 0)")
            }
        )
        lines.add(
            "attempts_failed_total",
            "counter",
            "Failed attempts, by class.",
            FailureClass.allCases.map {
                ("{class=\"\($0.rawValue)\"}", "\(counts.failures[$0] ?? 0)")
            }
        )
        addRows(counts, &lines)
        lines.counter("store_errors_total", "Steps not written at once.", counts.storeErrors)
        lines.add(
            "claim_lateness_seconds",
            "histogram",
            "From due to recorded.",
            series(counts.claimLateness)
        )
        lines.add(
            "start_lateness_seconds",
            "histogram",
            "From due to the first attempt.",
            series(counts.startLateness)
        )
        return lines.text
    }

    /// What attempts moved.
    private static func addRows(_ counts: SchedulerCounts, _ lines: inout MetricLines) {
        lines.counter("attempts_total", "Attempts begun.", counts.attempts)
        lines.counter("rows_total", "Rows that were published.", counts.rows)
        lines.counter(
            "replaced_rows_total",
            "Rows of tables that others took the place of.",
            counts.replacedRows
        )
        lines.add(
            "tables_compared_total",
            "counter",
            "Runs whose table was compared with its stream, by the outcome.",
            TableComparison.allCases.map {
                ("{outcome=\"\($0.rawValue)\"}", "\(counts.comparisons[$0] ?? 0)")
            }
        )
        lines.counter("read_bytes_total", "Bytes that came from sources.", counts.bytesRead)
        lines.counter("written_bytes_total", "Bytes of published files.", counts.bytesWritten)
    }

    private static func addGauges(
        _ state: SchedulerService.State,
        _ now: Instant,
        _ lines: inout MetricLines
    ) {
        lines.gauge("ready", "Whether it schedules or could take over.", state.isReady ? 1 : 0)
        lines.gauge("leads", "Whether it schedules.", state.leads ? 1 : 0)
        lines.gauge("schedules", "Schedules that are known.", state.scheduleCount)
        lines.gauge("schedules_quarantined", "Unusable documents.", state.problems.count)
        lines.gauge("runs_unfinished", "Occurrences not ended.", state.unfinishedCount)
        lines.gauge("runs_running", "Runs that have a place.", state.runningCount)
        lines.gauge("lease_epoch", "The epoch of the scheduler's lease.", state.epoch)
        guard state.lastTick > .distantPast else { return }
        lines.gauge(
            "last_tick_age_seconds",
            "Since the scheduler last looked at the clock.",
            max(0, (now - state.lastTick).seconds)
        )
    }

    private static func series(_ histogram: Histogram) -> [(String, String)] {
        zip(Histogram.bounds, histogram.counts).map { ("_bucket{le=\"\($0)\"}", "\($1)") }
            + [
                ("_bucket{le=\"+Inf\"}", "\(histogram.count)"), ("_sum", "\(histogram.sum)"),
                ("_count", "\(histogram.count)"),
            ]
    }
}

/// Lines of Prometheus's text format.
private struct MetricLines {
    private var lines: [String] = []

    var text: String { lines.joined(separator: "\n") + "\n" }

    /// Adds a metric with its values, each behind its labels.
    mutating func add(
        _ name: String,
        _ kind: String,
        _ help: String,
        _ values: [(String, String)]
    ) {
        lines.append("# HELP tributary_\(name) \(help)")
        lines.append("# TYPE tributary_\(name) \(kind)")
        lines += values.map { "tributary_\(name)\($0.0) \($0.1)" }
    }

    mutating func gauge(_ name: String, _ help: String, _ value: some Any) {
        add(name, "gauge", help, [("", "\(value)")])
    }

    mutating func counter(_ name: String, _ help: String, _ value: some Any) {
        add(name, "counter", help, [("", "\(value)")])
    }
}
