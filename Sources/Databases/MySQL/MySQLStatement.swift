import Basics
import CMariaDB
import Streams

/// A prepared statement.
final class MySQLStatement {
    private let handle: UnsafeMutablePointer<MYSQL_STMT>
    private let place: String
    private var isFinished = false

    init(handle: UnsafeMutablePointer<MYSQL_STMT>, place: String) {
        self.handle = handle
        self.place = place
    }

    deinit { mysql_stmt_close(handle) }

    /// Requires that the server sends what the columns are decoded from: a view's column may be called
    /// one type and be sent as another.
    ///
    /// - Throws: `SourceError` `unsupported` naming the column.
    func check(_ columns: [MySQLColumn]) throws(SourceError) {
        guard let result = mysql_stmt_result_metadata(handle) else { throw failure() }
        defer { mysql_free_result(result) }
        let count = Int(mysql_num_fields(result))
        guard count == columns.count, let fields = mysql_fetch_fields(result) else {
            throw MySQLRowBlock.malformed("rows of \(count) columns, not \(columns.count)")
        }
        for (place, column) in columns.enumerated() {
            let field = fields[place]
            let isUnsigned = field.flags & UInt32(UNSIGNED_FLAG) != 0
            guard column.kind.isSent(as: field.type, isUnsigned: isUnsigned) else {
                throw SourceError(
                    .unsupported,
                    "\(column.name): the server sends another type (\(field.type.rawValue)) than it "
                        + "says the column has; read it as text with \(Remedy.policy(of: column.name, "string")), "
                        + "or leave it out with \(Remedy.columns)"
                )
            }
        }
    }

    /// What asks the server to run it, for one who reads the rows from the socket (MariaDB
    /// documentation, "COM_STMT_EXECUTE"): its length in three bytes, the first of its packets, `17`,
    /// the statement, no cursor, once.
    var executeRequest: [UInt8] {
        var request: [UInt8] = [10, 0, 0, 0, 0x17]
        let id = UInt32(truncatingIfNeeded: handle.pointee.stmt_id)
        withUnsafeBytes(of: id.littleEndian) { request.append(contentsOf: $0) }
        return request + [0, 1, 0, 0, 0]
    }

    /// What the server had to remark, when the rows are at their end.
    var warningCount: UInt32 { mysql_warning_count(handle.pointee.mysql) }

    /// Runs it, for one who takes the rows by `next`.
    func execute() throws(SourceError) {
        guard mysql_stmt_execute(handle) == 0 else { throw failure() }
    }

    /// The next row, valid until the next call; nil at the end.
    func next() throws(SourceError) -> UnsafeRawBufferPointer? {
        if isFinished { return nil }
        var row: UnsafeMutablePointer<UInt8>?
        var length: UInt = 0
        let result = tributary_stmt_fetch(handle, &row, &length)
        if result == 0 {
            return UnsafeRawBufferPointer(start: row, count: Int(length))
        }
        isFinished = true
        if result == 2 { throw MySQLRowBlock.malformed("a packet that is neither row nor end") }
        guard result == MYSQL_NO_DATA else { throw failure() }
        return nil
    }

    private func failure() -> SourceError {
        let ownCode = mysql_stmt_errno(handle)
        if ownCode != 0 {
            return MySQLFailure.running(
                at: place,
                code: ownCode,
                message: String(cString: mysql_stmt_error(handle))
            )
        }
        return MySQLFailure.running(
            at: place,
            code: mysql_errno(handle.pointee.mysql),
            message: String(cString: mysql_error(handle.pointee.mysql))
        )
    }
}

extension MySQLKind {
    /// Whether values that the server calls so in its answer have the form of this kind (MariaDB
    /// documentation, "Resultset row", "Binary encoding").
    fileprivate func isSent(as type: enum_field_types, isUnsigned: Bool) -> Bool {
        switch self {
        case .int1(let wanted): type == MYSQL_TYPE_TINY && isUnsigned == wanted
        case .int2(let wanted):
            type == MYSQL_TYPE_YEAR || type == MYSQL_TYPE_SHORT && isUnsigned == wanted
        case .int4(let wanted):
            type == MYSQL_TYPE_INT24 || type == MYSQL_TYPE_LONG && isUnsigned == wanted
        case .int8(let wanted): type == MYSQL_TYPE_LONGLONG && isUnsigned == wanted
        case .float4: type == MYSQL_TYPE_FLOAT
        case .float8: type == MYSQL_TYPE_DOUBLE
        case .date: type == MYSQL_TYPE_DATE || type == MYSQL_TYPE_NEWDATE
        case .timestamp, .timestamptz:
            [
                MYSQL_TYPE_DATETIME, MYSQL_TYPE_DATETIME2, MYSQL_TYPE_TIMESTAMP,
                MYSQL_TYPE_TIMESTAMP2,
            ]
            .contains(type)
        case .decimal: type == MYSQL_TYPE_NEWDECIMAL || type == MYSQL_TYPE_DECIMAL
        case .text, .bytes, .bits, .uuid:
            ![
                MYSQL_TYPE_TINY, MYSQL_TYPE_SHORT, MYSQL_TYPE_YEAR, MYSQL_TYPE_LONG,
                MYSQL_TYPE_INT24, MYSQL_TYPE_LONGLONG, MYSQL_TYPE_FLOAT, MYSQL_TYPE_DOUBLE,
                MYSQL_TYPE_DATE, MYSQL_TYPE_NEWDATE, MYSQL_TYPE_DATETIME, MYSQL_TYPE_DATETIME2,
                MYSQL_TYPE_TIMESTAMP, MYSQL_TYPE_TIMESTAMP2, MYSQL_TYPE_TIME, MYSQL_TYPE_TIME2,
            ].contains(type)
        }
    }
}
