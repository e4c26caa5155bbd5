import TestSupport

/// A table whose rows have versions, as a server with transactions keeps it.
struct SimulatedDatabase: Sendable {
    struct Row: Hashable, Sendable, Comparable {
        var key: Int64
        var value: Int64
        /// The transaction that wrote it.
        var writer: Int64

        static func < (left: Row, right: Row) -> Bool {
            (left.key, left.writer, left.value) < (right.key, right.writer, right.value)
        }
    }

    /// One version of a row, in its page.
    struct Version: Sendable {
        var row: Row
        var page: Int
        var remover: Int64?
    }

    /// Which transactions a read sees.
    struct Snapshot: Sendable {
        /// Every transaction below is over.
        var oldest: Int64
        /// No transaction from here on has begun.
        var next: Int64
        var open: Set<Int64>

        func sees(_ transaction: Int64) -> Bool {
            transaction < next && !open.contains(transaction)
        }

        func sees(_ version: Version) -> Bool {
            sees(version.row.writer) && !(version.remover.map { sees($0) } ?? false)
        }
    }

    private(set) var versions: [Version] = []
    /// Changes with every commit and rewrite.
    private(set) var stamp = 0
    /// Changes when the rows are laid out again.
    private(set) var heap = 1
    private(set) var pageCount = 3
    /// Changes when the rows mean something else.
    private(set) var definition = 1
    private(set) var isRenamed = false
    private var nextTransaction: Int64 = 100
    private var nextKey: Int64 = 1
    private var nextValue: Int64 = 1
    /// Transactions that are not over, with the keys they have locked.
    private var open: [Int64: Set<Int64>] = [:]

    var hasOpenTransactions: Bool { !open.isEmpty }

    var snapshot: Snapshot {
        Snapshot(
            oldest: open.keys.min() ?? nextTransaction,
            next: nextTransaction,
            open: Set(open.keys)
        )
    }

    // MARK: Transactions

    /// Ends some open transactions, or all.
    mutating func settle(all: Bool, _ chance: inout SplitMix64) {
        for transaction in open.keys.sorted() where all || chance.next() % 3 == 0 {
            if chance.next() % 5 == 0 { abort(transaction) } else { commit(transaction) }
        }
    }

    /// A transaction that changes some rows, and may stay open.
    mutating func transact(_ chance: inout SplitMix64) {
        let transaction = nextTransaction
        nextTransaction += 1
        open[transaction] = []
        for _ in 0...chance.next() % 3 {
            switch chance.next() % 10 {
            case 0...3: insert(transaction, &chance)
            case 4...7: update(transaction, &chance)
            default: remove(transaction, &chance)
            }
        }
        switch chance.next() % 10 {
        case 0...1: break
        case 2: abort(transaction)
        default: commit(transaction)
        }
    }

    /// Puts in one more row for good.
    mutating func add(_ chance: inout SplitMix64) {
        open[nextTransaction] = []
        nextTransaction += 1
        insert(nextTransaction - 1, &chance)
        commit(nextTransaction - 1)
    }

    /// Removes a row for good.
    mutating func removeOne(_ chance: inout SplitMix64) {
        open[nextTransaction] = []
        nextTransaction += 1
        remove(nextTransaction - 1, &chance)
        commit(nextTransaction - 1)
    }

    private mutating func commit(_ transaction: Int64) {
        open[transaction] = nil
        stamp += 1
    }

    private mutating func abort(_ transaction: Int64) {
        open[transaction] = nil
        versions.removeAll { $0.row.writer == transaction }
        for index in versions.indices where versions[index].remover == transaction {
            versions[index].remover = nil
        }
    }

    private func isLocked(_ key: Int64) -> Bool { open.values.contains { $0.contains(key) } }

    /// Places of the rows that are there and that nobody has locked.
    private var free: [Int] {
        versions.indices.filter { versions[$0].remover == nil && !isLocked(versions[$0].row.key) }
    }

    private mutating func write(_ key: Int64, _ transaction: Int64, page: Int) {
        open[transaction, default: []].insert(key)
        let row = Row(key: key, value: nextValue, writer: transaction)
        nextValue += 1
        versions.append(Version(row: row, page: page))
    }

    private mutating func insert(_ transaction: Int64, _ chance: inout SplitMix64) {
        let present = Set(versions.filter { $0.remover == nil }.map(\.row.key))
        let gone = Set(versions.map(\.row.key)).subtracting(present).filter { !isLocked($0) }
        var key = nextKey
        if let old = gone.min(), chance.next() % 3 == 0 { key = old } else { nextKey += 1 }
        if chance.next() % 8 == 0 { pageCount += 1 }
        write(key, transaction, page: page(&chance))
    }

    private mutating func update(_ transaction: Int64, _ chance: inout SplitMix64) {
        guard let place = pick(&chance) else { return }
        versions[place].remover = transaction
        let stays = chance.next() % 2 == 0
        let page = stays ? versions[place].page : page(&chance)
        write(versions[place].row.key, transaction, page: page)
    }

    private mutating func remove(_ transaction: Int64, _ chance: inout SplitMix64) {
        guard let place = pick(&chance) else { return }
        versions[place].remover = transaction
        open[transaction, default: []].insert(versions[place].row.key)
    }

    private func page(_ chance: inout SplitMix64) -> Int {
        Int(chance.next() % UInt64(pageCount))
    }

    private func pick(_ chance: inout SplitMix64) -> Int? {
        let free = free
        return free.isEmpty ? nil : free[Int(chance.next() % UInt64(free.count))]
    }

    // MARK: Definitions

    /// Changes what the table is, as its owner may between two reads.
    mutating func redefine(_ chance: inout SplitMix64) {
        switch chance.next() % 3 {
        case 0: definition += 1
        case 1: isRenamed.toggle()
        default:
            // Laying out again waits for every transaction; the rows keep their writers.
            settle(all: true, &chance)
            heap += 1
            stamp += 1
            versions.removeAll { $0.remover != nil }
            for index in versions.indices { versions[index].page = page(&chance) }
        }
    }
}
