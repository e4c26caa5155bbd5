import JSON

internal import Columnar

/// The property by which engines find columns in files without field ids (Iceberg specification,
/// "Name Mapping Serialization").
///
/// A field has all names it ever had, so that a file that was taken over from elsewhere is still read
/// when a column was renamed since. A name that another field has now is that field's.
enum NameMapping {
    static let property = "schema.name-mapping.default"

    /// The mapping of every field of a schema to its names, those that `former` had among them.
    static func text(of schema: Schema, former: String? = nil) -> String {
        // What makes no sense names nothing.
        let before = former.flatMap { try? JSONValue(document: Array($0.utf8)).array } ?? []
        let entries = entries(of: schema.fields, former: before)
        return String(decoding: JSONValue.array(entries).bytes(), as: UTF8.self)
    }

    private static func entries(of fields: [Field], former: [JSONValue]) -> [JSONValue] {
        let before = former.compactMap(\.object)
        let taken = Set(fields.map { Array($0.name.utf8) })
        func otherNames(_ entry: JSONObject?) -> [JSONValue] {
            (entry?["names"]?.array ?? []).filter { name in
                name.string.map { !taken.contains(Array($0.utf8)) } ?? false
            }
        }
        func isOf(_ id: Int, _ entry: JSONObject) -> Bool {
            entry["field-id"]?.integer == Int64(id)
        }
        var entries: [JSONValue] = fields.map { field in
            let known = before.first { isOf(field.id, $0) }
            var json = JSONObject([
                ("field-id", .integer(Int64(field.id))),
                ("names", .array([.string(field.name)] + otherNames(known))),
            ])
            let children = field.type.children
            if !children.isEmpty {
                let inner = Self.entries(of: children, former: known?["fields"]?.array ?? [])
                json["fields"] = .array(inner)
            }
            return .object(json)
        }
        // Fields that are gone: older snapshots are still read with them.
        for var entry in before where !fields.contains(where: { isOf($0.id, entry) }) {
            let names = otherNames(entry)
            guard !names.isEmpty else { continue }
            entry["names"] = .array(names)
            entries.append(.object(entry))
        }
        return entries
    }
}
