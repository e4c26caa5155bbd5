package import Columnar
package import Streams

/// Turns binary rows into column buffers, a block at a time.
///
/// The rows stay in the memory they were received in. A block is `Limits.copyBlockRowCount` of them: their
/// fields are found, then each column is decoded in one loop, so that the block stays in the cache and the
/// kind of a column is looked at once per block.
package final class MySQLRowBlock {
    private let columns: [MySQLColumn]
    private let widths: [MySQLKind.Width]
    private var counts: [ConversionCounts]
    private let fields: MySQLFields
    /// Rows decoded so far, over all blocks.
    package private(set) var decodedRowCount: Int64 = 0

    /// Makes an empty block of rows with these columns.
    package init(columns: [MySQLColumn]) {
        self.columns = columns
        widths = columns.map(\.kind.width)
        counts = columns.map { _ in ConversionCounts() }
        fields = MySQLFields(columnCount: columns.count)
    }

    /// The changed values so far.
    package var conversions: [Conversion] {
        zip(columns, counts).flatMap { $1.conversions(column: $0.name) }
    }

    /// Decodes whole rows at the front of `packets` into `batch`, `rowLimit` at most, and returns how many
    /// bytes they took: 0 where a packet comes first that is no whole row.
    ///
    /// `ByteStorage.slack` bytes behind `packets` are readable.
    ///
    /// - Throws: `SourceError` `protocol` when a row's fields do not fill it.
    package func decode(
        _ packets: UnsafeRawBufferPointer,
        into batch: Batch,
        rowLimit: Int = .max
    ) throws(SourceError) -> Int {
        guard let base = packets.baseAddress else { return 0 }
        fields.begin(base)
        let limit = min(rowLimit, Limits.copyBlockRowCount)
        let end = min(packets.count, Int(Int32.max))
        var used = 0
        while fields.rowCount < limit, used < Limits.copyBlockByteCount,
            let row = MySQLPacket.row(in: packets, at: used, end: end)
        {
            guard fields.append(at: row.lowerBound, count: row.count, widths: widths) else {
                throw Self.malformed("a field reaches past its row, or the row past its fields")
            }
            used = row.upperBound
        }
        try decodeFields(into: batch)
        return used
    }

    /// Decodes one row of any size.
    ///
    /// `ByteStorage.slack` bytes behind it are readable.
    ///
    /// - Throws: `SourceError` `protocol` when its fields do not fill it.
    package func decode(
        row: UnsafeRawBufferPointer,
        into batch: Batch
    ) throws(SourceError) {
        guard let base = row.baseAddress else { throw Self.malformed("a row of nothing") }
        fields.begin(base)
        guard fields.append(at: 0, count: row.count, widths: widths) else {
            throw Self.malformed("a field reaches past its row, or the row past its fields")
        }
        try decodeFields(into: batch)
    }

    private func decodeFields(into batch: Batch) throws(SourceError) {
        guard fields.rowCount > 0 else { return }
        for index in columns.indices {
            try MySQLColumnDecoder.decode(
                fields.column(index),
                column: columns[index],
                counts: &counts[index],
                into: batch.columns[index]
            )
        }
        batch.rowCount += fields.rowCount
        decodedRowCount += Int64(fields.rowCount)
    }

    static func malformed(_ what: String) -> SourceError {
        SourceError(.protocol, "the server's rows are malformed: \(what)")
    }
}
