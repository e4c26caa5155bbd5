package import Basics
package import GRDB

/// Moments are stored as milliseconds since 1970 in UTC: they sort and compare in SQL as they do here.
extension Instant: DatabaseValueConvertible, StatementColumnConvertible {
    package var databaseValue: DatabaseValue { milliseconds.databaseValue }

    /// The moment of a number; nil for anything else.
    package static func fromDatabaseValue(_ value: DatabaseValue) -> Instant? {
        Int64.fromDatabaseValue(value).map(Instant.init(milliseconds:))
    }

    /// Reads a number of a row, without a value of its own between.
    package init?(sqliteStatement: SQLiteStatement, index: CInt) {
        self.init(milliseconds: Int64(sqliteStatement: sqliteStatement, index: index))
    }
}

extension TableName {
    /// Reads a name that is stored as its text; what no table can be called is not lost for that.
    init(stored text: String) {
        do {
            self = try TableName(parsing: text)
        } catch {
            self = TableName(unreadable: text)
        }
    }
}
