/// A file of a manifest, with what happened to it.
struct ManifestEntry: Hashable, Sendable {
    enum Status: Int, Sendable {
        case existing = 0
        case added = 1
        case deleted = 2
    }

    var status: Status
    /// The snapshot that added or deleted the file.
    var snapshotID: Int64?
    /// Nil in a new entry: readers take the manifest's, so that the manifest outlives a retry.
    var sequenceNumber: Int64?
    var fileSequenceNumber: Int64?
    var file: DataFile

    var isLive: Bool { status != .deleted }
}

/// A manifest, as a manifest list records it.
struct ManifestFile: Hashable, Sendable {
    enum Content: Int, Sendable {
        case data = 0
        case deletes = 1
    }

    var path: String
    var byteCount: Int64
    var specID: Int
    var content: Content
    var sequenceNumber: Int64
    var minimumSequenceNumber: Int64
    var addedSnapshotID: Int64
    var addedFileCount: Int
    var existingFileCount: Int
    var deletedFileCount: Int
    var addedRowCount: Int64
    var existingRowCount: Int64
    var deletedRowCount: Int64
    var partitions: [PartitionSummary]?
    var keyMetadata: [UInt8]?

    /// What is known of one partition field of a manifest's files.
    struct PartitionSummary: Hashable, Sendable {
        var containsNull: Bool
        var containsNaN: Bool?
        var lowerBound: [UInt8]?
        var upperBound: [UInt8]?
    }
}
