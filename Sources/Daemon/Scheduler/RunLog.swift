import Basics
import Logging
import Metastore
import Scheduling

/// One line in the log when an attempt begins, and one when it ends.
struct RunLog {
    private let log: Logger

    init(_ log: Logger, _ start: SchedulerStep.Start) {
        var log = log
        log[metadataKey: "run"] = "\(start.occurrence.id)"
        log[metadataKey: "dataset"] = "\(start.occurrence.target)"
        log[metadataKey: "attempt"] = "\(start.attempt)"
        self.log = log
    }

    func began() { log.info("a run begins") }

    func ended(_ report: AttemptReport, after elapsed: Duration) {
        let milliseconds = elapsed.milliseconds
        var facts: Logger.Metadata = [
            "end": "\(report.end.word)", "rows": "\(report.rowCount)",
            "seconds": "\(milliseconds / 1_000).\(milliseconds % 1_000 / 100)",
        ]
        if report.replacedRowCount > 0 { facts["replaced"] = "\(report.replacedRowCount)" }
        if let difference = report.difference { facts["difference"] = "\(difference)" }
        if let message = report.message { facts["why"] = "\(message)" }
        switch report.end {
        case .succeeded: log.info("a run ended", metadata: facts)
        case .cancelled, .interrupted: log.notice("a run was stopped", metadata: facts)
        case .failed(let failure):
            facts["class"] = "\(failure.rawValue)"
            log.log(level: failure.logLevel, "a run failed", metadata: facts)
        }
    }
}
