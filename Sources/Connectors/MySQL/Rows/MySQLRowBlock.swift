package import Columnar
package import Streams

/// Turns binary rows into column buffers, a block at a time.
///
/// Rows are taken in blocks of `Limits.copyBlockRowCount`: libmariadb lends each until the next one, so
/// it is copied behind the others and its fields are found; then each column is decoded in one loop.
/// The block stays in the cache, and the kind of a column is looked at once per block.
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

    /// Whether one more row should come in, of `limit` at most.
    @inline(__always)
    func hasRoom(limit: Int) -> Bool {
        fields.rowCount < min(limit, Limits.copyBlockRowCount)
            && fields.byteCount < Limits.copyBlockByteCount
    }

    /// Adds a row, of `Limits.copyBlockRowCount` at most.
    ///
    /// - Throws: `SourceError` `protocol` when its fields do not fill it.
    @inline(__always)
    package func append(_ row: UnsafeRawBufferPointer) throws(SourceError) {
        guard fields.append(row, widths: widths) else {
            throw Self.malformed("a field reaches past its row, or the row past its fields")
        }
    }

    /// Decodes the rows of the block into `batch`, and empties the block.
    package func decode(into batch: Batch) throws(SourceError) {
        defer { fields.removeAll() }
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
