import FoundationEssentials

/// What `sync --json` prints (docs/cli.md).
struct SyncReport: Decodable {
    struct Stream: Decodable {
        var stream: String
        var location: String
        var status: String
        var rows: Int
        var seconds: Double
        var bytesRead: Int
        var connections: Int
        var access: String
        var snapshotID: Int?
        var schemaChanges: [String]
        var conversions: [Conversion]
        var risks: [String]
        var reconciliation: Reconciliation?
        var comparison: Comparison?
        var error: Failure?

        enum CodingKeys: String, CodingKey {
            case stream, location, status, rows, seconds, connections, access, conversions, risks,
                reconciliation, comparison, error
            case bytesRead = "bytes_read"
            case snapshotID = "snapshot_id"
            case schemaChanges = "schema_changes"
        }
    }

    struct Conversion: Decodable, Hashable {
        var column: String
        var reason: String
        var outcome: String
        var count: Int
    }

    struct Comparison: Decodable {
        var sourceRows: Int?
        var tableRows: Int?

        enum CodingKeys: String, CodingKey {
            case sourceRows = "source_rows"
            case tableRows = "table_rows"
        }
    }

    struct Reconciliation: Decodable {
        var status: String
    }

    struct Failure: Decodable {
        var code: String
        var message: String
    }

    var status: String
    var streams: [Stream]
}

/// What `judge.py` prints when all engines agree.
struct Verdict: Decodable, Hashable {
    struct Column: Decodable, Hashable {
        var name: String
        var type: String
        var id: Int

        init(from decoder: any Decoder) throws {
            var parts = try decoder.unkeyedContainer()
            name = try parts.decode(String.self)
            type = try parts.decode(String.self)
            id = try parts.decode(Int.self)
        }
    }

    var rows: Int
    var sums: [String: String]
    var digest: String
    var columns: [Column]
    var snapshots: Int
}
