/// What may change in a table when its source changes.
package enum SchemaContract: String, CaseIterable, Sendable {
    /// The table follows its source.
    case evolve
    /// Any change is refused before a row is read.
    case freeze
    /// New columns, and new members of structures, are not taken over; the rest is followed.
    case discard
}
