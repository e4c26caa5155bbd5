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

    /// Writes the marked rows of one file, in order, and gives the record of the delete file.
    ///
    /// It has the encodings every reader takes, whatever those of the table's data files are.
    static func write(
        _ positions: PositionBitmap,
        of path: String,
        to key: ObjectKey,
        in store: any ObjectStore
    ) async throws -> DataFile {
        let writer = ParquetWriter(schema: schema)
        let summary = try await store.write(to: key) { object in
            let batch = Batch(schema: schema)
            try await positions.forEachBlock(of: Columnar.Limits.batchRowCount) { block in
                try Task.checkCancellation()
                fill(batch, block, path: Array(path.utf8))
                writer.append(batch)
                try await object.append(writer.takeOutput())
            }
            let summary = writer.finish()
            try await object.append(writer.takeOutput())
            return summary
        }
        var file = DataFile(path: store.locations.location(of: key), summary: summary)
        file.content = .positionDeletes
        // Whole, so that readers see by them which one file this is about.
        file.lowerBounds[pathID] = Array(path.utf8)
        file.upperBounds[pathID] = Array(path.utf8)
        // The order of delete files is the specification's, not one of the table's.
        file.sortOrderID = nil
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
