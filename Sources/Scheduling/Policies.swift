package import Basics

/// What becomes of an occurrence whose schedule still has one that has not ended.
package enum OverlapPolicy: String, Hashable, Sendable, CaseIterable, Codable {
    /// It is recorded as skipped.
    case skip
    /// One waits for the other's end; further ones are skipped.
    case bufferOne = "buffer-one"
    /// The other is cancelled, and this one follows.
    case cancelOther = "cancel-other"
}

/// What becomes of occurrences whose time came while nobody could run them.
package enum CatchUpPolicy: Hashable, Sendable {
    /// The newest one is run and covers the others, which are recorded as missed.
    case latest
    /// None is run; all are recorded as missed.
    case none
    /// The newest `max` within `window` are run, the oldest first.
    case all(max: Int, window: Duration)
}

/// How often a run is tried within its occurrence, and how long it waits between.
package struct RetryPolicy: Hashable, Sendable {
    /// Attempts in all, the first one too.
    package var attempts: Int
    /// The longest wait behind the first attempt; it doubles with each further one.
    package var base: Duration
    /// What no wait is longer than.
    package var cap: Duration

    /// Makes a policy.
    package init(
        attempts: Int = 5,
        base: Duration = .seconds(10),
        cap: Duration = .minutes(5)
    ) {
        self.attempts = attempts
        self.base = base
        self.cap = cap
    }

    /// The wait behind an attempt: anything up to a bound that doubles ("full jitter", Brooker,
    /// "Exponential Backoff And Jitter", AWS 2015), so that many that failed together do not come together.
    package func delay(afterAttempt attempt: Int, chance: UInt64) -> Duration {
        let doublings = min(max(attempt - 1, 0), 40)
        let (bound, overflow) = base.milliseconds.multipliedReportingOverflow(
            by: 1 << Int64(doublings)
        )
        let longest = max(1, overflow ? cap.milliseconds : min(bound, cap.milliseconds))
        return .milliseconds(Int64(chance % UInt64(longest)) + 1)
    }
}

/// Why an occurrence is there.
package enum OccurrenceOrigin: String, Hashable, Sendable, CaseIterable, Codable {
    /// Its time came.
    case schedule
    /// The schedule was created.
    case created
    /// Somebody asked.
    case manual
    /// Somebody asked for a range of times.
    case backfill
    /// Another table has a new snapshot.
    case dataset
}

/// Where an occurrence stands; every one ends in one of the last five.
package enum OccurrenceState: String, Hashable, Sendable, CaseIterable, Codable {
    /// It waits: for a place in a pool, for another run, or to be tried again.
    case pending
    case running
    case succeeded
    case failed
    case cancelled
    /// It was due and not run, because of the schedule's other occurrence.
    case skipped
    /// It was due while nobody could run it.
    case missed

    /// Whether nothing more will happen to it.
    package var isEnd: Bool {
        switch self {
        case .pending, .running: false
        case .succeeded, .failed, .cancelled, .skipped, .missed: true
        }
    }
}

/// How one attempt at an occurrence ended.
package enum AttemptEnd: Hashable, Sendable {
    case succeeded
    case failed(FailureClass)
    case cancelled
    /// The process stopped or died; another attempt goes on.
    case interrupted
}
