import JSON

/// The manifests of a snapshot (Iceberg specification, "Manifest Lists").
enum ManifestList {
    /// Writes a manifest list.
    static func serialize(
        _ manifests: [ManifestFile],
        snapshotID: Int64,
        parentID: Int64?,
        sequenceNumber: Int64,
        summary: [String: String],
        sync: [UInt8]
    ) throws -> [UInt8] {
        var writer = AvroFileWriter(
            schema: schemaJSON,
            metadata: [
                ("snapshot-id", Array(String(snapshotID).utf8)),
                ("parent-snapshot-id", Array((parentID.map { String($0) } ?? "null").utf8)),
                ("sequence-number", Array(String(sequenceNumber).utf8)),
                ("format-version", Array("2".utf8)),
                (
                    SummaryShortening.listKey,
                    JSONValue.object(JSONObject(strings: summary)).bytes()
                ),
            ],
            sync: sync
        )
        for manifest in manifests {
            try writer.append { write(manifest, to: &$0) }
        }
        return try writer.finish()
    }

    private static func write(_ manifest: ManifestFile, to encoder: inout AvroEncoder) {
        encoder.write(manifest.path)
        encoder.write(manifest.byteCount)
        encoder.write(manifest.specID)
        encoder.write(manifest.content.rawValue)
        encoder.write(manifest.sequenceNumber)
        encoder.write(manifest.minimumSequenceNumber)
        encoder.write(manifest.addedSnapshotID)
        encoder.write(manifest.addedFileCount)
        encoder.write(manifest.existingFileCount)
        encoder.write(manifest.deletedFileCount)
        encoder.write(manifest.addedRowCount)
        encoder.write(manifest.existingRowCount)
        encoder.write(manifest.deletedRowCount)
        encoder.write(optional: manifest.partitions) { encoder, partitions in
            encoder.write(array: partitions) { encoder, partition in
                encoder.write(partition.containsNull)
                encoder.write(optional: partition.containsNaN) { $0.write($1) }
                encoder.write(optional: partition.lowerBound) { $0.write($1) }
                encoder.write(optional: partition.upperBound) { $0.write($1) }
            }
        }
        encoder.write(optional: manifest.keyMetadata) { $0.write($1) }
    }

    private static let schemaJSON: JSONValue = {
        let long = JSONValue.string("long")
        let int = JSONValue.string("int")
        let bytes = JSONValue.string("bytes")
        let boolean = JSONValue.string("boolean")
        let partition = AvroType.record(
            "r508",
            [
                AvroType.field(509, "contains_null", boolean),
                AvroType.optional(518, "contains_nan", boolean),
                AvroType.optional(510, "lower_bound", bytes),
                AvroType.optional(511, "upper_bound", bytes),
            ]
        )
        return AvroType.record(
            "manifest_file",
            [
                AvroType.field(500, "manifest_path", .string("string")),
                AvroType.field(501, "manifest_length", long),
                AvroType.field(502, "partition_spec_id", int),
                AvroType.field(517, "content", int),
                AvroType.field(515, "sequence_number", long),
                AvroType.field(516, "min_sequence_number", long),
                AvroType.field(503, "added_snapshot_id", long),
                AvroType.field(504, "added_files_count", int),
                AvroType.field(505, "existing_files_count", int),
                AvroType.field(506, "deleted_files_count", int),
                AvroType.field(512, "added_rows_count", long),
                AvroType.field(513, "existing_rows_count", long),
                AvroType.field(514, "deleted_rows_count", long),
                AvroType.optional(
                    507,
                    "partitions",
                    AvroType.array(elementID: 508, partition)
                ),
                AvroType.optional(519, "key_metadata", bytes),
            ]
        )
    }()

    // MARK: Reading

    /// Reads a manifest list of any writer.
    ///
    /// - Throws: `IcebergError` `corrupt` or `unsupported`.
    static func parse(_ bytes: [UInt8]) throws -> [ManifestFile] {
        try AvroFile(parsing: bytes).records.map { record in
            let number = Int(try record.optional(517, "content", \.integer) ?? 0)
            guard let content = ManifestFile.Content(rawValue: number) else {
                throw IcebergError(.corrupt, "a manifest has the content \(number)")
            }
            return ManifestFile(
                path: try record.required(500, "manifest_path", \.string),
                byteCount: try record.required(501, "manifest_length", \.integer),
                specID: Int(try record.required(502, "partition_spec_id", \.integer)),
                content: content,
                // Lists of format version 1 have neither numbers nor, early on, counts.
                sequenceNumber: try record.optional(515, "sequence_number", \.integer) ?? 0,
                minimumSequenceNumber: try record.optional(
                    516,
                    "min_sequence_number",
                    \.integer
                ) ?? 0,
                addedSnapshotID: try record.optional(503, "added_snapshot_id", \.integer) ?? 0,
                addedFileCount: try count(record, 504, "added_files_count"),
                existingFileCount: try count(record, 505, "existing_files_count"),
                deletedFileCount: try count(record, 506, "deleted_files_count"),
                addedRowCount: try record.optional(512, "added_rows_count", \.integer) ?? 0,
                existingRowCount: try record.optional(513, "existing_rows_count", \.integer) ?? 0,
                deletedRowCount: try record.optional(514, "deleted_rows_count", \.integer) ?? 0,
                partitions: try record.optional(507, "partitions", \.array)?.map(partition),
                keyMetadata: try record.optional(519, "key_metadata", \.bytes)
            )
        }
    }

    private static func count(_ record: AvroRecord, _ id: Int, _ name: String) throws -> Int {
        Int(try record.optional(id, name, \.integer) ?? 0)
    }

    private static func partition(_ value: AvroValue) throws -> ManifestFile.PartitionSummary {
        guard let record = value.record else {
            throw IcebergError(.corrupt, "field 507 (partitions) holds no records")
        }
        return ManifestFile.PartitionSummary(
            containsNull: try record.required(509, "contains_null", \.boolean),
            containsNaN: try record.optional(518, "contains_nan", \.boolean),
            lowerBound: try record.optional(510, "lower_bound", \.bytes),
            upperBound: try record.optional(511, "upper_bound", \.bytes)
        )
    }
}
