package import Columnar

extension TableTransaction {
    /// Gives the table a schema, making the table if it is not there.
    ///
    /// Every field has its id. A schema the table had before is used again under its number.
    /// `key` names the columns that identify a row; it is left out of the table when Iceberg does
    /// not allow it. `lastColumnID` is the highest id ever given out, if that is not in the schema.
    package mutating func setSchema(_ schema: Schema, key: [String] = [], lastColumnID: Int? = nil)
    {
        precondition(schema.hasFieldIDs, "a table's schema has an id for every field")
        newSchema = SchemaChangeRequest(
            schema: schema,
            identifierFieldIDs: TableSchema.identifier(of: key, in: schema),
            lastColumnID: max(lastColumnID ?? 0, schema.lastFieldID)
        )
    }
}

extension TableMetadata {
    /// Makes `request` the current schema.
    mutating func apply(_ request: TableTransaction.SchemaChangeRequest) {
        var schema = TableSchema(
            id: (schemas.map(\.id).max() ?? -1) + 1,
            schema: request.schema,
            identifierFieldIDs: request.identifierFieldIDs
        )
        if let same = schemas.first(where: { $0.isSame(as: schema) }) {
            schema = same
        } else {
            schemas.append(schema)
        }
        currentSchemaID = schema.id
        // Ids of fields that were dropped are never given out again.
        lastColumnID = max(lastColumnID, request.lastColumnID)
        properties[NameMapping.property] = NameMapping.text(
            of: schema.schema,
            former: properties[NameMapping.property]
        )
    }
}

extension Schema {
    /// Whether every field, nested ones too, has an id of its own.
    var hasFieldIDs: Bool {
        var seen: Set<Int> = []
        func check(_ fields: [Field]) -> Bool {
            fields.allSatisfy {
                $0.id > 0 && seen.insert($0.id).inserted && check($0.type.children)
            }
        }
        return check(fields)
    }
}
