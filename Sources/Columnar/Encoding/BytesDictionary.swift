/// Distinct byte strings and their indices: open addressing over raw memory.
final class BytesDictionary {
    /// The distinct strings end to end, in the order they were met.
    let bytes = ByteStorage(capacity: 1024)
    /// `count` + 1 ends into `bytes`.
    let offsets = ByteStorage(capacity: 1024)
    @exclusivity(unchecked)
    private(set) var count = 0
    /// One `Entry` per string.
    private let entries = ByteStorage(capacity: 1024)
    /// Index + 1 of the string in each slot; 0 = free.
    ///
    /// Linear probing, at most half full.
    @exclusivity(unchecked)
    private var slots: UnsafeMutablePointer<UInt32>
    @exclusivity(unchecked)
    private var slotBits = 10

    /// What is compared before any byte: most strings differ here, and short ones need no more.
    private struct Entry {
        /// The first 8 bytes, zeros behind a shorter string.
        var prefix: UInt64
        var length: UInt32
        var start: UInt32
    }

    init() {
        slots = .allocate(capacity: 1 << 10)
        slots.initialize(repeating: 0, count: 1 << 10)
        offsets.base.storeBytes(of: 0, as: UInt32.self)
        offsets.count = 4
    }

    deinit { slots.deallocate() }

    /// The first 8 bytes as a number; `ByteStorage.slack` bytes behind the string are readable.
    @inline(__always)
    private static func prefix(_ start: UnsafeRawPointer, length: Int) -> UInt64 {
        let word = start.loadUnaligned(as: UInt64.self)
        return length >= 8 ? word : word & ((1 &<< UInt64(8 &* length)) &- 1)
    }

    /// A hash of which the upper bits count; the last word overlaps the one before it.
    @inline(__always)
    private static func hash(
        _ start: UnsafeRawPointer,
        length: Int,
        prefix: UInt64
    ) -> UInt64 {
        var hash = (prefix ^ UInt64(truncatingIfNeeded: length)) &* 0x9E37_79B9_7F4A_7C15
        guard length > 8 else { return hash }
        var offset = 8
        while offset < length &- 8 {
            let word = start.loadUnaligned(fromByteOffset: offset, as: UInt64.self)
            hash = ((hash ^ (hash &>> 32)) ^ word) &* 0xD6E8_FEB8_6659_FD93
            offset &+= 8
        }
        let last = start.loadUnaligned(fromByteOffset: length &- 8, as: UInt64.self)
        hash = ((hash ^ (hash &>> 32)) ^ last) &* 0x9E37_79B9_7F4A_7C15
        return hash
    }

    /// Whether two strings that are equal in their first 8 bytes and in length are equal.
    @inline(__always)
    private static func isTailEqual(
        _ left: UnsafeRawPointer,
        _ right: UnsafeRawPointer,
        length: Int
    ) -> Bool {
        guard length > 8 else { return true }
        var offset = 8
        while offset < length &- 8 {
            guard
                left.loadUnaligned(fromByteOffset: offset, as: UInt64.self)
                    == right.loadUnaligned(fromByteOffset: offset, as: UInt64.self)
            else { return false }
            offset &+= 8
        }
        return left.loadUnaligned(fromByteOffset: length &- 8, as: UInt64.self)
            == right.loadUnaligned(fromByteOffset: length &- 8, as: UInt64.self)
    }

    /// Writes the index of every string to `indices`, adding new ones.
    ///
    /// Returns false, with no promise about `indices`, when the dictionary would pass `byteLimit`
    /// bytes; the strings added until then stay. `base` has `ByteStorage.slack` behind its end.
    func index(
        _ values: DenseValues,
        into indices: UnsafeMutablePointer<UInt32>,
        byteLimit: Int
    ) -> Bool {
        guard let ends = values.offsets else { return false }
        let base = values.base
        // Members of a class are checked at every access: the loop keeps copies, and takes new ones
        // when a new string has moved them.
        var table = slots
        var shift = UInt64(64 &- slotBits)
        var mask = (1 &<< slotBits) &- 1
        var known = UnsafePointer(entries.base.assumingMemoryBound(to: Entry.self))
        var texts = UnsafeRawPointer(bytes.base)
        var start = Int(ends[0])
        for position in 0..<values.count {
            let end = Int(ends[position &+ 1])
            let length = end &- start
            let source = base + start
            start = end
            let prefix = Self.prefix(source, length: length)
            let hash = Self.hash(source, length: length, prefix: prefix)
            var slot = Int(truncatingIfNeeded: hash &>> shift)
            while true {
                let entry = table[slot]
                if entry == 0 {
                    guard bytes.count + length + 4 * (count + 1) <= byteLimit else { return false }
                    insert(source, length: length, prefix: prefix, at: slot)
                    indices[position] = UInt32(truncatingIfNeeded: count &- 1)
                    table = slots
                    shift = UInt64(64 &- slotBits)
                    mask = (1 &<< slotBits) &- 1
                    known = UnsafePointer(entries.base.assumingMemoryBound(to: Entry.self))
                    texts = UnsafeRawPointer(bytes.base)
                    break
                }
                let candidate = known + Int(entry &- 1)
                if candidate.pointee.prefix == prefix,
                    candidate.pointee.length == UInt32(truncatingIfNeeded: length),
                    Self.isTailEqual(
                        texts + Int(candidate.pointee.start),
                        source,
                        length: length
                    )
                {
                    indices[position] = entry &- 1
                    break
                }
                slot = (slot &+ 1) & mask
            }
        }
        return true
    }

    private func insert(_ source: UnsafeRawPointer, length: Int, prefix: UInt64, at slot: Int) {
        let entry = Entry(prefix: prefix, length: UInt32(length), start: UInt32(bytes.count))
        entries.reserve(MemoryLayout<Entry>.stride)
        entries.base.storeBytes(of: entry, toByteOffset: entries.count, as: Entry.self)
        entries.count += MemoryLayout<Entry>.stride
        bytes.append(UnsafeRawBufferPointer(start: source, count: length))
        offsets.reserve(4)
        offsets.base.storeBytes(
            of: UInt32(bytes.count),
            toByteOffset: offsets.count,
            as: UInt32.self
        )
        offsets.count += 4
        count += 1
        slots[slot] = UInt32(count)
        if count * 2 > 1 << slotBits { grow() }
    }

    private func grow() {
        slots.deallocate()
        slotBits += 2
        slots = .allocate(capacity: 1 << slotBits)
        slots.initialize(repeating: 0, count: 1 << slotBits)
        let known = entries.base.assumingMemoryBound(to: Entry.self)
        for index in 0..<count {
            let hash = Self.hash(
                bytes.base + Int(known[index].start),
                length: Int(known[index].length),
                prefix: known[index].prefix
            )
            var slot = Int(truncatingIfNeeded: hash >> UInt64(64 - slotBits))
            while slots[slot] != 0 { slot = (slot + 1) & ((1 << slotBits) - 1) }
            slots[slot] = UInt32(index + 1)
        }
    }
}
