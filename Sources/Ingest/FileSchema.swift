import Columnar

/// The schema of data files beside that of their table.
///
/// A file may hold a narrower type than its table, as before a column was widened: readers
/// promote it (Iceberg specification, "Schema Evolution").
enum FileSchema {
    /// The source's fields under the ids they have in the table.
    static func numbered(_ source: Schema, as table: Schema) -> Schema {
        Schema(zip(source.fields, table.fields).map(numbered))
    }

    private static func numbered(_ source: Field, as table: Field) -> Field {
        var field = source
        field.id = table.id
        field.isRequired = table.isRequired
        switch (source.type, table.type) {
        case (.list(let element), .list(let tableElement)):
            field.type = .list(element: numbered(element, as: tableElement))
        case (.structure(let members), .structure(let tableMembers)):
            field.type = .structure(zip(members, tableMembers).map(numbered))
        case (.map(let key, let value), .map(let tableKey, let tableValue)):
            field.type = .map(
                key: numbered(key, as: tableKey),
                value: numbered(value, as: tableValue)
            )
        default: break
        }
        return field
    }

    /// The facts of a file with bounds in the types of its table.
    static func promoted(_ summary: FileSummary, to table: Schema) -> FileSummary {
        var types: [Int: DataType] = [:]
        func collect(_ fields: [Field]) {
            for field in fields {
                types[field.id] = field.type
                collect(field.type.children)
            }
        }
        collect(table.fields)
        var summary = summary
        for index in summary.columns.indices {
            guard let type = types[summary.columns[index].fieldID] else { continue }
            summary.columns[index].type = type
            if type == .double {
                summary.columns[index].minimum = summary.columns[index].minimum.map(doubled)
                summary.columns[index].maximum = summary.columns[index].maximum.map(doubled)
            }
        }
        return summary
    }

    private static func doubled(_ scalar: Scalar) -> Scalar {
        if case .float(let value) = scalar { .double(Double(value)) } else { scalar }
    }
}
