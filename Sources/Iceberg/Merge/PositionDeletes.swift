internal import Columnar
internal import ObjectStorage

/// Files of deleted positions (Iceberg specification, "Position Delete Files").
enum PositionDeletes {
    /// The reserved field ids of the specification.
    static let pathID = 2_147_483_546
    static let positionID = 2_147_483_545

    private static let schema = Schema([
        Field(id: pathID, name: "file_path", type: .string, isRequired: true),
        Field(id: positionID, name: "pos", type: .long, isRequired: true),
    ])

    /// The only file whose rows a delete file names; nil when its bounds do not tell.
    ///
    /// A bound may be cut short, but then the upper one is raised and differs.
    static func onlyPath(of file: DataFile) -> String? {
        guard let lower = file.lowerBounds[pathID], lower == file.upperBounds[pathID] else {
            return nil
        }
        return String(validating: lower, as: UTF8.self)
    }

    // MARK: Writing

    /// Writes the marked rows of one file, of which there are some, in order, and gives the record
    /// of the delete file.
    static func write(
        _ positions: PositionBitmap,
        of path: String,
        to key: ObjectKey,
        in store: any ObjectStore
    ) async throws -> DataFile {
        let count = positions.count
        let location = store.locations.location(of: key)
        var file: DataFile
        if count == 1 {
            file = try await writeSingle(positions, of: path, to: key, in: store)
        } else {
            let summary = try await writeMany(positions, count, of: path, to: key, in: store)
            file = DataFile(path: location, summary: summary)
        }
        file.content = .positionDeletes
        // Whole, so that readers see by them which one file this is about.
        file.lowerBounds[pathID] = Array(path.utf8)
        file.upperBounds[pathID] = Array(path.utf8)
        // The order of delete files is the specification's, not one of the table's.
        file.sortOrderID = nil
        return file
    }

    private static func writeMany(
        _ positions: PositionBitmap,
        _ count: Int64,
        of path: String,
        to key: ObjectKey,
        in store: any ObjectStore
    ) async throws -> FileSummary {
        var options = ParquetOptions()
        // A first page that is full makes the writer look further than that page, and so take a
        // dictionary for the one path: without it pyiceberg cannot read the file.
        options.pageRowCount = Int(min(count, Int64(options.pageRowCount)))
        let writer = ParquetWriter(schema: schema, options: options)
        return try await store.write(to: key) { object in
            func drain() throws {
                for chunk in writer.takeOutput() { try object.append(chunk.bytes) }
            }
            let batch = Batch(schema: schema)
            try positions.forEachBlock(of: options.pageRowCount) { block in
                try Task.checkCancellation()
                fill(batch, block, path: Array(path.utf8))
                writer.append(batch)
                try drain()
            }
            let summary = writer.finish()
            try drain()
            return summary
        }
    }

    private static func writeSingle(
        _ positions: PositionBitmap,
        of path: String,
        to key: ObjectKey,
        in store: any ObjectStore
    ) async throws -> DataFile {
        var position: Int64 = 0
        positions.forEachBlock(of: 1) { position = $0[0] }
        let content = SinglePositionFile(path: path, position: position)
        try await store.write(to: key) { try $0.append(content.bytes) }
        var file = DataFile(
            content: .positionDeletes,
            path: store.locations.location(of: key),
            rowCount: 1,
            byteCount: Int64(content.bytes.count)
        )
        for (id, byteCount) in zip([pathID, positionID], content.columnByteCounts) {
            file.columnSizes[id] = Int64(byteCount)
            file.valueCounts[id] = 1
            file.nullCounts[id] = 0
        }
        file.lowerBounds[positionID] = Bound.lower(.integer(position), type: .long)
        file.upperBounds[positionID] = Bound.upper(.integer(position), type: .long)
        file.splitOffsets = [4]
        return file
    }

    private static func fill(_ batch: Batch, _ positions: [Int64], path: [UInt8]) {
        batch.removeAll()
        path.withUnsafeBytes { path in
            for _ in positions { batch.columns[0].append(path) }
        }
        for position in positions { batch.columns[1].append(position) }
        batch.rowCount = positions.count
    }

    // MARK: Reading

    /// Calls `body` with every path and position of a delete file; equal paths come together,
    /// and `isNew` says that a path is not the one before.
    static func forEach(
        in record: DataFile,
        of store: any ObjectStore,
        _ body: (_ path: UnsafeRawBufferPointer, _ isNew: Bool, _ position: Int64) throws -> Void
    ) async throws {
        let file = try await StoredParquet(record, in: store)
        let columns = try [(pathID, "file_path"), (positionID, "pos")].map { id, name in
            try column(id, name, of: file, record.path)
        }
        guard case .variable = file.file.schema.fields[columns[0]].type.storage,
            file.file.schema.fields[columns[1]].type == .long
        else {
            throw IcebergError(
                .corrupt,
                "\(record.path) is no file of deleted positions: its columns have other types"
            )
        }
        try await file.forEachBatch(columns: columns) { batch, _ in
            try forEach(in: batch, body)
        }
    }

    private static func column(
        _ id: Int,
        _ name: String,
        of file: StoredParquet,
        _ path: String
    ) throws -> Int {
        let fields = file.file.schema.fields
        // Some writers leave the ids out; the names are the specification's too.
        guard
            let index = fields.firstIndex(where: { $0.id == id })
                ?? fields.firstIndex(where: { $0.name == name })
        else {
            throw IcebergError(
                .corrupt,
                "\(path) is no file of deleted positions: it has no column \(name)"
            )
        }
        return index
    }

    private static func forEach(
        in batch: Batch,
        _ body: (_ path: UnsafeRawBufferPointer, _ isNew: Bool, _ position: Int64) throws -> Void
    ) rethrows {
        let paths = batch.columns[0]
        let positions = batch.columns[1].values.base.assumingMemoryBound(to: Int64.self)
        var last = UnsafeRawBufferPointer(start: nil, count: 0)
        for row in 0..<batch.rowCount {
            guard paths.isValid(row), batch.columns[1].isValid(row) else { continue }
            let path = UnsafeRawBufferPointer(rebasing: paths.values.bytes[paths.range(at: row)])
            let isNew = last.baseAddress == nil || !path.elementsEqual(last)
            last = path
            try body(path, isNew, positions[row])
        }
    }
}
