/// The keys whose hashes begin with some bits.
struct KeyPartition: Hashable {
    /// Partitions made before any key was read: enough for 2^16 × 64 MiB of keys.
    static let firstDepthMax = 16
    /// Every key.
    static let all = KeyPartition(depth: 0, pattern: 0)

    /// The number of bits.
    let depth: Int
    private let pattern: UInt64
    private let mask: UInt64

    private init(depth: Int, pattern: UInt64) {
        self.depth = depth
        self.pattern = pattern
        mask = depth == 0 ? 0 : UInt64.max << UInt64(64 - depth)
    }

    /// Whether a key of this hash belongs to the partition.
    func holds(_ hash: UInt64) -> Bool { hash & mask == pattern }

    /// The two partitions of one bit more.
    var halves: [KeyPartition] {
        let bit = UInt64(1) << UInt64(63 - depth)
        return [
            KeyPartition(depth: depth + 1, pattern: pattern),
            KeyPartition(depth: depth + 1, pattern: pattern | bit),
        ]
    }
}
