import Basics
import FoundationEssentials
import Ingest
import Streams

/// Records of a ledger that no run made, read as if they had been stored.
enum LedgerRecords {
    private struct Run: Encodable {
        var runID: String
        var stream = "rows"
        var source = "simulated://memory"
        var request = "all"
        var fingerprint = "f"
        var mark = SourceMark()
        var owner: ProcessIdentity
    }

    private struct Resumed: Encodable {
        var mark = SourceMark()
        var kept: [Int]
        var isProven = true
        var owner: ProcessIdentity
    }

    private struct Checkpoint: Encodable {
        var files: [String] = []
        var part: CommittedPart
        var progress = ReadProgress()
    }

    private struct Publishing: Encodable {
        var tableVersion: Int
    }

    static func run(id: String, owner: ProcessIdentity) throws -> RunRecord {
        try stored(Run(runID: id, owner: owner))
    }

    static func resumed(kept: [Int], owner: ProcessIdentity) throws -> ResumedRecord {
        try stored(Resumed(kept: kept, owner: owner))
    }

    /// A checkpoint of one slice, read to its end, with one row and no file.
    static func checkpoint(slice: String) throws -> CheckpointRecord {
        let slice = Slice(key: SliceKey(slice), range: .whole)
        let part = CommittedPart(pieces: [.init(slice: slice, step: .done)], rowCount: 1)
        return try stored(Checkpoint(part: part))
    }

    static func publishing(upon version: Int) throws -> PublishingRecord {
        try stored(Publishing(tableVersion: version))
    }

    private static func stored<Record: Decodable>(_ fields: some Encodable) throws -> Record {
        try JSONDecoder().decode(Record.self, from: JSONEncoder().encode(fields))
    }
}
