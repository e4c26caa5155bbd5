import Basics
import FoundationEssentials
import Iceberg

/// One table in a few words.
struct DatasetSummary: Encodable {
    var name: String
    var location: String
    var rows: Int64?
    var bytes: Int64?
    var files: Int64?
    var snapshotId: Int64?
    var updatedAt: String

    init(_ table: Table) async {
        let newest = table.history.first
        name = table.identifier.description
        location = table.metadata.location
        // Where the files cannot be read, what the writer counted has to do.
        rows = (try? await table.countRows()) ?? newest?.rowCount
        bytes = newest?.byteCount
        files = newest?.fileCount
        snapshotId = table.metadata.currentSnapshotID
        updatedAt = Self.words(table.metadata.lastUpdated)
    }

    /// An instant in UTC, as in `2026-01-31T12:00:00Z`.
    static func words(_ instant: Instant) -> String {
        Instant(seconds: instant.seconds).description
    }
}
