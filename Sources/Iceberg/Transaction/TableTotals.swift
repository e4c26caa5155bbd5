/// What a table holds, in numbers.
package struct TableTotals: Hashable, Sendable {
    package var fileCount: Int64 = 0
    package var rowCount: Int64 = 0
    /// Bytes of all files.
    package var byteCount: Int64 = 0
    package var deleteFileCount: Int64 = 0
    package var positionDeleteCount: Int64 = 0
    package var equalityDeleteCount: Int64 = 0

    /// The totals of nothing.
    package init() {}

    /// Adds up files.
    package init(_ files: [DataFile]) {
        for file in files {
            // Counts come from manifests, which may say anything.
            byteCount = byteCount.clampedAdding(file.byteCount)
            switch file.content {
            case .rows:
                fileCount += 1
                rowCount = rowCount.clampedAdding(file.rowCount)
            case .positionDeletes:
                deleteFileCount += 1
                positionDeleteCount = positionDeleteCount.clampedAdding(file.rowCount)
            case .equalityDeletes:
                deleteFileCount += 1
                equalityDeleteCount = equalityDeleteCount.clampedAdding(file.rowCount)
            }
        }
    }

    /// The totals a snapshot's summary gives; nil when one of the first three is missing.
    init?(summary snapshot: Snapshot) {
        guard let files = snapshot.count("total-data-files"),
            let rows = snapshot.count("total-records"),
            let bytes = snapshot.count("total-files-size")
        else { return nil }
        fileCount = files
        rowCount = rows
        byteCount = bytes
        deleteFileCount = snapshot.count("total-delete-files") ?? 0
        positionDeleteCount = snapshot.count("total-position-deletes") ?? 0
        equalityDeleteCount = snapshot.count("total-equality-deletes") ?? 0
    }

    package static func + (left: TableTotals, right: TableTotals) -> TableTotals {
        var sum = left
        sum.fileCount = sum.fileCount.clampedAdding(right.fileCount)
        sum.rowCount = sum.rowCount.clampedAdding(right.rowCount)
        sum.byteCount = sum.byteCount.clampedAdding(right.byteCount)
        sum.deleteFileCount = sum.deleteFileCount.clampedAdding(right.deleteFileCount)
        sum.positionDeleteCount = sum.positionDeleteCount.clampedAdding(right.positionDeleteCount)
        sum.equalityDeleteCount = sum.equalityDeleteCount.clampedAdding(right.equalityDeleteCount)
        return sum
    }

    var addedSummary: [String: String] {
        [
            "added-data-files": String(fileCount), "added-records": String(rowCount),
            "added-files-size": String(byteCount),
        ]
    }

    var removedSummary: [String: String] {
        var summary: [String: String] = [:]
        if fileCount > 0 {
            summary["deleted-data-files"] = String(fileCount)
            summary["deleted-records"] = String(rowCount)
        }
        if fileCount > 0 || deleteFileCount > 0 {
            summary["removed-files-size"] = String(byteCount)
        }
        if deleteFileCount > 0 {
            summary["removed-delete-files"] = String(deleteFileCount)
            summary["removed-position-deletes"] = String(positionDeleteCount)
            summary["removed-equality-deletes"] = String(equalityDeleteCount)
        }
        return summary
    }

    var totalSummary: [String: String] {
        [
            "total-data-files": String(fileCount), "total-records": String(rowCount),
            "total-files-size": String(byteCount), "total-delete-files": String(deleteFileCount),
            "total-position-deletes": String(positionDeleteCount),
            "total-equality-deletes": String(equalityDeleteCount),
        ]
    }
}

extension Int64 {
    /// The sum, or the end of the range it leaves.
    fileprivate func clampedAdding(_ other: Int64) -> Int64 {
        let (sum, isOver) = addingReportingOverflow(other)
        return isOver ? (other > 0 ? .max : .min) : sum
    }
}
