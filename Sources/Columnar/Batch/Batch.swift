/// Rows as columns: the unit that travels from a source to a file.
///
/// A batch is handed from stage to stage and reused: `removeAll` keeps its memory.
package final class Batch: @unchecked Sendable {
    // Safety: a batch is owned by one stage of a run at a time; it is handed over, not shared.

    package let schema: Schema
    package let columns: [ColumnBuffer]
    /// Rows held.
    ///
    /// A batch without columns still counts its rows.
    package var rowCount = 0

    /// Makes an empty batch with room for `rowCapacity` rows.
    package init(schema: Schema, rowCapacity: Int = 0) {
        self.schema = schema
        columns = schema.fields.map { ColumnBuffer(type: $0.type, capacity: rowCapacity) }
    }

    /// Empties the batch and keeps its memory.
    package func removeAll() {
        rowCount = 0
        for column in columns { column.removeAll() }
    }

    /// Bytes of memory in use by values.
    package var byteCount: Int {
        columns.reduce(0) { $0 + $1.byteCount }
    }
}
