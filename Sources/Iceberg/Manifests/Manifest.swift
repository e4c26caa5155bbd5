import JSON

internal import Columnar

/// The files of a table that one commit added or removed (Iceberg specification, "Manifests").
enum Manifest {
    /// Writes a manifest of an unpartitioned table.
    static func serialize(
        _ entries: [ManifestEntry],
        content: ManifestFile.Content,
        specID: Int,
        schema: TableSchema,
        sync: [UInt8]
    ) throws -> [UInt8] {
        var writer = AvroFileWriter(
            schema: schemaJSON,
            metadata: [
                ("schema", JSONValue.object(schema.json).bytes()),
                ("schema-id", Array(String(schema.id).utf8)),
                ("partition-spec", Array("[]".utf8)),
                ("partition-spec-id", Array(String(specID).utf8)),
                ("format-version", Array("2".utf8)),
                ("content", Array((content == .data ? "data" : "deletes").utf8)),
            ],
            sync: sync
        )
        for entry in entries {
            try writer.append { encoder in
                encoder.write(entry.status.rawValue)
                encoder.write(optional: entry.snapshotID) { $0.write($1) }
                encoder.write(optional: entry.sequenceNumber) { $0.write($1) }
                encoder.write(optional: entry.fileSequenceNumber) { $0.write($1) }
                write(entry.file, to: &encoder)
            }
        }
        return try writer.finish()
    }

    private static func write(_ file: DataFile, to encoder: inout AvroEncoder) {
        encoder.write(file.content.rawValue)
        encoder.write(file.path)
        encoder.write(file.format)
        // The partition is a record without fields: it has no bytes.
        encoder.write(file.rowCount)
        encoder.write(file.byteCount)
        write(file.columnSizes, to: &encoder) { $0.write($1) }
        write(file.valueCounts, to: &encoder) { $0.write($1) }
        write(file.nullCounts, to: &encoder) { $0.write($1) }
        write(file.nanCounts, to: &encoder) { $0.write($1) }
        write(file.lowerBounds, to: &encoder) { $0.write($1) }
        write(file.upperBounds, to: &encoder) { $0.write($1) }
        encoder.write(optional: file.splitOffsets.isEmpty ? nil : file.splitOffsets) {
            $0.write(array: $1) { $0.write($1) }
        }
        encoder.write(optional: file.equalityFieldIDs) { $0.write(array: $1) { $0.write($1) } }
        encoder.write(optional: file.sortOrderID) { $0.write($1) }
    }

    private static func write<Value>(
        _ map: [Int: Value],
        to encoder: inout AvroEncoder,
        _ body: (inout AvroEncoder, Value) -> Void
    ) {
        // An empty map rather than null: pyiceberg's view of entries fails on null.
        encoder.write(1)
        encoder.write(array: map.sorted { $0.key < $1.key }) { encoder, pair in
            encoder.write(pair.key)
            body(&encoder, pair.value)
        }
    }

    private static let schemaJSON: JSONValue = {
        let long = JSONValue.string("long")
        let int = JSONValue.string("int")
        let bytes = JSONValue.string("bytes")
        let text = JSONValue.string("string")
        let file = AvroType.record(
            "r2",
            [
                AvroType.field(134, "content", int),
                AvroType.field(100, "file_path", text),
                AvroType.field(101, "file_format", text),
                AvroType.field(102, "partition", AvroType.record("r102", [])),
                AvroType.field(103, "record_count", long),
                AvroType.field(104, "file_size_in_bytes", long),
                AvroType.optional(
                    108,
                    "column_sizes",
                    AvroType.map(keyID: 117, valueID: 118, long)
                ),
                AvroType.optional(
                    109,
                    "value_counts",
                    AvroType.map(keyID: 119, valueID: 120, long)
                ),
                AvroType.optional(
                    110,
                    "null_value_counts",
                    AvroType.map(keyID: 121, valueID: 122, long)
                ),
                AvroType.optional(
                    137,
                    "nan_value_counts",
                    AvroType.map(keyID: 138, valueID: 139, long)
                ),
                AvroType.optional(
                    125,
                    "lower_bounds",
                    AvroType.map(keyID: 126, valueID: 127, bytes)
                ),
                AvroType.optional(
                    128,
                    "upper_bounds",
                    AvroType.map(keyID: 129, valueID: 130, bytes)
                ),
                AvroType.optional(132, "split_offsets", AvroType.array(elementID: 133, long)),
                AvroType.optional(135, "equality_ids", AvroType.array(elementID: 136, int)),
                AvroType.optional(140, "sort_order_id", int),
            ]
        )
        return AvroType.record(
            "manifest_entry",
            [
                AvroType.field(0, "status", int),
                AvroType.optional(1, "snapshot_id", long),
                AvroType.optional(3, "sequence_number", long),
                AvroType.optional(4, "file_sequence_number", long),
                AvroType.field(2, "data_file", file),
            ]
        )
    }()

