package import Basics

/// Schedules that come, change and go.
extension SchedulerMachine {
    /// A new schedule, or a new definition of one.
    ///
    /// - Parameters:
    ///   - spec: What it is from now on.
    ///   - status: Where it stands, for one that this machine does not know; nil for one that is new.
    ///   - isHeld: Whether its document cannot be read now, and this is what it was before: nothing of it is
    ///     due until it can be; then its policy says what becomes of the times that went by.
    ///   - now: The time.
    package mutating func put(
        _ spec: ScheduleSpec,
        status: ScheduleStatus? = nil,
        isHeld: Bool = false,
        _ now: Instant
    ) {
        guard let place = places[spec.id], let old = entries[place] else {
            return insert(spec, status, isHeld: isHeld, now)
        }
        unfollow(place, old.spec)
        entries[place]?.spec = spec
        entries[place]?.isHeld = isHeld
        follow(place)
        let isBack = spec.isEnabled && !old.spec.isEnabled
        if isBack || spec.firesUnlike(old.spec) {
            // What it would have been due at before the change is over.
            setCursor(place, max(now, old.status.cursor))
        }
        if spec.target != old.spec.target {
            // What waits was for the other table.
            for id in old.unfinished where work[id]?.isRunning == false {
                stop(id, .replaced, now)
            }
        }
        if !spec.isEnabled || isHeld { drop(old.unfinished, .disabled, now) }
        entries[place]?.nominal = nil
        plan(place)
        admit(now)
    }

    private mutating func insert(
        _ spec: ScheduleSpec,
        _ status: ScheduleStatus?,
        isHeld: Bool,
        _ now: Instant
    ) {
        let place = entries.count
        places[spec.id] = place
        entries.append(
            Entry(
                spec: spec,
                status: status ?? ScheduleStatus(cursor: spec.createdAt),
                isHeld: isHeld
            )
        )
        follow(place)
        if let status, status.cursor > now + Limits.clockStep {
            // The clock was set back while nobody was there to see it.
            beginEra()
            setCursor(place, now)
        }
        if status == nil {
            let isDue: Bool =
                switch spec.trigger {
                case .manual: false
                case .cron, .interval, .completion, .dataset:
                    spec.isDueWhenCreated && spec.isEnabled && !isHeld
                        && spec.startAt ?? .distantPast <= now
                }
            // The first run covers what came before it.
            setCursor(place, isDue ? max(now, spec.createdAt) : spec.createdAt)
            if isDue { add(place, .created, spec.createdAt, now) }
        }
        plan(place)
    }

    /// A schedule that is gone.
    ///
    /// What waits of it ends, what runs is stopped.
    package mutating func remove(_ id: String, _ now: Instant) {
        guard let place = places.removeValue(forKey: id), let entry = entries[place] else { return }
        unfollow(place, entry.spec)
        for id in entry.unfinished { stop(id, .deleted, now) }
        entries[place] = nil
        admit(now)
    }

    /// Ends a pause; times that went by meanwhile are over.
    ///
    /// - Returns: Whether there is such a schedule.
    @discardableResult
    package mutating func resume(_ id: String, _ now: Instant) -> Bool {
        guard let place = places[id], let entry = entries[place] else { return false }
        guard entry.status.pauseReason != nil else { return true }
        setStatus(place) { status in
            status.pauseReason = nil
            status.failures = 0
            status.cursor = max(status.cursor, now)
        }
        plan(place)
        return true
    }

    /// What a schedule is; nil for one that is not there.
    package func spec(of id: String) -> ScheduleSpec? {
        places[id].flatMap { entries[$0]?.spec }
    }

    /// Where a schedule stands; nil for one that is not there.
    package func status(of id: String) -> ScheduleStatus? {
        places[id].flatMap { entries[$0]?.status }
    }

    /// An occurrence that had not ended when the last process did; its attempt, if there was one, is over.
    ///
    /// To be called when all schedules are there, the oldest occurrence first.
    package mutating func restore(_ occurrence: Occurrence, wasRunning: Bool, _ now: Instant) {
        let id = occurrence.id
        // What became of its last attempt is in the table, and nowhere else.
        work[id] = Work(occurrence: occurrence, isSettled: occurrence.attempt == 0)
        if wasRunning {
            let report = AttemptReport(
                .interrupted,
                message: "the process ended before the run did"
            )
            step.changes.append(.attempted(id, attempt: occurrence.attempt, report, at: now))
            step.changes.append(.waits(id, until: nil))
        }
        guard let place = places[occurrence.scheduleID], let entry = entries[place] else {
            work[id]?.occurrence.retryAt = nil
            pools.enqueue(occurrence)
            stop(id, .deleted, now)
            return
        }
        entries[place]?.unfinished.append(id)
        let rests = !entry.spec.isEnabled || entry.isHeld
        if rests, occurrence.attempt == 0, !occurrence.wasAskedFor {
            return finish(id, .cancelled, .disabled, now)
        }
        if let until = occurrence.retryAt, until > now, !wasRunning {
            // No wait is longer than the policy's longest, whatever the clock has become.
            wait(id, min(until - now, retry(of: occurrence).cap))
        } else {
            work[id]?.occurrence.retryAt = nil
            pools.enqueue(occurrence)
        }
        // A run that is under way is what the next time of such a schedule waits for.
        if case .completion = entry.spec.trigger { plan(place) }
    }

    /// Ends what has not begun, but for what somebody asked for.
    private mutating func drop(_ ids: [String], _ reason: OccurrenceReason, _ now: Instant) {
        for id in ids {
            guard let waiting = work[id], waiting.occurrence.attempt == 0, !waiting.isRunning,
                !waiting.occurrence.wasAskedFor
            else { continue }
            finish(id, .cancelled, reason, now)
        }
    }

    private mutating func follow(_ place: Int) {
        if let spec = entries[place]?.spec, case .dataset(let table) = spec.trigger {
            followers[table, default: []].insert(place)
        }
    }

    private mutating func unfollow(_ place: Int, _ spec: ScheduleSpec) {
        guard case .dataset(let table) = spec.trigger else { return }
        followers[table]?.remove(place)
        if followers[table]?.isEmpty == true { followers[table] = nil }
    }
}
