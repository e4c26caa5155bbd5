package import Basics
package import JSON

/// A source that schedules refer to by its name.
package struct SourceDefinition: DefinitionDocument, Hashable {
    package static let folder = "_sources"
    package static let noun = "source"
    private static let formatVersion = 1

    package var id: DefinitionID
    package var text: String
    package var address: SourceAddress
    /// Milliseconds since 1970 in UTC.
    package var createdAt: Int64
    package var createdBy: String

    /// Reads and checks the fields of a document.
    package init(_ fields: inout DocumentFields) throws(DefinitionError) {
        try DocumentFormat.check(&fields, newest: Self.formatVersion)
        id = try DefinitionID(try fields.requiredText("id"))
        text = try fields.text("description") ?? ""
        createdAt = try fields.instant("created_at") ?? 0
        createdBy = try fields.text("created_by") ?? ""
        address = try SourceAddress(&fields)
    }

    package var fields: JSONObject {
        var fields: JSONObject = [
            "format_version": .integer(Self.formatVersion),
            "id": .string(id.rawValue),
            "description": .string(text),
        ]
        for member in address.fields { fields[member.name] = member.value }
        fields["created_at"] = .string(Instant(createdAt).description)
        fields["created_by"] = .string(createdBy)
        return fields
    }
}
