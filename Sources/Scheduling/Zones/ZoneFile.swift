import Basics

/// A time zone's file (RFC 9636, "The Time Zone Information Format").
enum ZoneFile {
    /// Reads a file's bytes.
    ///
    /// - Throws: `TriggerError` naming the zone for bytes that are no such file.
    static func rules(of bytes: [UInt8], name: String) throws(TriggerError) -> ZoneRules {
        func malformed(_ what: String) -> TriggerError {
            TriggerError("the file of the time zone \(name) is malformed: \(what)")
        }
        guard let first = Header(bytes, at: 0) else { throw malformed("it has no header") }
        var header = first
        var wide = false
        if first.version >= UInt8(ascii: "2") {
            // The first block is for readers of 32 bits; the one that counts comes behind it.
            guard let second = Header(bytes, at: first.end(timeWidth: 4)) else {
                throw malformed("its second header is missing")
            }
            header = second
            wide = true
        }
        let width = wide ? 8 : 4
        guard header.leapCount == 0 else {
            throw malformed("it counts leap seconds, which the clock of a computer does not")
        }
        guard header.typeCount > 0, header.end(timeWidth: width) <= bytes.count else {
            throw malformed("it ends too early")
        }
        let types = header.start + header.timeCount * width
        let infos = types + header.timeCount
        let offsets = (0..<header.typeCount).map {
            Int64(Int32(truncatingIfNeeded: bigEndian(bytes, infos + $0 * 6, 4)))
        }
        guard offsets.allSatisfy({ abs($0) <= Limits.zoneOffset }) else {
            throw malformed("a clock is more than 26 hours from UTC")
        }
        var changes: [(instant: Int64, offset: Int64)] = []
        for place in 0..<header.timeCount {
            let instant = bigEndian(bytes, header.start + place * width, width)
            let type = Int(bytes[types + place])
            guard instant > .min / 2, type < offsets.count,
                changes.last.map({ $0.instant < instant }) ?? true
            else {
                throw malformed("its changes are out of order")
            }
            changes.append((instant, offsets[type]))
        }
        if wide {
            let footer = bytes[header.end(timeWidth: width)...].split(separator: 10)
            try extend(
                &changes,
                by: footer.first.map { String(decoding: $0, as: UTF8.self) },
                malformed
            )
        }
        return ZoneRules(name: name, offset: offsets[0], changes: changes)
    }

    /// Spells out the rule that holds behind the last change.
    private static func extend(
        _ changes: inout [(instant: Int64, offset: Int64)],
        by footer: String?,
        _ malformed: (String) -> TriggerError
    ) throws(TriggerError) {
        guard let footer else { return }
        guard let rule = PosixZone(footer) else { throw malformed("its last line is no rule") }
        let last = changes.last?.instant
        let year = last.map { CivilTime(seconds: $0).year } ?? 1970
        let further = rule.changes(from: year - 1, to: Limits.lastZoneYear).filter {
            $0.instant > (last ?? .min)
        }
        changes += further
    }

    private struct Header {
        var version: UInt8
        var utCount, standardCount, leapCount, timeCount, typeCount, charCount: Int
        /// Where the data begins.
        var start: Int

        init?(_ bytes: [UInt8], at place: Int) {
            guard place >= 0, bytes.count >= place + 44,
                bytes[place..<place + 4].elementsEqual("TZif".utf8)
            else { return nil }
            version = bytes[place + 4]
            let counts = (0..<6).map { Int(bigEndian(bytes, place + 20 + $0 * 4, 4) & 0xFFFF_FFFF) }
            guard counts.allSatisfy({ $0 <= Limits.zoneFileByteCount }) else { return nil }
            (utCount, standardCount, leapCount) = (counts[0], counts[1], counts[2])
            (timeCount, typeCount, charCount) = (counts[3], counts[4], counts[5])
            start = place + 44
        }

        /// Behind the data, whose times have so many bytes.
        func end(timeWidth: Int) -> Int {
            start + timeCount * (timeWidth + 1) + typeCount * 6 + charCount
                + leapCount * (timeWidth + 4) + standardCount + utCount
        }
    }

    private static func bigEndian(_ bytes: [UInt8], _ place: Int, _ count: Int) -> Int64 {
        var value = count == 4 && bytes[place] > 0x7F ? -1 : Int64(0)
        for byte in bytes[place..<place + count] { value = value << 8 | Int64(byte) }
        return value
    }
}
