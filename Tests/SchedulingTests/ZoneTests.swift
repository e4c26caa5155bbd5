import Basics
import FoundationEssentials
import Scheduling
import TestSupport
import Testing

/// Zones are read from the system's files, whatever is in them.
@Suite struct ZoneTests {
    @Test func `offsets before, between and behind the changes of a file`() throws {
        let berlin = try ZoneCatalog().zone("Europe/Berlin")
        // Local mean time, until 1893.
        #expect(berlin.offset(at: Instant(seconds: -3_000_000_000)) == .seconds(3_208))
        #expect(berlin.offset(at: Instant(seconds: 1_767_225_600)) == .seconds(3_600))
        // 2026-03-29 01:00 in UTC and the second before.
        #expect(berlin.offset(at: Instant(seconds: 1_774_745_999)) == .seconds(3_600))
        #expect(berlin.offset(at: Instant(seconds: 1_774_746_000)) == .seconds(7_200))
        // 2400-07-01, by the rule for all time.
        #expect(berlin.offset(at: Instant(seconds: 13_585_233_600)) == .seconds(7_200))
        let troll = try ZoneCatalog().zone("Antarctica/Troll")
        #expect(troll.offset(at: Instant(seconds: 1_767_225_600)) == .seconds(0))
        #expect(troll.offset(at: Instant(seconds: 1_780_272_000)) == .seconds(7_200))
        // Summer in the south, across the end of the year.
        let sydney = try ZoneCatalog().zone("Australia/Sydney")
        #expect(sydney.offset(at: Instant(seconds: 13_569_552_000)) == .seconds(39_600))
        #expect(sydney.offset(at: Instant(seconds: 13_585_233_600)) == .seconds(36_000))
    }

    @Test func `every zone of the system can be read`() throws {
        let table = try String(
            decoding: Data(contentsOf: URL(filePath: "/usr/share/zoneinfo/tzdata.zi")),
            as: UTF8.self
        )
        let names = table.split(separator: "\n").filter { $0.hasPrefix("Z ") || $0.hasPrefix("L ") }
            .compactMap { line in
                let words = line.split(separator: " ")
                return line.hasPrefix("Z ") ? words[1] : words.count > 2 ? words[2] : nil
            }
        // Old names may be a package of their own.
        let there = names.filter {
            FileManager.default.fileExists(atPath: "/usr/share/zoneinfo/\($0)")
        }
        #expect(there.count > 300)
        for name in there {
            _ = try ZoneCatalog().zone(String(name)).offset(at: Instant(seconds: 0))
        }
    }

    @Test func `a file that is cut off or damaged is refused or read, never more`() throws {
        let whole = try Data(contentsOf: URL(filePath: "/usr/share/zoneinfo/Europe/Dublin"))
        try withScratchDirectory { folder in
            func outcome(_ bytes: Data) throws -> Result<ZoneRules, TriggerError> {
                try bytes.write(to: URL(filePath: folder + "/Zone"))
                // A catalog reads a file once.
                let catalog = ZoneCatalog(folder: folder)
                return Result { () throws(TriggerError) in try catalog.zone("Zone") }
            }
            #expect(throws: Never.self) { try outcome(whole).get() }
            for length in stride(from: 0, to: whole.count - 30, by: 7) {
                #expect(throws: TriggerError.self) { try outcome(whole.prefix(length)).get() }
            }
            var random = SplitMix64(seed: 20_261_121)
            for _ in 0..<1_000 {
                var bytes = whole
                for _ in 0..<Int.random(in: 1...4, using: &random) {
                    bytes[Int.random(in: 0..<bytes.count, using: &random)] = .random(
                        in: 0...255,
                        using: &random
                    )
                }
                // What is still a zone has an offset at every instant.
                if let zone = try? outcome(bytes).get() {
                    #expect(abs(zone.offset(at: Instant(seconds: 0)).seconds) <= 26 * 3_600)
                }
            }
        }
    }

    @Test(arguments: [
        "Europe/Berlin/", "/etc/passwd", "../zoneinfo/UTC", "", "Europe/Bielefeld", "a b",
    ])
    func `a name that is none is refused`(name: String) {
        #expect(throws: TriggerError.self) { try ZoneCatalog().zone(name) }
    }
}
