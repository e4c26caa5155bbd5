import Databases
package import Streams

extension SourceKinds {
    /// The kinds of sources of this program: a new one is a line here.
    package static let all = SourceKinds([
        PostgresSourceKind(),
        MySQLSourceKind(),
        SQLiteSourceKind(),
    ])
}
