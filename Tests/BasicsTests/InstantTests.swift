import Basics
import Foundation
import Testing

@Suite struct InstantTests {
    @Test(arguments: [
        "1970-01-01T00:00:00Z", "2026-11-21T08:00:00Z", "2024-02-29T23:59:59.125+05:30",
        "2100-02-28T00:00:00-00:01", "9999-12-31T23:59:59.999Z", "2000-02-29T12:00:00Z",
        "1972-01-01T00:00:00+00:00",
    ])
    func `a time is what Foundation takes it for`(_ text: String) throws {
        let styles = [
            Date.ISO8601FormatStyle(includingFractionalSeconds: true), Date.ISO8601FormatStyle(),
        ]
        let date = try #require(styles.lazy.compactMap { try? $0.parse(text) }.first)
        let instant = try #require(Instant(parsing: text))
        #expect(instant.milliseconds == Int64((date.timeIntervalSince1970 * 1_000).rounded()))
    }

    @Test func `every day of four centuries is read as it is written`() {
        for day in 0..<146_097 {
            let instant = Instant(seconds: Int64(day) * 86_400 + 3_600)
            #expect(Instant(parsing: instant.description) == instant)
        }
    }

    @Test func `a time is written as Foundation writes it, to the millisecond`() {
        var random = SystemRandomNumberGenerator()
        for _ in 0..<2_000 {
            let seconds = Int64.random(in: 0..<253_402_300_800, using: &random)
            let whole = Date(timeIntervalSince1970: Double(seconds)).formatted(.iso8601)
            #expect(Instant(seconds: seconds).description == whole)
            // Foundation's own fraction is cut from a binary one, and loses one in a thousand.
            let rest = Int64.random(in: 1...999, using: &random)
            let digits = String(String(1_000 + rest).dropFirst())
            #expect(
                Instant(milliseconds: seconds * 1_000 + rest).description == whole.dropLast()
                    + ".\(digits)Z"
            )
        }
    }

    @Test(arguments: [
        "2026-01-01T24:00:00Z", "2026-01-01T24:30:00Z", "2026-01-01T00:60:00Z",
        "2026-01-01T00:00:60Z", "2026-02-29T00:00:00Z", "2026-04-31T00:00:00Z",
        "2026-00-01T00:00:00Z", "2026-13-01T00:00:00Z", "2026-01-00T00:00:00Z",
        "2026-01-01T00:00:00", "2026-01-01T00:00:00+24:00", "2026-01-01T00:00:00+01:60",
        "2026-01-01T00:00:00.Z", "2026-01-01T00:00:00Z ", " 2026-01-01T00:00:00Z",
        "2026-1-1T00:00:00Z", "+2026-01-01T00:00:00Z", "1969-12-31T23:59:59Z",
        "10000-01-01T00:00:00Z", "2026-01-01t00:00:00z", "2026-01-01T00:00:00+0100",
        "1970-01-01T00:00:00+00:01", "",
    ])
    func `a time that no calendar and no clock shows is none`(_ text: String) {
        #expect(Instant(parsing: text) == nil)
    }

    @Test func `sums stop at the ends of time`() {
        #expect(Instant.distantFuture + .seconds(1) == .distantFuture)
        #expect(Instant.distantPast - .seconds(1) == .distantPast)
        #expect(Instant.distantFuture.next == .distantFuture)
        #expect(Instant.distantPast.previous == .distantPast)
        #expect(Instant.distantFuture - .distantPast == .milliseconds(Int64.max))
        #expect(Instant(seconds: .max) == .distantFuture)
        #expect(Instant(seconds: .min) == .distantPast)
    }

    @Test func `sums and differences are of whole milliseconds`() {
        let start = Instant(milliseconds: -1_500)
        #expect(start.seconds == -2)
        #expect(start + .milliseconds(500) == Instant(seconds: -1))
        #expect(start + .microseconds(999) == start)
        #expect(start - .microseconds(1) == start.previous)
        #expect(Instant(seconds: 3) - start == .milliseconds(4_500))
    }
}
