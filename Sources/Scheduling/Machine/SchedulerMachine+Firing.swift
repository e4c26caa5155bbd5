package import Basics

/// What becomes of a schedule whose time has come.
extension SchedulerMachine {
    /// Records what a schedule's time has led to: occurrences that are run, and those that are not.
    ///
    /// - Returns: How much work that was, in alarms.
    mutating func fire(_ place: Int, _ now: Instant) -> Int {
        guard let entry = entries[place], let nominal = entry.nominal, entry.isLive else {
            return 1
        }
        guard entry.spec.trigger.isByClock else {
            entries[place]?.nominal = nil
            setCursor(place, nominal)
            add(place, .schedule, nominal, now)
            return 1
        }
        countedTimes = 0
        var newest = nominal
        if let last = entry.spec.lastNominal(after: nominal, dueBy: now) { newest = last }
        let isLate = now - entry.spec.due(newest) > Limits.lateness
        switch entry.spec.catchUp {
        case .latest:
            miss(place, from: nominal, before: newest, now)
            add(place, .schedule, newest, now)
        case .none where isLate:
            miss(place, from: nominal, before: newest.next, now)
        case .none:
            miss(place, from: nominal, before: newest, now)
            add(place, .schedule, newest, now)
        case .all(let max, let window):
            let times = newestTimes(
                entry.spec,
                from: Swift.max(nominal, now - window),
                through: newest,
                now,
                max: max
            )
            miss(place, from: nominal, before: times.first ?? newest.next, now)
            for (index, time) in times.enumerated() {
                add(place, .schedule, time, now, isQueued: index > 0 || times.count > 1)
            }
        }
        setCursor(place, newest)
        plan(place)
        return 1 + countedTimes / Limits.countedPerAlarm
    }

    /// The newest nominal times, the oldest first.
    private func newestTimes(
        _ spec: ScheduleSpec,
        from start: Instant,
        through end: Instant,
        _ now: Instant,
        max: Int
    ) -> [Instant] {
        guard end >= start else { return [] }
        var times = [end]
        while times.count < max, let first = times.last,
            let time = spec.lastNominal(
                after: start.previous,
                dueBy: Swift.min(now, first.previous)
            )
        {
            times.append(time)
        }
        return times.reversed()
    }

    /// Records the nominal times from `start` to before `end` as one gap.
    private mutating func miss(
        _ place: Int,
        from start: Instant,
        before end: Instant,
        _ now: Instant
    ) {
        guard let entry = entries[place], start < end else { return }
        var count = 0
        var last = start
        if case .interval(let trigger) = entry.spec.trigger {
            let interval = trigger.interval
            count = Int((end.previous - start).milliseconds / interval.milliseconds) + 1
            last = start + interval * (count - 1)
        } else {
            var time: Instant? = start
            while let present = time, present < end, count < Limits.countedGap {
                (count, last) = (count + 1, present)
                time = entry.spec.nextNominal(after: present)
            }
            countedTimes += count
            // Beyond what is counted one by one, the end is still told.
            last = entry.spec.lastNominal(after: last, dueBy: end.previous) ?? last
        }
        step.changes.append(
            .passed(
                occurrence(entry.spec, .schedule, start, now),
                .missed,
                .late,
                count: count,
                through: last
            )
        )
    }

    /// Adds an occurrence, or records why it is not run.
    ///
    /// One that `isQueued` may wait behind others of its schedule whatever the policy.
    mutating func add(
        _ place: Int,
        _ origin: OccurrenceOrigin,
        _ scheduledFor: Instant,
        _ now: Instant,
        rows: RowsRule? = nil,
        isQueued: Bool = false
    ) {
        guard let entry = entries[place] else { return }
        var added = occurrence(entry.spec, origin, scheduledFor, now)
        added.rows = rows
        // It is there already, under the same name.
        guard work[added.id] == nil else { return }
        let others = unfinishedBesidesBackfills(entry)
        if !others.isEmpty, !isQueued {
            switch entry.spec.overlap {
            // What another table brought would be missed, not just be later.
            case .skip where origin == .dataset && others.count == 1: break
            case .skip: return pass(added, .overlap)
            case .bufferOne where others.count > 1: return pass(added, .bufferFull)
            case .bufferOne: break
            case .cancelOther:
                for id in others { stop(id, .replaced, now) }
            }
        }
        work[added.id] = Work(occurrence: added)
        entries[place]?.unfinished.append(added.id)
        step.changes.append(.added(added))
        pools.enqueue(added)
    }

