import Basics
import Daemon
import Iceberg
import Ingest
import Streams

/// Shows a run while it goes on: one changing line on a terminal, a plain line now and then
/// elsewhere.
enum ProgressReporter {
    /// How often the line of a terminal changes.
    private static let statusInterval = Duration.milliseconds(200)
    /// How often a log gets a line: enough to see life, little enough to read.
    private static let lineInterval = Duration.seconds(10)

    /// Runs `body` and shows its progress on standard error until it ends.
    static func reporting<Result: Sendable>(
        _ progress: RunProgress,
        streamCount: Int,
        isQuiet: Bool,
        _ body: @escaping @Sendable () async throws -> Result
    ) async throws -> Result {
        if isQuiet { return try await body() }
        return try await withThrowingTaskGroup(of: Result?.self) { group in
            group.addTask { try await body() }
            group.addTask {
                await show(progress, streamCount: streamCount)
                return nil
            }
            defer {
                group.cancelAll()
                if Terminal.showsStatus { Terminal.status("") }
            }
            while let result = try await group.next() {
                if let result { return result }
            }
            throw CancellationError()
        }
    }

    private static func show(_ progress: RunProgress, streamCount: Int) async {
        let clock = ContinuousClock()
        let interval = Terminal.showsStatus ? statusInterval : lineInterval
        // A cancelled sleep is how the work says that it has ended.
        while (try? await clock.sleep(for: interval)) != nil {
            let state = progress.current
            guard let stream = state.stream else { continue }
            let line =
                "[\(min(state.finishedCount + 1, streamCount))/\(streamCount)] \(stream)  "
                + "\(state.phase.rawValue)  \(Words.count(state.rowCount)) rows  \(speed(state))"
                + (state.laneCount > 1 ? "  \(state.laneCount) connections" : "")
            if Terminal.showsStatus { Terminal.status(line) } else { Terminal.note(line) }
        }
    }

    /// Speed and time left of the stream in work.
    private static func speed(_ state: RunProgress.State) -> String {
        let elapsed = Clocks.machine.uptime().sinceBoot - state.startedAt
        let seconds = elapsed.seconds
        guard seconds > 0, state.bytesRead > 0 else { return "" }
        var text = Words.bytes(Int64(Double(state.bytesRead) / seconds)) + "/s"
        if let estimate = state.estimatedRowCount, estimate > 0 {
            let share = min(Double(state.rowCount) / Double(estimate), 1)
            text += "  \(Int(share * 100)) %"
            if share > 0.01, share < 1 {
                text += "  \(Words.seconds(elapsed / share - elapsed)) left"
            }
        }
        return text
    }
}
