/// Distinct values of a fixed width and their indices: open addressing over raw memory.
///
/// Values are compared as bit patterns, so every NaN and both zeros stay what they are.
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

    init() {
        slots = .allocate(capacity: 1 << 10)
        slots.initialize(repeating: 0, count: 1 << 10)
    }

    deinit { slots.deallocate() }

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
        var table = slots
        var shift = UInt64(64 - slotBits)
        var mask = (1 << slotBits) - 1
        var known = values.base.assumingMemoryBound(to: Word.self)
        // Members of a class are checked at every access: the loop keeps copies of them.
        for position in 0..<valueCount {
            let word = source[position]
            var slot = Int(truncatingIfNeeded: Self.hash(word) &>> shift)
            while true {
                let entry = table[slot]
                if entry == 0 {
                    guard count < limit else { return false }
                    insert(word, at: slot)
                    indices[position] = UInt32(truncatingIfNeeded: count &- 1)
                    table = slots
                    shift = UInt64(64 - slotBits)
                    mask = (1 << slotBits) - 1
                    known = values.base.assumingMemoryBound(to: Word.self)
                    break
                }
                if known[Int(entry &- 1)] == word {
                    indices[position] = entry &- 1
                    break
                }
                slot = (slot &+ 1) & mask
            }
        }
        return true
    }

    private func insert(_ word: Word, at slot: Int) {
        let width = Word.bitWidth / 8
        values.reserve(width)
        values.base.storeBytes(of: word, toByteOffset: values.count, as: Word.self)
        values.count += width
        count += 1
        slots[slot] = UInt32(count)
        if count * 2 > 1 << slotBits { grow() }
    }

    private func grow() {
        slots.deallocate()
        slotBits += 2
        slots = .allocate(capacity: 1 << slotBits)
        slots.initialize(repeating: 0, count: 1 << slotBits)
        let known = values.base.assumingMemoryBound(to: Word.self)
        for index in 0..<count {
            var slot = Int(truncatingIfNeeded: Self.hash(known[index]) >> UInt64(64 - slotBits))
            while slots[slot] != 0 { slot = (slot + 1) & ((1 << slotBits) - 1) }
            slots[slot] = UInt32(index + 1)
        }
    }
}
