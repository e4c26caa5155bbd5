package import Basics

/// How often a commit that others were faster than is tried again: for a bounded time, with waits
/// that grow, and counted.
package struct CommitPatience {
    private let clocks: Clocks
    /// Tries that were lost.
    package private(set) var lossCount = 0
    private var firstLoss: Duration?
    /// What was waited, by the waits themselves: a clock that stands still must not wait for ever.
    private var waited = Duration.zero

    /// Begins with all patience left.
    package init(_ clocks: Clocks) {
        self.clocks = clocks
    }

    /// Notes a lost try and waits before the next one; false when it was tried for long enough.
    package mutating func waitAfterLoss() async throws -> Bool {
        lossCount += 1
        let now = clocks.uptime().sinceBoot
        let first = firstLoss ?? now
        firstLoss = first
        let tried = max(now - first, waited)
        guard tried < Limits.commitPatience else { return false }
        let wait = clocks.backOff(lossCount)
        waited += wait
        try await clocks.sleep(wait)
        return true
    }
}
