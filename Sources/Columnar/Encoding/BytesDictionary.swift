#if canImport(Glibc)
    import Glibc
#else
    import Musl
#endif

/// Distinct byte strings and their indices: open addressing over raw memory.
final class BytesDictionary {
    /// The distinct strings end to end, in the order they were met.
    let bytes = ByteStorage(capacity: 1024)
    /// `count` + 1 ends into `bytes`.
    let offsets = ByteStorage(capacity: 1024)
    private(set) var count = 0
    private let hashes = ByteStorage(capacity: 1024)
    private var slots: UnsafeMutablePointer<UInt32>
    private var slotBits = 10

    init() {
        slots = .allocate(capacity: 1 << 10)
        slots.initialize(repeating: 0, count: 1 << 10)
        offsets.base.storeBytes(of: 0, as: UInt32.self)
        offsets.count = 4
    }

    deinit { slots.deallocate() }

    /// A 64-bit hash of `length` bytes; reads whole words, so 16 bytes behind must be readable.
    private static func hash(_ start: UnsafeRawPointer, length: Int) -> UInt64 {
        var hash = UInt64(truncatingIfNeeded: length) &* 0x9E37_79B9_7F4A_7C15
        var offset = 0
        while offset &+ 8 <= length {
            let word = start.loadUnaligned(fromByteOffset: offset, as: UInt64.self)
            hash = (hash ^ word) &* 0xD6E8_FEB8_6659_FD93
            hash ^= hash &>> 32
            offset &+= 8
        }
        if offset < length {
            let word = start.loadUnaligned(fromByteOffset: offset, as: UInt64.self)
            let kept = word & ((1 &<< UInt64(8 &* (length &- offset))) &- 1)
            hash = (hash ^ kept) &* 0xD6E8_FEB8_6659_FD93
            hash ^= hash &>> 32
        }
        return hash &* 0x9E37_79B9_7F4A_7C15
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
        guard let valueOffsets = values.offsets else { return false }
        var start = Int(valueOffsets[0])
        for position in 0..<values.count {
            let end = Int(valueOffsets[position &+ 1])
            let length = end &- start
            let source = values.base + start
            start = end
            let hash = Self.hash(source, length: length)
            let tag = UInt32(truncatingIfNeeded: hash)
            let mask = (1 &<< slotBits) &- 1
            var slot = Int(truncatingIfNeeded: hash &>> UInt64(64 &- slotBits))
            while true {
                let entry = slots[slot]
                if entry == 0 {
                    guard bytes.count + length + 4 * (count + 1) <= byteLimit else { return false }
                    insert(source, length: length, tag: tag, at: slot, hash: hash)
                    indices[position] = UInt32(truncatingIfNeeded: count &- 1)
                    break
                }
                if isEqual(Int(entry &- 1), source, length: length, tag: tag) {
                    indices[position] = entry &- 1
                    break
                }
                slot = (slot &+ 1) & mask
            }
        }
        return true
    }

    private func isEqual(
        _ index: Int,
        _ source: UnsafeRawPointer,
        length: Int,
        tag: UInt32
    ) -> Bool {
        guard hashes.base.load(fromByteOffset: index &* 8, as: UInt32.self) == tag else {
            return false
        }
        let from = Int(offsets.base.load(fromByteOffset: index &* 4, as: UInt32.self))
        let to = Int(offsets.base.load(fromByteOffset: index &* 4 &+ 4, as: UInt32.self))
        return to &- from == length && memcmp(bytes.base + from, source, length) == 0
    }

    private func insert(
        _ source: UnsafeRawPointer,
        length: Int,
        tag: UInt32,
        at slot: Int,
        hash: UInt64
    ) {
        bytes.append(UnsafeRawBufferPointer(start: source, count: length))
        offsets.reserve(4)
        offsets.base.storeBytes(
            of: UInt32(bytes.count),
            toByteOffset: offsets.count,
            as: UInt32.self
        )
        offsets.count += 4
        hashes.reserve(8)
        hashes.base.storeBytes(
            of: hash,
            toByteOffset: hashes.count,
            as: UInt64.self
        )
        hashes.count += 8
        count += 1
        slots[slot] = UInt32(count)
        if count * 2 > 1 << slotBits { grow() }
    }

    private func grow() {
        slots.deallocate()
        slotBits += 2
        slots = .allocate(capacity: 1 << slotBits)
        slots.initialize(repeating: 0, count: 1 << slotBits)
        for index in 0..<count {
            let hash = hashes.base.load(fromByteOffset: index * 8, as: UInt64.self)
            var slot = Int(truncatingIfNeeded: hash >> UInt64(64 - slotBits))
            while slots[slot] != 0 { slot = (slot + 1) & ((1 << slotBits) - 1) }
            slots[slot] = UInt32(index + 1)
        }
    }
}