    /// Occurrences that have not ended; backfills wait behind everything and are in nobody's way.
    private func unfinishedBesidesBackfills(_ entry: Entry) -> [String] {
        entry.unfinished.filter { work[$0]?.occurrence.origin != .backfill }
    }

    private mutating func pass(_ occurrence: Occurrence, _ reason: OccurrenceReason) {
        step.changes.append(
            .passed(occurrence, .skipped, reason, count: 1, through: occurrence.scheduledFor)
        )
    }

    private func occurrence(
        _ spec: ScheduleSpec,
        _ origin: OccurrenceOrigin,
        _ scheduledFor: Instant,
        _ now: Instant
    ) -> Occurrence {
        Occurrence(
            scheduleID: spec.id,
            origin: origin,
            scheduledFor: scheduledFor,
            dueAt: origin == .schedule ? spec.due(scheduledFor) : scheduledFor,
            claimedAt: now,
            era: era,
            // The same times may be asked for again.
            askedAt: origin == .backfill ? now : nil,
            target: spec.target,
            pool: spec.pool
        )
    }

    // MARK: Asked for

    /// Why something that was asked for is not done.
    package enum Refusal: Error, Hashable, Sendable {
        case unknownSchedule
        /// The schedule has an occurrence that has not ended.
        case busy(with: String)
        /// Its trigger names no times.
        case notByClock
        /// More times than can be asked for at once.
        case tooMany(limit: Int)
    }

    /// Adds an occurrence now, whether the schedule is enabled or not.
    ///
    /// - Throws: `Refusal` where the overlap policy has it wait for nobody.
    package mutating func runNow(
        _ id: String,
        rows: RowsRule? = nil,
        _ now: Instant
    ) throws(Refusal) -> Occurrence {
        guard let place = places[id], let entry = entries[place] else { throw .unknownSchedule }
        let others = unfinishedBesidesBackfills(entry)
        if let last = others.last {
            switch entry.spec.overlap {
            case .skip: throw .busy(with: last)
            case .bufferOne where others.count > 1: throw .busy(with: last)
            case .bufferOne, .cancelOther: break
            }
        }
        var time = now
        // Two in one millisecond are two.
        while work[occurrence(entry.spec, .manual, time, now).id] != nil { time = time.next }
        add(place, .manual, time, now, rows: rows)
        admit(now)
        var asked = occurrence(entry.spec, .manual, time, now)
        asked.rows = rows
        return asked
    }

    /// Adds occurrences for the nominal times from `start` to before `end`, behind all others.
    ///
    /// - Throws: `Refusal` for schedules without a clock, and for too many times.
    package mutating func backfill(
        _ id: String,
        from start: Instant,
        until end: Instant,
        _ now: Instant
    ) throws(Refusal) -> [Occurrence] {
        guard let place = places[id], let entry = entries[place] else { throw .unknownSchedule }
        guard entry.spec.trigger.isByClock else { throw .notByClock }
        var times: [Instant] = []
        var last = start.previous
        while let time = entry.spec.nextNominal(after: last), time < end, time <= now {
            guard times.count < Limits.backfill else { throw .tooMany(limit: Limits.backfill) }
            times.append(time)
            last = time
        }
        for time in times { add(place, .backfill, time, now, isQueued: true) }
        admit(now)
        return times.map { occurrence(entry.spec, .backfill, $0, now) }
    }

    /// A table has a snapshot of that time: schedules that wait for it are due.
    package mutating func datasetChanged(_ table: TableName, at time: Instant, _ now: Instant) {
        for place in (followers[table] ?? []).sorted() {
            guard let entry = entries[place], entry.isLive, entry.status.cursor < time,
                time >= entry.spec.startAt ?? .distantPast,
                time < entry.spec.endAt ?? .distantFuture
            else { continue }
            setCursor(place, time)
            add(place, .dataset, time, now)
        }
        admit(now)
    }

    /// Tables that schedules wait for.
    package var followedTables: [TableName] { followers.keys.sorted() }

    // MARK: What the store said

    /// The store has had the occurrence before: it was run, or is run, elsewhere.
    package mutating func refuse(_ id: String) {
        guard let refused = work.removeValue(forKey: id) else { return }
        if refused.isRunning { pools.leave(refused.occurrence) }
        for freed in pools.unlock(refused.occurrence).reversed() {
            if let waiting = work[freed] { pools.enqueue(waiting.occurrence, isFirst: true) }
        }
        guard let place = places[refused.occurrence.scheduleID] else { return }
        entries[place]?.unfinished.removeAll { $0 == id }
        plan(place)
    }
}
