/// A file of the table's rows, and which of them are deleted.
final class MergeTarget {
    let file: DataFile
    let sequenceNumber: Int64
    let manifestPath: String
    /// Delete files for this file alone.
    var deletes: [MergeDelete] = []
    /// Rows whose keys come again; nil while there is none.
    private(set) var matched: PositionBitmap?
    /// Rows that delete files for several files name; nil while none is known.
    private(set) var shared: PositionBitmap?

    init(_ entry: ManifestEntry, in manifest: ManifestFile) {
        file = entry.file
        sequenceNumber = entry.sequenceNumber ?? 0
        manifestPath = manifest.path
    }

    /// Notes that the row has a key that comes again.
    func match(_ position: Int64) {
        matched = matched ?? PositionBitmap(rowCount: file.rowCount)
        matched?.insert(position)
    }

    /// Notes that the row is deleted by a file that stays.
    func share(_ position: Int64) {
        shared = shared ?? PositionBitmap(rowCount: file.rowCount)
        shared?.insert(position)
    }

    /// Gives the memory of the marks back.
    func forget() {
        matched = nil
        shared = nil
    }

    /// Whether the file may hold keys inside of these ranges.
    func meets(_ ranges: [KeyRange], of columns: [KeyColumn]) -> Bool {
        for (column, range) in zip(columns, ranges) {
            let id = column.fieldID
            if let nulls = file.nullCounts[id], nulls == file.rowCount { return false }
            guard
                range.meets(
                    lower: file.lowerBounds[id],
                    upper: file.upperBounds[id],
                    kind: column.kind
                )
            else { return false }
        }
        return true
    }
}

/// A file of deleted positions.
struct MergeDelete {
    var file: DataFile
    var sequenceNumber: Int64
    var manifestPath: String
}
