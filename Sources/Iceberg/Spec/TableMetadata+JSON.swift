import Basics
import JSON

extension TableMetadata {
    /// Reads a metadata document as it is stored, compressed or not.
    ///
    /// - Throws: `IcebergError` `corrupt`, or `unsupported` for a later version.
    init(stored bytes: [UInt8]) throws {
        // No JSON begins like a gzip file.
        let isGzip = bytes.starts(with: [0x1F, 0x8B])
        let limit = Limits.metadataByteCount
        try self.init(
            parsing: isGzip ? Deflate.inflate(bytes[...], as: .gzip, limit: limit) : bytes
        )
    }

    /// Reads a metadata document of format version 1, 2 or 3.
    ///
    /// - Throws: `IcebergError` `corrupt`, or `unsupported` for a later version.
    package init(parsing bytes: [UInt8]) throws {
        guard bytes.count <= Limits.metadataByteCount else {
            throw IcebergError(.corrupt, "the document is longer than \(Limits.metadataByteCount)")
        }
        guard case .object(let json) = try JSONValue(document: bytes) else {
            throw IcebergError(.corrupt, "the document is no JSON object")
        }
        try self.init(json: json)
    }

    init(json: JSONObject) throws {
        formatVersion = try json.requiredInt("format-version")
        guard 1...3 ~= formatVersion else {
            throw IcebergError(
                .unsupported,
                "the table has format version \(formatVersion); 1 to 3 are read"
            )
        }
        tableUUID = try json.optional("table-uuid", \.string) ?? ""
        location = try json.required("location", \.string)
        lastSequenceNumber = try json.optional("last-sequence-number", \.integer) ?? 0
        lastUpdated = try Instant(milliseconds: json.required("last-updated-ms", \.integer))
        lastColumnID = try json.requiredInt("last-column-id")
        if let list = try json.optional("schemas", \.array) {
            schemas = try Self.objects(list, "schemas").map(TableSchema.init(json:))
            currentSchemaID = try json.requiredInt("current-schema-id")
        } else {
            let only = try TableSchema(json: try json.required("schema", \.object))
            schemas = [only]
            currentSchemaID = only.id
        }
        if let list = try json.optional("partition-specs", \.array) {
            partitionSpecs = try Self.objects(list, "partition-specs")
        } else {
            let fields = try json.optional("partition-spec", \.array) ?? []
            partitionSpecs = [JSONObject([("spec-id", .integer(0)), ("fields", .array(fields))])]
        }
        defaultSpecID = try json.optionalInt("default-spec-id") ?? 0
        lastPartitionID = try json.optionalInt("last-partition-id") ?? 999
        sortOrders = try Self.objects(
            try json.optional("sort-orders", \.array) ?? [],
            "sort-orders"
        )
        defaultSortOrderID = try json.optionalInt("default-sort-order-id") ?? 0
        properties = try json.optional("properties", \.object)?.strings() ?? [:]
        // Older writers say -1 for "none".
        currentSnapshotID = try json.optional("current-snapshot-id", \.integer)
            .flatMap { $0 == -1 ? nil : $0 }
        snapshots = try Self.objects(try json.optional("snapshots", \.array) ?? [], "snapshots")
            .map(Snapshot.init(json:))
        references = try json.optional("refs", \.object) ?? JSONObject()
        snapshotLog = try Self.snapshotLog(of: json)
        metadataLog = try Self.metadataLog(of: json)
        for member in json.members where !Self.knownMembers.contains(member.name) {
            others.append(member.name, member.value)
        }
        if let id = currentSnapshotID, snapshot(id) == nil {
            throw IcebergError(.corrupt, "the current snapshot \(id) is missing")
        }
    }

    private static func snapshotLog(of json: JSONObject) throws -> [SnapshotLogEntry] {
        try objects(try json.optional("snapshot-log", \.array) ?? [], "snapshot-log").map {
            SnapshotLogEntry(
                snapshotID: try $0.required("snapshot-id", \.integer),
                timestamp: try Instant(milliseconds: $0.required("timestamp-ms", \.integer))
            )
        }
    }

    private static func metadataLog(of json: JSONObject) throws -> [MetadataLogEntry] {
        try objects(try json.optional("metadata-log", \.array) ?? [], "metadata-log").map {
            MetadataLogEntry(
                location: try $0.required("metadata-file", \.string),
                timestamp: try Instant(milliseconds: $0.required("timestamp-ms", \.integer))
            )
        }
    }

    private static func objects(_ values: [JSONValue], _ name: String) throws -> [JSONObject] {
        try values.map { value in
            guard let object = value.object else {
                throw IcebergError(.corrupt, "`\(name)` holds something else than objects")
            }
            return object
        }
    }

    private static let knownMembers: Set = [
        "format-version", "table-uuid", "location", "last-sequence-number", "last-updated-ms",
        "last-column-id", "schemas", "schema", "current-schema-id", "partition-specs",
        "partition-spec", "default-spec-id", "last-partition-id", "sort-orders",
        "default-sort-order-id", "properties", "current-snapshot-id", "snapshots", "refs",
        "snapshot-log", "metadata-log",
    ]

    /// The document as JSON.
    package func serialized() -> [UInt8] {
        JSONValue.object(json).bytes()
    }

    /// The document as it is stored.
    func stored(_ codec: MetadataCodec) throws -> [UInt8] {
        switch codec {
        case .none: serialized()
        case .gzip, .gzipBehind: try Deflate.deflate(serialized(), as: .gzip)
        }
    }

    var json: JSONObject {
        var json = JSONObject([
            ("format-version", .integer(Int64(formatVersion))),
            ("table-uuid", .string(tableUUID)),
            ("location", .string(location)),
            ("last-sequence-number", .integer(lastSequenceNumber)),
            ("last-updated-ms", .integer(lastUpdated.milliseconds)),
            ("last-column-id", .integer(Int64(lastColumnID))),
            ("schemas", .array(schemas.map { .object($0.json) })),
            ("current-schema-id", .integer(Int64(currentSchemaID))),
            ("partition-specs", .array(partitionSpecs.map { .object($0) })),
            ("default-spec-id", .integer(Int64(defaultSpecID))),
            ("last-partition-id", .integer(Int64(lastPartitionID))),
            ("sort-orders", .array(sortOrders.map { .object($0) })),
            ("default-sort-order-id", .integer(Int64(defaultSortOrderID))),
            ("properties", .object(JSONObject(strings: properties))),
        ])
        if let currentSnapshotID {
            json.append("current-snapshot-id", .integer(currentSnapshotID))
        }
        json.append("snapshots", .array(snapshots.map { .object($0.json) }))
        json.append("refs", .object(references))
        json.append(
            "snapshot-log",
            .array(
                snapshotLog.map {
                    .object(
                        JSONObject([
                            ("snapshot-id", .integer($0.snapshotID)),
                            ("timestamp-ms", .integer($0.timestamp.milliseconds)),
                        ])
                    )
                }
            )
        )
        json.append(
            "metadata-log",
            .array(
                metadataLog.map {
                    .object(
                        JSONObject([
                            ("metadata-file", .string($0.location)),
                            ("timestamp-ms", .integer($0.timestamp.milliseconds)),
                        ])
                    )
                }
            )
        )
        for member in others.members { json.append(member.name, member.value) }
        return json
    }
}
