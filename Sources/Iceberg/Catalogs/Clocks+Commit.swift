package import Basics

/// What a commit takes of time and chance: ids that nothing else has, and waits between tries.
extension Clocks {
    /// A number no other snapshot has, of as many bits as every reader of JSON keeps.
    func makeSnapshotID() -> Int64 {
        max(1, Int64(chance() >> 11))
    }

    /// A random UUID (RFC 9562, version 4).
    package func makeUUID() -> String {
        let high = chance() & ~0xF000 | 0x4000
        let low = chance() & ~(0b11 << 62) | 0b10 << 62
        let digits = Hexadecimal.text(high) + Hexadecimal.text(low)
        var text = ""
        for (index, digit) in digits.enumerated() {
            if [8, 12, 16, 20].contains(index) { text += "-" }
            text.append(digit)
        }
        return text
    }

    /// The mark between the blocks of an Avro file.
    func makeSync() -> [UInt8] {
        [chance(), chance()].flatMap { value in
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
        return whole / 2 + whole / 2 * Double(chance() >> 11) / Double(1 << 53)
    }
}
