import GRDBSQLite

/// The current row of a statement, read without a copy.
///
/// What it hands out is valid until the statement moves on or the same value is asked for in
/// another form.
struct SQLiteRow {
    let statement: OpaquePointer
    /// Whether the database keeps its text as UTF-8, so that it can be had as it lies there.
    let isUTF8: Bool

    @inline(__always)
    func type(_ index: Int32) -> Int32 { sqlite3_column_type(statement, index) }

    @inline(__always)
    func integer(_ index: Int32) -> Int64 { sqlite3_column_int64(statement, index) }

    @inline(__always)
    func real(_ index: Int32) -> Double { sqlite3_column_double(statement, index) }

    /// The bytes of a text as UTF-8.
    @inline(__always)
    func text(_ index: Int32) -> UnsafeRawBufferPointer {
        // Asked for as a blob, a UTF-8 text is not copied to get a NUL behind it.
        if isUTF8 { return blob(index) }
        let start = sqlite3_column_text(statement, index)
        return UnsafeRawBufferPointer(
            start: start,
            count: start == nil ? 0 : Int(sqlite3_column_bytes(statement, index))
        )
    }

    /// The bytes of a blob.
    @inline(__always)
    func blob(_ index: Int32) -> UnsafeRawBufferPointer {
        let start = sqlite3_column_blob(statement, index)
        return UnsafeRawBufferPointer(
            start: start,
            count: start == nil ? 0 : Int(sqlite3_column_bytes(statement, index))
        )
    }
}
