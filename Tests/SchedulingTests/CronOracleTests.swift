import Basics
import FoundationEssentials
import Scheduling
import TestSupport
import Testing

/// What another program and the system's zones say, over all sorts of changes of clocks.
///
/// `TRIBUTARY_CRON_SEED` chooses other cases.
@Suite struct CronOracleTests {
    private struct Case: Decodable {
        var expression: String
        var zone: String
        var after: Int64
        var until: Int64
        var times: [Int64]
    }

    @Test func `a job runs when croniter and the zone's own clock say so`() async throws {
        let seed = TestEnvironment.optionalValue(of: "TRIBUTARY_CRON_SEED") ?? "20261121"
        let result = try await ChildProcess.run(
            TestEnvironment.python,
            [
                "-B", "\(TestEnvironment.packageRoot)/Tests/Python/cron_oracle.py", "--seed", seed,
                "--cases", "600",
            ]
        )
        try #require(result.succeeded, "\(result.transcript)")
        let lines = result.standardOutput.split(separator: "\n")
        #expect(lines.count == 600)
        for line in lines {
            let wanted = try JSONDecoder().decode(Case.self, from: Data(line.utf8))
            let trigger = try Trigger(parsing: wanted.expression, zone: wanted.zone)
            var found: [Int64] = []
            var last = wanted.after
            while found.count < max(wanted.times.count, 1),
                let next = trigger.next(after: Instant(seconds: last))?.seconds,
                next <= wanted.until
            {
                found.append(next)
                last = next
            }
            #expect(
                found == wanted.times,
                "\(wanted.expression) in \(wanted.zone) behind \(wanted.after)"
            )
        }
    }
}
