package import Basics
import HeapModule

/// The scheduler's decisions, without a clock, a store or a thread.
///
/// Every method tells it what happened and when; what it wants done adds up in a `SchedulerStep`, which `takeStep`
/// hands out. Whoever drives it writes the step down in one transaction and acts on it only then, so that
/// nothing runs that is not recorded. If writing fails, the machine is thrown away and built again from what
/// is written.
///
/// Waits are measured by `uptime`, which whoever drives it sets before each call: a clock that is set
/// changes when something is due, not how long a run may take.
package struct SchedulerMachine: Sendable {
    /// What is known of one schedule.
    struct Entry: Sendable {
        var spec: ScheduleSpec
        var status: ScheduleStatus
        /// The nominal time it waits for; nil while it waits for none.
        var nominal: Instant?
        /// Counts changes of `nominal`: what the agenda holds of before counts no longer.
        var version: UInt32 = 0
        /// Occurrences that have not ended, the oldest first.
        var unfinished: [String] = []
        /// Whether its document cannot be read now: nothing of it is due until it can.
        var isHeld = false

        var isLive: Bool { spec.isEnabled && !isHeld && status.pauseReason == nil }
    }

    /// An occurrence that has not ended.
    struct Work: Sendable {
        var occurrence: Occurrence
        var isRunning = false
        /// Why it is to stop.
        var stopReason: OccurrenceReason?
        /// Whether it waits until its next attempt may begin.
        var isResting = false
        /// Whether it is known what the table has of its attempts; where it is not, the table is asked before
        /// it ends as anything but succeeded.
        var isSettled = true
        /// Attempts that failed because the lake was away: they use up none of those it has.
        var lakeFailures = 0
    }

    /// A schedule's next nominal time, by the wall clock.
    struct Due: Comparable, Sendable {
        var at: Instant
        var place: Int
        var version: UInt32

        static func < (left: Due, right: Due) -> Bool { left.at < right.at }
    }

    /// The end of a wait, by `uptime`.
    struct Timer: Comparable, Sendable {
        enum Purpose: Hashable, Sendable { case retry, deadline }

        var at: Duration
        var purpose: Purpose
        var id: String
        var attempt: Int

        static func < (left: Timer, right: Timer) -> Bool { left.at < right.at }
    }

    /// Entries by place; a removed one leaves its place empty.
    var entries: [Entry?] = []
    var places: [String: Int] = [:]
    var work: [String: Work] = [:]
    var agenda = Heap<Due>()
    var timers = Heap<Timer>()
    /// A clock that is never set, as the time since it began.
    package var uptime = Duration.zero
    var pools: Pools
    var step = SchedulerStep()
    /// How often the clock was set back.
    var era: Int
    /// Schedules that wait for a table.
    var followers: [TableName: Set<Int>] = [:]
    /// Times of the gap that was counted last, one by one.
    var countedTimes = 0
    private var lastNow: Instant?
    private var chance: UInt64
    /// A machine that stops begins nothing more.
    private var isStopping = false
    /// Nothing begins before all that was unfinished is there.
    private var isLoading = false

    /// Makes a machine that knows no schedule.
    ///
    /// - Parameters:
    ///   - limit: Runs at a time, in all.
    ///   - poolLimit: Runs at a time of one pool.
    ///   - era: How often the clock had been set back.
    ///   - seed: What the waits between attempts are drawn from.
    package init(limit: Int, poolLimit: Int, era: Int = 0, seed: UInt64) {
        pools = Pools(limit: limit, poolLimit: poolLimit)
        self.era = era
        chance = seed
    }

    /// Hands out what is to be written and done, and begins a new step.
    package mutating func takeStep() -> SchedulerStep {
        let taken = step
        step = SchedulerStep()
        return taken
    }

    /// How long until it next wants to be told the time, zero or less for at once; nil while it waits for
    /// nothing.
    package func wait(at now: Instant) -> Duration? {
        let due = agenda.min.map { $0.at - now }
        let timer = timers.min.map { $0.at - uptime }
        return [due, timer].compactMap { $0 }.min()
    }

    /// Schedules it knows.
    package var scheduleCount: Int { places.count }

    /// Runs that have a place.
    package var runningCount: Int { pools.runningCount }

    /// Occurrences that have not ended.
    package var unfinishedCount: Int { work.count }

    /// When a schedule is next due by the clock; nil where it is not.
    package func nextDue(of id: String) -> Instant? {
        guard let entry = places[id].flatMap({ entries[$0] }) else { return nil }
        return entry.nominal.map(entry.spec.due)
    }

    // MARK: Time

    /// Tells it the time.
    ///
    /// Deals with at most `limit` alarms, so that a step stays a transaction of a size that can be written
    /// quickly; `wait` is over at once while there are more.
    package mutating func tick(_ now: Instant, limit: Int = Limits.stepAlarms) {
        if let last = lastNow, now < last - Limits.clockStep {
            clockWentBack(to: now)
            lastNow = now
        }
        lastNow = max(now, lastNow ?? now)
        var count = 0
        while count < limit, let due = agenda.min, due.at <= now {
            _ = agenda.popMin()
            guard let entry = entries[due.place], entry.version == due.version else {
                count += 1
                continue
            }
            count += fire(due.place, now)
        }
        while count < limit, let timer = timers.min, timer.at <= uptime {
            _ = timers.popMin()
            count += 1
            ring(timer, now)
        }
        admit(now)
    }

    /// A wait is over; one of an attempt that is over too counts for nothing.
    private mutating func ring(_ timer: Timer, _ now: Instant) {
        guard let present = work[timer.id], present.occurrence.attempt == timer.attempt else {
            return
        }
        switch timer.purpose {
        case .retry where present.isResting:
            work[timer.id]?.isResting = false
            work[timer.id]?.occurrence.retryAt = nil
            pools.enqueue(present.occurrence)
        case .deadline where present.isRunning: stop(timer.id, .timeout, now)
        case .retry, .deadline: break
        }
    }

    /// A clock that was set back by more than a little: what it showed before was wrong, and the times it
    /// shows now are new ones, whatever they are called.
    private mutating func clockWentBack(to now: Instant) {
        beginEra()
        for place in entries.indices {
            guard let entry = entries[place], entry.status.cursor > now else { continue }
            setCursor(place, now)
            plan(place)
        }
    }

    /// Times that come from now on are others than those of the same name before; once in a step is enough.
    mutating func beginEra() {
        guard step.era == nil else { return }
        era += 1
        step.era = era
    }

    // MARK: Places and locks

    /// Begins what may begin.
    mutating func admit(_ now: Instant) {
        guard !isStopping, !isLoading else { return }
        while let next = pools.next({ work[$0].flatMap { $0.isRunning ? nil : $0.occurrence } }) {
            begin(next.id, now)
        }
    }

    private mutating func begin(_ id: String, _ now: Instant) {
        guard var begun = work[id] else { return }
        begun.isRunning = true
        begun.isResting = false
        begun.occurrence.attempt += 1
        begun.occurrence.startedAt = begun.occurrence.startedAt ?? now
        work[id] = begun
        if let timeout = places[begun.occurrence.scheduleID].flatMap({ entries[$0]?.spec.timeout })
        {
            let attempt = begun.occurrence.attempt
            timers.insert(
                Timer(at: uptime + timeout, purpose: .deadline, id: id, attempt: attempt)
            )
        }
        step.changes.append(.started(id, attempt: begun.occurrence.attempt, at: now))
        step.starts.append(
            SchedulerStep.Start(
                occurrence: begun.occurrence,
                attempt: begun.occurrence.attempt,
                onlyLooks: begun.stopReason != nil
            )
        )
    }

    /// Begins nothing more.
    ///
    /// What runs is to be interrupted, and its end still told.
    package mutating func beginStopping() { isStopping = true }

    /// Begins nothing until `endLoading`: what is told meanwhile is what was there before.
    package mutating func beginLoading() { isLoading = true }

    /// Everything is there that was; the next tick begins what may begin.
    package mutating func endLoading() { isLoading = false }

    // MARK: The ends of attempts

    /// An attempt ended; one that is not the occurrence's last counts for nothing.
    package mutating func ended(
        _ id: String,
        attempt: Int,
        _ report: AttemptReport,
        at now: Instant
    ) {
        guard let ended = work[id], ended.isRunning, ended.occurrence.attempt == attempt else {
            return
        }
        var report = report
        if ended.stopReason == .timeout, report.end != .succeeded {
            report.end = .failed(.timeout)
            report.message =
                "it took longer than the schedule's timeout; raise that, or see what holds it up"
        }
        step.changes.append(.attempted(id, attempt: attempt, report, at: now))
        work[id]?.isRunning = false
        work[id]?.isSettled = report.isSettled
        pools.leave(ended.occurrence)
        forgetOldTimers()
        let countedAttempts = attempt - ended.lakeFailures
        switch (report.end, ended.stopReason) {
        case (.succeeded, _):
            // It came to its end before it heard that it should not.
            finish(id, .succeeded, nil, now)
        case (_, _?) where !report.isSettled: rest(id, now)
        case (_, .timeout?): finish(id, .failed, .timeout, now)
        case (_, let reason?): finish(id, .cancelled, reason, now)
        case (.failed(.lake), nil):
            work[id]?.lakeFailures += 1
            rest(id, now)
        case (.failed(let failure), nil)
        where failure.isTriedAgain && countedAttempts < retry(of: ended.occurrence).attempts:
            rest(id, now)
        case (.failed, nil): finish(id, .failed, nil, now)
        case (.cancelled, nil): finish(id, .cancelled, .asked, now)
        case (.interrupted, nil):
            step.changes.append(.waits(id, until: nil))
            if let occurrence = work[id]?.occurrence { pools.enqueue(occurrence, isFirst: true) }
        }
        admit(now)
    }

    /// Drops timers of attempts that have ended, when they are many.
    private mutating func forgetOldTimers() {
        guard timers.count > Limits.timers, timers.count > 4 * work.count else { return }
        timers = Heap(
            timers.unordered.filter { timer in
                guard let present = work[timer.id] else { return false }
                return present.occurrence.attempt == timer.attempt
                    && (present.isRunning || present.isResting)
            }
        )
    }

    func retry(of occurrence: Occurrence) -> RetryPolicy {
        places[occurrence.scheduleID].flatMap { entries[$0]?.spec.retry } ?? RetryPolicy()
    }

    /// Has an occurrence wait for its next attempt, without a place but with its schedule and table.
    private mutating func rest(_ id: String, _ now: Instant) {
        guard let resting = work[id]?.occurrence else { return }
        chance = Chance.hash(id, Int64(bitPattern: chance))
        let delay = retry(of: resting).delay(afterAttempt: resting.attempt, chance: chance)
        wait(id, delay)
        work[id]?.occurrence.retryAt = now + delay
        step.changes.append(.waits(id, until: now + delay))
    }

    /// Has an occurrence rest for a time.
    mutating func wait(_ id: String, _ delay: Duration) {
        guard let attempt = work[id]?.occurrence.attempt else { return }
        work[id]?.isResting = true
        timers.insert(Timer(at: uptime + delay, purpose: .retry, id: id, attempt: attempt))
    }

    /// Ends an occurrence that does not run.
    mutating func finish(
        _ id: String,
        _ state: OccurrenceState,
        _ reason: OccurrenceReason?,
        _ now: Instant
    ) {
        guard let finished = work.removeValue(forKey: id) else { return }
        step.changes.append(.ended(id, state, reason, at: now))
        for freed in pools.unlock(finished.occurrence).reversed() {
            if let waiting = work[freed] { pools.enqueue(waiting.occurrence, isFirst: true) }
        }
        guard let place = places[finished.occurrence.scheduleID], let entry = entries[place] else {
            return
        }
        entries[place]?.unfinished.removeAll { $0 == id }
        switch state {
        case .succeeded where entry.status.failures > 0: setStatus(place) { $0.failures = 0 }
        case .failed:
            setStatus(place) { status in
                status.failures += 1
                let limit = entry.spec.pauseAfter
                guard limit > 0, status.failures >= limit else { return }
                status.pauseReason =
                    status.failures == 1
                    ? "a run failed" : "\(status.failures) runs in a row failed"
            }
        default: break
        }
        if case .completion = entry.spec.trigger {
            setCursor(place, max(now, entry.status.cursor))
        }
        plan(place)
    }

    // MARK: Stopping one

    /// Stops an occurrence; one that waits ends at once, one that runs when its attempt does, and one whose
    /// last attempt may have published it when the table has been asked.
    ///
    /// - Returns: Whether there is such an occurrence that has not ended.
    @discardableResult
    package mutating func stop(_ id: String, _ reason: OccurrenceReason, _ now: Instant) -> Bool {
        guard let stopped = work[id] else { return false }
        if stopped.isRunning {
            guard stopped.stopReason == nil else { return true }
            work[id]?.stopReason = reason
            step.cancels.append(id)
        } else if !stopped.isSettled {
            guard stopped.stopReason == nil else { return true }
            work[id]?.stopReason = reason
            guard stopped.isResting else { return true }
            work[id]?.isResting = false
            work[id]?.occurrence.retryAt = nil
            pools.enqueue(stopped.occurrence, isFirst: true)
        } else {
            finish(id, reason == .timeout ? .failed : .cancelled, reason, now)
        }
        return true
    }

    /// Stops everything that has not ended.
    package mutating func stopAll(_ reason: OccurrenceReason, _ now: Instant) {
        for id in work.keys.sorted() { stop(id, reason, now) }
    }

    // MARK: Status

    /// Changes a schedule's status and has it written.
    mutating func setStatus(_ place: Int, _ change: (inout ScheduleStatus) -> Void) {
        guard var entry = entries[place] else { return }
        change(&entry.status)
        entries[place] = entry
        step.statuses[entry.spec.id] = entry.status
    }

    mutating func setCursor(_ place: Int, _ time: Instant) {
        setStatus(place) { $0.cursor = time }
    }

    /// Puts a schedule's next nominal time on the agenda; what is there of it counts no longer.
    mutating func plan(_ place: Int) {
        guard var entry = entries[place] else { return }
        let nominal: Instant?
        if !entry.isLive {
            nominal = nil
        } else if case .completion(let pause) = entry.spec.trigger {
            let next = max(entry.status.cursor + pause, entry.spec.startAt ?? .distantPast)
            nominal =
                entry.unfinished.isEmpty && next < entry.spec.endAt ?? .distantFuture ? next : nil
        } else {
            nominal = entry.spec.nextNominal(after: entry.status.cursor)
        }
        if nominal == entry.nominal, entry.version > 0 { return }
        entry.nominal = nominal
        entry.version &+= 1
        entries[place] = entry
        if let nominal {
            agenda.insert(
                Due(at: entry.spec.due(nominal), place: place, version: entry.version)
            )
        }
    }
}
