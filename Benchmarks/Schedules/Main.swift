import Basics
import Daemon
import Definitions
import FoundationEssentials
import Logging
import Metastore
import Scheduling

#if canImport(Glibc)
    import Glibc
#else
    import Musl
#endif

/// Measures the scheduler alone: runs do nothing, everything else is as it is.
///
///     ScheduleBenchmarks make FOLDER COUNT TRIGGER JITTER
///     ScheduleBenchmarks run FOLDER SECONDS
///
/// `run` prints one JSON object: seconds until it was ready, memory, processor time while nothing was due
/// and in all, and what the metastore says of the occurrences.
@main
struct ScheduleBenchmarks {
    static func main() async throws {
        let words = CommandLine.arguments.dropFirst()
        switch (words.first, words.count) {
        case ("make"?, 5):
            let rest = Array(words.dropFirst())
            try make(rest[0], count: Int(rest[1]) ?? 0, trigger: rest[2], jitter: rest[3])
        case ("run"?, 3):
            let rest = Array(words.dropFirst())
            try await run(rest[0], seconds: Int64(rest[1]) ?? 0)
        default:
            FileHandle.write("usage: make FOLDER COUNT TRIGGER JITTER | run FOLDER SECONDS\n")
            exit(2)
        }
    }

    /// Writes documents straight into a lake's folder.
    private static func make(
        _ folder: String,
        count: Int,
        trigger: String,
        jitter: String
    ) throws {
        let schedules = folder + "/_schedules"
        try FileManager.default.createDirectory(
            atPath: schedules,
            withIntermediateDirectories: true
        )
        let created = Clocks.machine.now().description
        for number in 0..<count {
            let text = """
                {"id": "s\(number)", "source": {"dsn": "sqlite:/none"}, "stream": "t", \
                "dataset": "bench.t\(number)", "trigger": "\(trigger)", "jitter": "\(jitter)", \
                "start": "next", "created_at": "\(created)", "created_by": "bench"}
                """
            try Data(text.utf8).write(to: URL(filePath: "\(schedules)/s\(number).json"))
        }
    }

    private static func run(_ folder: String, seconds: Int64) async throws {
        var log = Logger(label: "bench", factory: { StreamLogHandler.standardError(label: $0) })
        log.logLevel = .warning
        var settings = NodeSettings(
            lake: folder,
            environment: [:],
            release: "bench"
        )
        settings.runs = 100_000
        settings.runsPerSource = 100_000
        let clock = Clocks.machine
        let begin = clock.uptime().sinceBoot
        let node = try await Node(settings, log: log) { _, _, _ in AttemptReport(.succeeded) }
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await node.service.run() }
            while !node.service.current.leads { try await clock.sleep(.milliseconds(5)) }
            let ready = clock.uptime().sinceBoot
            // What was due while it was starting is late for that reason.
            let since = clock.now() + .seconds(1)
            let readyMemory = memory()
            let before = processorTime()
            try await clock.sleep(.seconds(seconds))
            let after = processorTime()
            var report = Report(
                schedules: node.service.current.scheduleCount,
                readySeconds: (ready - begin).seconds,
                readyMegabytes: readyMemory,
                processorShare: (after - before) / Double(seconds)
            )
            try await report.add(node.metastore, since: since)
            report.peakMegabytes = peakMemory()
            let encoder = JSONEncoder()
            encoder.outputFormatting = [.sortedKeys, .prettyPrinted]
            FileHandle.write(String(decoding: try encoder.encode(report), as: UTF8.self) + "\n")
            group.cancelAll()
        }
    }

    /// What was measured.
    struct Report: Encodable {
        var schedules: Int
        var readySeconds: Double
        var readyMegabytes: Double
        /// Of one core, while it ran.
        var processorShare: Double
        var peakMegabytes = 0.0
        var occurrences = 0
        var ended = 0
        var missed = 0
        var early = 0
        /// From the first occurrence's due time to the last one's record, in milliseconds.
        var span: Int64 = 0
        var claimP50: Int64 = 0
        var claimP99: Int64 = 0
        var claimMax: Int64 = 0
        var startP99: Int64 = 0
        var endP99: Int64 = 0

        init(
            schedules: Int,
            readySeconds: Double,
            readyMegabytes: Double,
            processorShare: Double
        ) {
            self.schedules = schedules
            self.readySeconds = readySeconds
            self.readyMegabytes = readyMegabytes
            self.processorShare = processorShare
        }

        /// Adds what the history says; a primary key sees to it that none is there twice.
        mutating func add(_ metastore: Metastore, since: Instant) async throws {
            var filter = OccurrenceFilter()
            filter.limit = 1_000
            var claims: [Int64] = []
            var starts: [Int64] = []
            var ends: [Int64] = []
            var first = Instant.distantFuture
            var last = Instant.distantPast
            while true {
                let page = try await metastore.runs(filter)
                for record in page {
                    let occurrence = record.occurrence
                    guard occurrence.dueAt >= since else { continue }
                    occurrences += 1
                    if record.state == .missed || record.state == .skipped {
                        missed += record.count
                    }
                    if record.state == .succeeded { ended += 1 }
                    if occurrence.claimedAt < occurrence.dueAt { early += 1 }
                    claims.append((occurrence.claimedAt - occurrence.dueAt).milliseconds)
                    if let time = occurrence.startedAt {
                        starts.append((time - occurrence.dueAt).milliseconds)
                    }
                    if let time = record.endedAt {
                        ends.append((time - occurrence.dueAt).milliseconds)
                    }
                    first = min(first, occurrence.dueAt)
                    last = max(last, occurrence.claimedAt)
                }
                guard let end = page.last, page.count == filter.limit else { break }
                filter.before = end.sequence
            }
            claims.sort()
            claimP50 = Self.quantile(claims, 0.5)
            claimP99 = Self.quantile(claims, 0.99)
            claimMax = claims.last ?? 0
            startP99 = Self.quantile(starts.sorted(), 0.99)
            endP99 = Self.quantile(ends.sorted(), 0.99)
            span = occurrences > 0 ? (last - first).milliseconds : 0
        }

        private static func quantile(_ sorted: [Int64], _ share: Double) -> Int64 {
            sorted.isEmpty ? 0 : sorted[min(sorted.count - 1, Int(Double(sorted.count) * share))]
        }
    }

    // MARK: The machine

    /// Seconds of all cores that this process has taken.
    private static func processorTime() -> Double {
        var usage = rusage()
        getrusage(__rusage_who_t(RUSAGE_SELF.rawValue), &usage)
        return Double(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec)
            + Double(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1_000_000
    }

    /// Megabytes of memory that are in use now.
    private static func memory() -> Double {
        // A system without it has no figure.
        let text = try? String(contentsOfFile: "/proc/self/statm", encoding: .utf8)
        let pages = text?.split(separator: " ").dropFirst().first.flatMap { Double($0) } ?? 0
        return pages * Double(sysconf(Int32(_SC_PAGESIZE))) / 1_000_000
    }

    private static func peakMemory() -> Double {
        var usage = rusage()
        getrusage(__rusage_who_t(RUSAGE_SELF.rawValue), &usage)
        return Double(usage.ru_maxrss) * 1_024 / 1_000_000
    }
}

/// Where words go.
private enum FileHandle {
    static func write(_ text: String) {
        var rest = Array(text.utf8)[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes { Glibc.write(1, $0.baseAddress, $0.count) }
            guard count > 0 else { return }
            rest = rest.dropFirst(count)
        }
    }
}
