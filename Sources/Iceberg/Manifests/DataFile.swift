package import Columnar

/// A file of a table, as a manifest records it.
package struct DataFile: Hashable, Sendable, Codable {
    /// What a file holds.
    package enum Content: Int, Sendable, Codable {
        case rows = 0
        case positionDeletes = 1
        case equalityDeletes = 2
    }

    package var content: Content
    /// Absolute location.
    package var path: String
    package var format: String
    package var rowCount: Int64
    package var byteCount: Int64
    /// Facts by field id, as the manifest holds them.
    package var columnSizes: [Int: Int64]
    package var valueCounts: [Int: Int64]
    package var nullCounts: [Int: Int64]
    package var nanCounts: [Int: Int64]
    /// Smallest values by field id, in Iceberg's single-value encoding.
    package var lowerBounds: [Int: [UInt8]]
    /// Largest values by field id, in Iceberg's single-value encoding.
    package var upperBounds: [Int: [UInt8]]
    package var splitOffsets: [Int64]
    var equalityFieldIDs: [Int]?
    var sortOrderID: Int?

    /// Makes the record of a Parquet file of rows from what its writer knows.
    ///
    /// Elements of lists and maps have counts, but no bounds, as their order means nothing.
    package init(path: String, summary: FileSummary) {
        self.init(
            content: .rows,
            path: path,
            rowCount: summary.rowCount,
            byteCount: summary.byteCount
        )
        for column in summary.columns where column.fieldID > 0 {
            let id = column.fieldID
            columnSizes[id] = column.compressedByteCount
            valueCounts[id] = column.valueCount
            nullCounts[id] = column.nullCount
            nanCounts[id] = column.nanCount
            guard !column.isRepeated else { continue }
            lowerBounds[id] = column.minimum.flatMap { Bound.lower($0, type: column.type) }
            upperBounds[id] = column.maximum.flatMap { Bound.upper($0, type: column.type) }
        }
        splitOffsets = summary.splitOffsets
        sortOrderID = 0
    }

    init(
        content: Content,
        path: String,
        format: String = "PARQUET",
        rowCount: Int64,
        byteCount: Int64
    ) {
        self.content = content
        self.path = path
        self.format = format
        self.rowCount = rowCount
        self.byteCount = byteCount
        columnSizes = [:]
        valueCounts = [:]
        nullCounts = [:]
        nanCounts = [:]
        lowerBounds = [:]
        upperBounds = [:]
        splitOffsets = []
    }
}
