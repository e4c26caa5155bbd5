package import Columnar

/// One way in which a table's schema follows its source.
package enum SchemaChange: Hashable, Sendable, CustomStringConvertible {
    /// The source has a new column.
    case added(name: String, type: DataType)
    /// The source no longer has the column: the table keeps it, without values. A member of a
    /// structure leaves the table.
    case gone(name: String)
    /// The column takes a wider type, which holds all old values.
    case widened(name: String, from: DataType, to: DataType)
    /// The column may be null now.
    case madeOptional(name: String)
    /// The column has another type now; its old values are no longer seen.
    case retyped(name: String, from: DataType, to: DataType)
    /// The column has another name now; its old values are seen under the new one.
    case renamed(from: String, to: String)
    /// Another column bears the name now, as after one was dropped and one added; the values of
    /// the former one are no longer seen.
    case replaced(name: String, from: DataType, to: DataType)

    package var description: String {
        switch self {
        case .added(let name, let type): "\(name): added as \(type)"
        case .gone(let name): "\(name): gone from the source"
        case .widened(let name, let from, let to): "\(name): widened from \(from) to \(to)"
        case .madeOptional(let name): "\(name): may be null now"
        case .retyped(let name, let from, let to): "\(name): was \(from), is \(to) now"
        case .renamed(let from, let to): "\(to): renamed, was \(from)"
        case .replaced(let name, let from, let to):
            "\(name): another column at the source now, of type \(to); the values of the former "
                + "one (\(from)) are in older snapshots only"
        }
    }
}