    // MARK: Reading

    /// Reads a manifest of any writer; numbers an entry leaves out are taken from `manifest`.
    ///
    /// - Throws: `IcebergError` `corrupt` or `unsupported`.
    static func parse(_ bytes: [UInt8], in manifest: ManifestFile) throws -> [ManifestEntry] {
        try AvroFile(parsing: bytes).records.map { record in
            let number = Int(try record.required(0, "status", \.integer))
            guard let status = ManifestEntry.Status(rawValue: number) else {
                throw IcebergError(.corrupt, "an entry has the status \(number)")
            }
            let inherited = status == .added ? manifest.sequenceNumber : nil
            return ManifestEntry(
                status: status,
                snapshotID: try record.optional(1, "snapshot_id", \.integer)
                    ?? manifest.addedSnapshotID,
                // A manifest of format version 1 says nothing: all its files count as 0.
                sequenceNumber: try record.optional(3, "sequence_number", \.integer)
                    ?? inherited ?? 0,
                fileSequenceNumber: try record.optional(4, "file_sequence_number", \.integer)
                    ?? inherited ?? 0,
                file: try file(record.required(2, "data_file", \.record))
            )
        }
    }

    private static func file(_ record: AvroRecord) throws -> DataFile {
        let number = Int(try record.optional(134, "content", \.integer) ?? 0)
        guard let content = DataFile.Content(rawValue: number) else {
            throw IcebergError(.corrupt, "a file has the content \(number)")
        }
        var file = DataFile(
            content: content,
            path: try record.required(100, "file_path", \.string),
            format: try record.required(101, "file_format", \.string),
            rowCount: try record.required(103, "record_count", \.integer),
            byteCount: try record.required(104, "file_size_in_bytes", \.integer)
        )
        guard file.rowCount >= 0, file.byteCount >= 0 else {
            throw IcebergError(.corrupt, "a file has a negative count")
        }
        file.columnSizes = try map(record, 108, "column_sizes", \.integer)
        file.valueCounts = try map(record, 109, "value_counts", \.integer)
        file.nullCounts = try map(record, 110, "null_value_counts", \.integer)
        file.nanCounts = try map(record, 137, "nan_value_counts", \.integer)
        file.lowerBounds = try map(record, 125, "lower_bounds", \.bytes)
        file.upperBounds = try map(record, 128, "upper_bounds", \.bytes)
        file.splitOffsets = try record.optional(132, "split_offsets", integers) ?? []
        file.equalityFieldIDs = try record.optional(135, "equality_ids", integers)?.map { Int($0) }
        file.sortOrderID = try record.optional(140, "sort_order_id", \.integer).map { Int($0) }
        return file
    }

    private static func integers(_ value: AvroValue) -> [Int64]? {
        guard let items = value.array else { return nil }
        let numbers = items.compactMap(\.integer)
        return numbers.count == items.count ? numbers : nil
    }

    private static func map<Value>(
        _ record: AvroRecord,
        _ id: Int,
        _ name: String,
        _ read: (AvroValue) -> Value?
    ) throws -> [Int: Value] {
        var result: [Int: Value] = [:]
        for item in try record.optional(id, name, \.array) ?? [] {
            // The ids of key and value differ from map to map; their places do not.
            guard let pair = item.record, pair.values.count == 2,
                let key = pair.values[0].integer, let value = read(pair.values[1])
            else { throw IcebergError(.corrupt, "field \(id) (\(name)) is no map") }
            result[Int(key)] = value
        }
        return result
    }
}
