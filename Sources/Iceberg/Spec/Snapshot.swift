package import Basics
import JSON

/// One state of a table.
package struct Snapshot: Hashable, Sendable {
    package var id: Int64
    package var parentID: Int64?
    package var sequenceNumber: Int64
    /// When it was written, by the writer's clock.
    package var timestamp: Instant
    /// Location of the manifest list; nil only in tables of format version 1.
    package var manifestList: String?
    package var schemaID: Int?
    /// What the commit did, `operation` among it.
    package var summary: [String: String]
    /// Members of other writers.
    private var others = JSONObject()

    /// Makes a snapshot.
    package init(
        id: Int64,
        parentID: Int64?,
        sequenceNumber: Int64,
        timestamp: Instant,
        manifestList: String,
        schemaID: Int,
        summary: [String: String]
    ) {
        self.id = id
        self.parentID = parentID
        self.sequenceNumber = sequenceNumber
        self.timestamp = timestamp
        self.manifestList = manifestList
        self.schemaID = schemaID
        self.summary = summary
    }

    /// `append`, `overwrite`, `replace` or `delete`.
    package var operation: String { summary["operation"] ?? "append" }

    /// A number of the summary; nil when it is missing or no number.
    package func count(_ key: String) -> Int64? {
        summary[key].flatMap { Int64($0) }
    }

    /// Rows a reader finds: those of the files without the deleted positions; nil when the writer
    /// did not count, or deleted rows by value.
    package var rowCount: Int64? {
        guard let records = count("total-records"), count("total-equality-deletes") ?? 0 == 0
        else { return nil }
        return records - (count("total-position-deletes") ?? 0)
    }

    init(json: JSONObject) throws {
        id = try json.required("snapshot-id", \.integer)
        parentID = try json.optional("parent-snapshot-id", \.integer)
        sequenceNumber = try json.optional("sequence-number", \.integer) ?? 0
        timestamp = try Instant(milliseconds: json.required("timestamp-ms", \.integer))
        manifestList = try json.optional("manifest-list", \.string)
        schemaID = try json.optionalInt("schema-id")
        summary = try json.optional("summary", \.object)?.strings() ?? [:]
        let known: Set = [
            "snapshot-id", "parent-snapshot-id", "sequence-number", "timestamp-ms",
            "manifest-list", "schema-id", "summary",
        ]
        for member in json.members where !known.contains(member.name) {
            others.append(member.name, member.value)
        }
    }

    var json: JSONObject {
        var json = JSONObject([("snapshot-id", .integer(id))])
        json["parent-snapshot-id"] = parentID.map { .integer($0) }
        json["sequence-number"] = .integer(sequenceNumber)
        json["timestamp-ms"] = .integer(timestamp.milliseconds)
        json["manifest-list"] = manifestList.map { .string($0) }
        json["summary"] = .object(JSONObject(strings: summary))
        json["schema-id"] = schemaID.map { .integer(Int64($0)) }
        for member in others.members { json.append(member.name, member.value) }
        return json
    }
}
