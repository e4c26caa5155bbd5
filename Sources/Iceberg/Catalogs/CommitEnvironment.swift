/// What a commit takes from outside: time, chance and patience.
package struct CommitEnvironment: Sendable {
    /// Milliseconds since 1970.
    package let now: @Sendable () -> Int64
    /// Any 64 bits.
    package let random: @Sendable () -> UInt64
    /// Waits between two tries.
    package let sleep: @Sendable (Duration) async throws -> Void
    /// Milliseconds since some moment, on a clock nobody sets.
    package let uptime: @Sendable () -> Int64

    /// Makes an environment.
    package init(
        now: @escaping @Sendable () -> Int64,
        random: @escaping @Sendable () -> UInt64,
        sleep: @escaping @Sendable (Duration) async throws -> Void,
        uptime: @escaping @Sendable () -> Int64 = CommitEnvironment.systemUptime
    ) {
        self.now = now
        self.random = random
        self.sleep = sleep
        self.uptime = uptime
    }

    private static let start = ContinuousClock.now

    /// Milliseconds since the program first asked.
    @Sendable package static func systemUptime() -> Int64 {
        Int64((ContinuousClock.now - start) / .milliseconds(1))
    }

    /// A number no other snapshot has, of as many bits as every reader of JSON keeps.
    func makeSnapshotID() -> Int64 {
        max(1, Int64(random() >> 11))
    }

    /// A random UUID (RFC 9562, version 4).
    package func makeUUID() -> String {
        let high = random() & ~0xF000 | 0x4000
        let low = random() & ~(0b11 << 62) | 0b10 << 62
        let digits = Self.hexadecimal(high) + Self.hexadecimal(low)
        var text = ""
        for (index, digit) in digits.enumerated() {
            if [8, 12, 16, 20].contains(index) { text += "-" }
            text.append(digit)
        }
        return text
    }

    /// The mark between the blocks of an Avro file.
    func makeSync() -> [UInt8] {
        [random(), random()].flatMap { value in
            withUnsafeBytes(of: value) { Array($0) }
        }
    }

    /// The wait before try number `attempt` (from 1): it doubles, with chance in its upper half
    /// so that writers that lost together do not come back together.
    package func backOff(_ attempt: Int) -> Duration {
        let whole = min(
            Limits.commitBackOffLast,
            Limits.commitBackOffFirst * (1 << min(attempt - 1, 20))
        )
        return whole / 2 + whole / 2 * Double(random() >> 11) / Double(1 << 53)
    }

    private static func hexadecimal(_ value: UInt64) -> String {
        let digits = String(value, radix: 16)
        return String(repeating: "0", count: 16 - digits.count) + digits
    }
}
