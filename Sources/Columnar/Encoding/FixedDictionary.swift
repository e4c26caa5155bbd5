/// Distinct values of a fixed width and their indices, over raw memory.
///
/// Numbers that lie close together, as keys, dates and prices mostly do, are found by their distance
/// from a first one; all others by open addressing. Values are compared as bit patterns, so every NaN
/// and both zeros stay what they are.
final class FixedDictionary<Word: FixedWidthInteger & UnsignedInteger> {
    /// The distinct values in the order they were met.
    let values = ByteStorage(capacity: 1024)
    @exclusivity(unchecked)
    private(set) var count = 0
    /// Index + 1 of the value in each slot; 0 = free.
    ///
    /// Linear probing, at most half full.
    @exclusivity(unchecked)
    private var slots: UnsafeMutablePointer<UInt32>
    @exclusivity(unchecked)
    private var slotBits = 10
    /// Index + 1 of each number from `firstNear` on; 0 = not met.
    ///
    /// Numbers outside have slots.
    @exclusivity(unchecked)
    private var near: UnsafeMutablePointer<UInt32>
    @exclusivity(unchecked)
    private var nearCount = 0
    @exclusivity(unchecked)
    private var firstNear: Word = 0
    /// Values that have slots.
    @exclusivity(unchecked)
    private var slottedCount = 0

    init() {
        slots = .allocate(capacity: 1 << 10)
        slots.initialize(repeating: 0, count: 1 << 10)
        near = .allocate(capacity: 1)
    }

    deinit {
        slots.deallocate()
        near.deallocate()
    }

    private static func hash(_ word: Word) -> UInt64 {
        var folded = UInt64(truncatingIfNeeded: word)
        if Word.bitWidth > 64 {
            folded ^= UInt64(truncatingIfNeeded: word >> 64) &* 0xD6E8_FEB8_6659_FD93
        }
        return folded &* 0x9E37_79B9_7F4A_7C15
    }

    /// Writes the index of every value to `indices`, adding new values.
    ///
    /// Returns false, with no promise about `indices`, when the dictionary would pass `limit`
    /// values; the values added until then stay.
    func index(
        _ source: UnsafePointer<Word>,
        count valueCount: Int,
        into indices: UnsafeMutablePointer<UInt32>,
        limit: Int
    ) -> Bool {
        if count == 0, Word.bitWidth <= 64 { chooseNear(source, count: valueCount) }
        // Members of a class are checked at every access: the loop keeps copies of them.
        let first = firstNear
        let nearCount = Word(truncatingIfNeeded: nearCount)
        let near = near
        for position in 0..<valueCount {
            let word = source[position]
            let distance = word &- first
            if distance < nearCount {
                let place = Int(truncatingIfNeeded: distance)
                var entry = near[place]
                if entry == 0 {
                    guard count < limit else { return false }
                    entry = append(word)
                    near[place] = entry
                }
                indices[position] = entry &- 1
            } else {
                guard let index = slottedIndex(of: word, limit: limit) else { return false }
                indices[position] = index
            }
        }
        return true
    }

    /// Chooses which numbers are found by their distance: those about the first page's, where they
    /// lie so close that the table of them is no larger than what is looked up in it.
    private func chooseNear(_ source: UnsafePointer<Word>, count valueCount: Int) {
        guard valueCount > 0 else { return }
        // Signed numbers have the order of unsigned ones once their sign bit is turned.
        let sign = Word(1) << Word(Word.bitWidth - 1)
        var low = Word.max
        var high = Word.min
        for position in 0..<valueCount {
            let turned = source[position] ^ sign
            low = min(low, turned)
            high = max(high, turned)
        }
        let most = min(Limits.dictionaryNearCount, max(1, valueCount) * Limits.dictionaryNearShare)
        guard high &- low < Word(truncatingIfNeeded: most) else { return }
        let range = Int(truncatingIfNeeded: high &- low) + 1
        // Later pages go a little beyond.
        nearCount = range * 2
        firstNear = (low ^ sign) &- Word(truncatingIfNeeded: range / 2)
        near.deallocate()
        near = .allocate(capacity: nearCount)
        near.initialize(repeating: 0, count: nearCount)
    }

    /// The index of a value that has a slot, added if it is new; nil when the dictionary is full.
    private func slottedIndex(of word: Word, limit: Int) -> UInt32? {
        let known = values.base.assumingMemoryBound(to: Word.self)
        let mask = (1 &<< slotBits) &- 1
        var slot = Int(truncatingIfNeeded: Self.hash(word) &>> UInt64(64 &- slotBits))
        while true {
            let entry = slots[slot]
            if entry == 0 { break }
            if known[Int(entry &- 1)] == word { return entry &- 1 }
            slot = (slot &+ 1) & mask
        }
        guard count < limit else { return nil }
        let entry = append(word)
        slots[slot] = entry
        slottedCount += 1
        if slottedCount * 2 > 1 << slotBits { grow() }
        return entry &- 1
    }

    /// Adds a value; gives its index + 1.
    private func append(_ word: Word) -> UInt32 {
        let width = Word.bitWidth / 8
        values.reserve(width)
        values.base.storeBytes(of: word, toByteOffset: values.count, as: Word.self)
        values.count += width
        count += 1
        return UInt32(truncatingIfNeeded: count)
    }

    private func grow() {
        slots.deallocate()
        slotBits += 2
        slots = .allocate(capacity: 1 << slotBits)
        slots.initialize(repeating: 0, count: 1 << slotBits)
        let known = values.base.assumingMemoryBound(to: Word.self)
        for index in 0..<count {
            let isNear = known[index] &- firstNear < Word(truncatingIfNeeded: nearCount)
            guard !isNear else { continue }
            var slot = Int(truncatingIfNeeded: Self.hash(known[index]) >> UInt64(64 - slotBits))
            while slots[slot] != 0 { slot = (slot + 1) & ((1 << slotBits) - 1) }
            slots[slot] = UInt32(index + 1)
        }
    }
}
