internal import Columnar

#if canImport(Glibc)
    import Glibc
#else
    import Musl
#endif

/// Keys in a bounded piece of memory, found by their hashes and compared by their bytes.
///
/// ```
/// arena  | key | key | …          the bytes of the keys, end to end
/// slots  | place in the arena + 1 (32 bits) | tag (32 bits) | …   open addressing, 0 is free
/// filter | a bit for the tags that are there, 16 bits to a key
/// ```
/// The tag is the low half of a hash. Most rows of a table have none of the keys, and of these the
/// filter, which fits a cache, lets one in sixteen through.
final class KeySet {
    enum Insertion {
        case inserted
        case duplicate
        /// There is no room for the key; the set is of no more use.
        case full
    }

    private(set) var count = 0
    private let limit: Int
    private let arena = ByteStorage()
    private var slots: ByteStorage
    private var slotCount: Int
    private var filter = ByteStorage()
    private var filterShift: UInt32 = 31

    private static let firstSlotCount = 1 << 10
    /// Bytes of a slot, and of its share of the filter at most.
    private static let slotByteCount = 12

    init(byteLimit: Int) {
        limit = byteLimit
        slotCount = Self.firstSlotCount
        slots = Self.zeroed(Self.firstSlotCount * 8)
    }

    private static func zeroed(_ byteCount: Int) -> ByteStorage {
        let storage = ByteStorage(capacity: byteCount)
        storage.base.initializeMemory(as: UInt8.self, repeating: 0, count: byteCount)
        return storage
    }

    // MARK: Filling

    /// Adds a key.
    func insert(_ key: UnsafeRawBufferPointer, hash: UInt64) -> Insertion {
        if count * 4 >= slotCount * 3 {
            guard grow() else { return .full }
        }
        let tag = UInt32(truncatingIfNeeded: hash)
        let table = slots.base.assumingMemoryBound(to: UInt64.self)
        let mask = slotCount - 1
        var index = Int(tag) & mask
        while table[index] != 0 {
            if isMatch(table[index], tag, key) { return .duplicate }
            index = (index + 1) & mask
        }
        let start = arena.count
        // A single key is taken whatever its length.
        if start + key.count > arena.capacity, count > 0 {
            let grown = max(start + key.count, arena.capacity * 2)
            guard grown + slotCount * Self.slotByteCount <= limit else { return .full }
        }
        guard start < Int(UInt32.max) else { return .full }
        arena.append(key)
        table[index] = UInt64(tag) << 32 | UInt64(start + 1)
        count += 1
        return .inserted
    }

    private func grow() -> Bool {
        let grown = slotCount * 2
        // While they are moved, the old slots are there too.
        guard arena.capacity + grown * Self.slotByteCount <= limit else { return false }
        let moved = Self.zeroed(grown * 8)
        let target = moved.base.assumingMemoryBound(to: UInt64.self)
        let source = slots.base.assumingMemoryBound(to: UInt64.self)
        for index in 0..<slotCount where source[index] != 0 {
            var place = Int(source[index] >> 32) & (grown - 1)
            while target[place] != 0 { place = (place + 1) & (grown - 1) }
            target[place] = source[index]
        }
        slots = moved
        slotCount = grown
        return true
    }

    /// Ends filling; keys can be looked for from here on.
    func seal() {
        var bits: UInt32 = 10
        while bits < 31, 1 << Int(bits) < count * 16 { bits += 1 }
        filterShift = 32 - bits
        filter = Self.zeroed((1 << Int(bits)) / 8)
        let words = filter.base.assumingMemoryBound(to: UInt64.self)
        let table = slots.base.assumingMemoryBound(to: UInt64.self)
        for index in 0..<slotCount where table[index] != 0 {
            let place = UInt32(truncatingIfNeeded: table[index] >> 32) >> filterShift
            words[Int(place >> 6)] |= 1 << UInt64(place & 63)
        }
    }

    // MARK: Looking

    /// Calls `body` with each row of a batch whose key is here, in order.
    func forEachMatch(in rows: KeyRows, _ body: (Int) throws -> Void) rethrows {
        let candidates = filtered(rows)
        let numbers = rows.rowNumbers
        let hash = rows.hash
        for candidate in 0..<candidates {
            let row = Int(numbers[candidate])
            let tag = UInt32(truncatingIfNeeded: hash[row])
            guard hasTag(tag), contains(rows.key(ofRow: row), tag: tag) else { continue }
            try body(row)
        }
    }

    /// Puts the rows that pass the filter into `rowNumbers`; no branch depends on the data.
    private func filtered(_ rows: KeyRows) -> Int {
        let words = filter.base.assumingMemoryBound(to: UInt64.self)
        let shift = filterShift
        let hash = rows.hash
        let isPresent = rows.isPresent
        let numbers = rows.rowNumbers
        var found = 0
        for row in 0..<rows.rowCount {
            let place = UInt32(truncatingIfNeeded: hash[row]) &>> shift
            let bit = (words[Int(place &>> 6)] &>> UInt64(place & 63)) & 1
            numbers[found] = UInt32(truncatingIfNeeded: row)
            found &+= Int(bit) & Int(isPresent[row])
        }
        return found
    }

    private func hasTag(_ tag: UInt32) -> Bool {
        let table = slots.base.assumingMemoryBound(to: UInt64.self)
        let mask = slotCount - 1
        var index = Int(tag) & mask
        while table[index] != 0 {
            if UInt32(truncatingIfNeeded: table[index] >> 32) == tag { return true }
            index = (index + 1) & mask
        }
        return false
    }

    private func contains(_ key: UnsafeRawBufferPointer, tag: UInt32) -> Bool {
        let table = slots.base.assumingMemoryBound(to: UInt64.self)
        let mask = slotCount - 1
        var index = Int(tag) & mask
        while table[index] != 0 {
            if isMatch(table[index], tag, key) { return true }
            index = (index + 1) & mask
        }
        return false
    }

    /// No key is the beginning of another, so that as many bytes as this one has decide.
    private func isMatch(_ slot: UInt64, _ tag: UInt32, _ key: UnsafeRawBufferPointer) -> Bool {
        guard UInt32(truncatingIfNeeded: slot >> 32) == tag else { return false }
        let start = Int(slot & 0xFFFF_FFFF) - 1
        guard arena.count - start >= key.count, let base = key.baseAddress else { return false }
        return memcmp(arena.base + start, base, key.count) == 0
    }
}
