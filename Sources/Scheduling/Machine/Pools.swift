import Basics

/// Who may begin: places in pools, and one run per schedule and table.
///
/// An occurrence is held back by a full pool or by another one that has its schedule or its table; whoever
/// ends gives back what it had, and those behind it come in their order.
struct Pools: Sendable {
    /// Runs at a time, in all.
    let limit: Int
    /// Runs at a time of one pool.
    let poolLimit: Int

    /// What only one occurrence has at a time.
    private enum Lock: Hashable {
        case schedule(String)
        case target(TableName)
    }

    private struct Pool {
        var runningCount = 0
        /// Whether it stands in the line of pools that somebody waits for.
        var isInLine = false
        var waiting = Line()
        /// Backfills come when nothing else waits.
        var waitingBackfills = Line()

        var isEmpty: Bool { waiting.isEmpty && waitingBackfills.isEmpty }

        /// Has an occurrence wait for its turn; tells whether the pool has to join the line for that.
        mutating func add(_ occurrence: Occurrence, isFirst: Bool) -> Bool {
            switch (occurrence.origin, isFirst) {
            case (.backfill, true): waitingBackfills.prepend(occurrence.id)
            case (.backfill, false): waitingBackfills.append(occurrence.id)
            case (_, true): waiting.prepend(occurrence.id)
            case (_, false): waiting.append(occurrence.id)
            }
            defer { isInLine = true }
            return !isInLine
        }

        /// The next one's id; the last one leaves the pool out of the line.
        mutating func popFirst() -> String? {
            let id = waiting.popFirst() ?? waitingBackfills.popFirst()
            if isEmpty { isInLine = false }
            return id
        }
    }

    /// First come, first served; taking from the front costs nothing that grows.
    private struct Line {
        private var items: [String] = []
        private var head = 0

        var isEmpty: Bool { head == items.count }

        mutating func append(_ item: String) { items.append(item) }

        mutating func prepend(_ item: String) {
            if head > 0 {
                head -= 1
                items[head] = item
            } else {
                items.insert(item, at: 0)
            }
        }

        mutating func popFirst() -> String? {
            guard !isEmpty else { return nil }
            let item = items[head]
            head += 1
            if head > 64, head * 2 > items.count {
                items.removeFirst(head)
                head = 0
            }
            return item
        }
    }

    private(set) var runningCount = 0
    private var pools: [String: Pool] = [:]
    private var line = Line()
    private var lineCount = 0
    private var holders: [Lock: String] = [:]
    private var parked: [Lock: [String]] = [:]

    init(limit: Int, poolLimit: Int) {
        self.limit = limit
        self.poolLimit = poolLimit
    }

    /// Has an occurrence wait for its turn.
    mutating func enqueue(_ occurrence: Occurrence, isFirst: Bool = false) {
        // In place: a copy of the line for each that joins it would take the square of its length.
        if pools[occurrence.pool, default: Pool()].add(occurrence, isFirst: isFirst) {
            line.append(occurrence.pool)
            lineCount += 1
        }
    }

    /// The next one that may begin, with its place taken; nil when none may.
    ///
    /// `find` gives the occurrence of an id; nil for one that waits no longer.
    mutating func next(_ find: (String) -> Occurrence?) -> Occurrence? {
        var skipped = 0
        while runningCount < limit, skipped < lineCount, let name = line.popFirst() {
            guard let runningOfPool = pools[name]?.runningCount else { continue }
            guard runningOfPool < poolLimit else {
                line.append(name)
                skipped += 1
                continue
            }
            let id = pools[name]?.popFirst()
            if pools[name]?.isInLine ?? false {
                line.append(name)
            } else {
                lineCount -= 1
            }
            skipped = 0
            guard let id, let occurrence = find(id) else {
                forgetIfIdle(name)
                continue
            }
            if let lock = takeLocks(of: occurrence) {
                parked[lock, default: []].append(id)
                continue
            }
            pools[name, default: Pool()].runningCount += 1
            runningCount += 1
            return occurrence
        }
        return nil
    }

    /// Gives back the place of a run that ended or waits to be tried again.
    mutating func leave(_ occurrence: Occurrence) {
        runningCount -= 1
        pools[occurrence.pool]?.runningCount -= 1
        forgetIfIdle(occurrence.pool)
    }

    /// Gives back schedule and table when the occurrence has ended; returns who waited for them.
    mutating func unlock(_ occurrence: Occurrence) -> [String] {
        var freed: [String] = []
        for lock in [Lock.schedule(occurrence.scheduleID), .target(occurrence.target)]
        where holders[lock] == occurrence.id {
            holders[lock] = nil
            freed += parked.removeValue(forKey: lock) ?? []
        }
        return freed
    }

    /// Takes schedule and table for an occurrence; returns what somebody else has.
    private mutating func takeLocks(of occurrence: Occurrence) -> Lock? {
        let locks = [Lock.schedule(occurrence.scheduleID), .target(occurrence.target)]
        if let taken = locks.first(where: { holders[$0] ?? occurrence.id != occurrence.id }) {
            return taken
        }
        for lock in locks { holders[lock] = occurrence.id }
        return nil
    }

    private mutating func forgetIfIdle(_ name: String) {
        if let pool = pools[name], pool.runningCount == 0, pool.isEmpty, !pool.isInLine {
            pools[name] = nil
        }
    }
}
