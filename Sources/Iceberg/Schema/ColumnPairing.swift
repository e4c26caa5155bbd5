internal import Columnar

/// Which column of the table each column of the source goes on as.
///
/// An identity wins over a name where both sides have one; without, the name decides.
struct ColumnPairing {
    /// Where a source's column comes from.
    enum Origin: Equatable {
        /// The table has no such column.
        case new
        /// It is this column of the table, by identity or by name.
        case continues(Field)
        /// It bears the name of this column of the table, but is another one.
        case replaces(Field)
    }

    private let current: [Field]
    private let source: [String: String]
    private let table: [Int: String]

    init(current: Schema, incoming: Schema, identities: ColumnIdentities) {
        self.current = current.fields
        let names = Set(incoming.fields.map(\.name))
        let ids = Set(current.fields.map(\.id))
        source = ColumnIdentities.distinct(identities.source.filter { names.contains($0.key) })
        table = ColumnIdentities.distinct(identities.table.filter { ids.contains($0.key) })
    }

    /// The origins of columns, in their order.
    ///
    /// A column that is renamed and takes a type that does not fit counts as a new one.
    func origins(of incoming: [Field]) -> [Origin] {
        let identified = incoming.map(fieldOfSameIdentity)
        let taken = Set(identified.compactMap { $0?.id })
        let byName = Dictionary(current.map { ($0.name, $0) }, uniquingKeysWith: { $1 })
        return zip(incoming, identified).map { column, field in
            if let field { return .continues(field) }
            guard let namesake = byName[column.name], !taken.contains(namesake.id) else {
                return .new
            }
            return isOther(column, than: namesake) ? .replaces(namesake) : .continues(namesake)
        }
    }

    private func fieldOfSameIdentity(_ column: Field) -> Field? {
        guard let identity = source[column.name],
            let field = current.first(where: { table[$0.id] == identity }),
            field.name == column.name || FieldMatcher.fits(field, column)
        else { return nil }
        return field
    }

    private func isOther(_ column: Field, than field: Field) -> Bool {
        guard let one = source[column.name], let other = table[field.id] else { return false }
        return ColumnIdentities.areDistinct(one, other)
    }
}
