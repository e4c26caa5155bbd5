import Basics
import Columnar
import FoundationEssentials
import Iceberg
import ObjectStorage
import TestSupport
import Testing

/// A table that tests merge rows into.
struct MergeTable {
    let lake: TestLake
    let identifier: TableName
    /// The schema the table has after the next commit.
    var schema: Schema
    var key: [Int]
    var bounds = KeyMerge.Bounds()
    /// Properties that the next commit sets.
    var properties: [String: String] = [:]

    init(_ lake: TestLake, _ schema: Schema, key: [Int]) throws {
        self.lake = lake
        identifier = try TableName(namespace: "shop", name: "merged")
        self.schema = schema
        self.key = key
    }

    // MARK: Files

    /// Writes a file of rows and gives its record; numbers are given as text, dates in days.
    func write(_ rows: [[String?]], as schema: Schema? = nil) async throws -> DataFile {
        let batch = Batch(schema: schema ?? self.schema)
        for row in rows {
            for (column, text) in zip(batch.columns, row) { try append(text, to: column) }
        }
        batch.rowCount = rows.count
        return try await write(batch)
    }

    private func append(_ text: String?, to column: ColumnBuffer) throws {
        guard let text else { return column.appendNull() }
        switch column.type {
        case .int, .date: column.append(try #require(Int32(text)))
        case .long, .timestamp: column.append(try #require(Int64(text)))
        case .string: column.append(text)
        default: throw TestSupportError("no \(column.type) here")
        }
    }

    /// Writes a file of one batch.
    func write(_ batch: Batch) async throws -> DataFile {
        let key = try lake.catalog.folder(of: identifier)
            .appending("data/\(UUID().uuidString).parquet")
        var options = ParquetOptions()
        // Several row groups, so that positions go on across them.
        options.rowGroupRowCount = 700
        let writer = ParquetWriter(schema: batch.schema, options: options)
        let summary = try await lake.store.write(to: key) { object in
            writer.append(batch)
            let summary = writer.finish()
            try await object.append(writer.takeOutput())
            return summary
        }
        return DataFile(path: lake.store.locations.location(of: key), summary: summary)
    }

    // MARK: Changing

    /// Plans a merge upon what the table is now.
    func plan(_ files: [DataFile], prefix: String? = nil) async throws -> MergePlan {
        try await keyMerge(prefix: prefix).plan(adding: files)
    }

    /// A merge upon what the table is now.
    func keyMerge(prefix: String? = nil) async throws -> KeyMerge {
        try KeyMerge(
            catalog: lake.catalog,
            identifier: identifier,
            table: try await lake.catalog.loadIfPresent(identifier),
            schema: schema,
            key: key,
            newFilePrefix: prefix ?? UUID().uuidString,
            bounds: bounds
        )
    }

    /// Commits a plan.
    func commit(_ plan: MergePlan) async throws -> CommitResult {
        var transaction = try await lake.catalog.beginTransaction(identifier)
        transaction.setSchema(schema)
        transaction.setProperties(properties.mapValues { .some($0) })
        transaction.merge(plan)
        return try await transaction.commit()
    }

    /// Merges rows and gives what was done.
    @discardableResult
    func merge(_ rows: [[String?]]) async throws -> (plan: MergePlan, result: CommitResult) {
        let plan = try await plan([try await write(rows)])
        return (plan, try await commit(plan))
    }

    // MARK: Looking

    /// The files of the table by what they hold.
    func files(_ content: DataFile.Content) async throws -> [DataFile] {
        try await lake.catalog.load(identifier).files().filter { $0.content == content }
    }

    /// Expects every engine to read these rows, and the totals to agree.
    func expect(
        _ rows: [[String?]],
        sourceLocation: SourceLocation = #_sourceLocation
    ) async throws {
        func order(_ row: [String?]) -> [String] { row.map { $0 ?? "\u{10FFFF}" } }
        let sorted = rows.sorted { order($0).lexicographicallyPrecedes(order($1)) }
        let reading = try await EngineReading.of(identifier, in: lake)
        reading.expect(sorted, sourceLocation: sourceLocation)
        let all = try await lake.catalog.load(identifier).files()
        let totals = TableTotals(all)
        let summary = try #require(reading.summary, sourceLocation: sourceLocation)
        let stated = [
            "total-data-files", "total-records", "total-files-size", "total-delete-files",
            "total-position-deletes",
        ].map { summary[$0].flatMap { Int64($0) } }
        #expect(
            stated == [
                totals.fileCount, totals.rowCount, totals.byteCount, totals.deleteFileCount,
                totals.positionDeleteCount,
            ],
            sourceLocation: sourceLocation
        )
    }
}

/// What a merge refuses with.
func refusal(
    sourceLocation: SourceLocation = #_sourceLocation,
    _ body: () async throws -> Void
) async throws -> IcebergError {
    let error = await #expect(throws: IcebergError.self, sourceLocation: sourceLocation) {
        try await body()
    }
    return try #require(error, sourceLocation: sourceLocation)
}
