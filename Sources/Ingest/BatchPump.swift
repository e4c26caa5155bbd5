import Columnar
import ObjectStorage
import Streams

/// Moves the batches of one reader into data files: while one batch is encoded, the next is read.
///
/// Two batches go round. There is no queue: whichever side is faster waits for the other, and
/// memory stays at two batches and one row group. Used by one task.
final class BatchPump {
    /// A finished, durable data file that no table names yet.
    struct WrittenFile: Sendable {
        var key: ObjectKey
        var summary: FileSummary
    }

    /// Files that are durable, the last one of a failed run included.
    private(set) var files: [WrittenFile] = []
    private let store: any ObjectStore
    private let progress: RunProgress
    private let nameFile: (Int) throws -> ObjectKey

    /// Makes a pump into `store`; `nameFile` gives the key of the n-th file.
    init(
        store: any ObjectStore,
        progress: RunProgress,
        nameFile: @escaping (Int) throws -> ObjectKey
    ) {
        self.store = store
        self.progress = progress
        self.nameFile = nameFile
    }

    /// Rows in the files.
    var rowCount: Int64 { files.reduce(0) { $0 + $1.summary.rowCount } }
    /// Bytes of the files.
    var byteCount: Int64 { files.reduce(0) { $0 + $1.summary.byteCount } }

    /// Reads `reader` to its end into files of `schema`, its columns with their field ids.
    func run(_ reader: any StreamReader, schema: Schema) async throws {
        var current = Batch(schema: schema)
        var spare = Batch(schema: schema)
        var hasMore = try await fill(current, from: reader)
        while current.rowCount > 0 || hasMore {
            guard current.rowCount > 0 else {
                hasMore = try await fill(current, from: reader)
                continue
            }
            let key = try nameFile(files.count)
            let encoder = FileEncoder(schema: schema, options: ParquetOptions())
            let before = byteCount
            let summary = try await store.write(to: key) { writer in
                var fileByteCount: Int64 = 0
                while current.rowCount > 0 || hasMore, fileByteCount < Limits.dataFileByteCount {
                    let full = current
                    async let encoded = encoder.append(full)
                    current = spare
                    current.removeAll()
                    if hasMore { hasMore = try await fill(current, from: reader) }
                    let output = await encoded
                    spare = full
                    for chunk in output.chunks { try writer.append(chunk.bytes) }
                    fileByteCount = output.fileByteCount
                    progress.update { $0.bytesWritten = before + fileByteCount }
                }
                let (summary, output) = await encoder.finish()
                for chunk in output.chunks { try writer.append(chunk.bytes) }
                progress.update { $0.bytesWritten = before + summary.byteCount }
                return summary
            }
            files.append(WrittenFile(key: key, summary: summary))
        }
    }

    private func fill(_ batch: Batch, from reader: any StreamReader) async throws -> Bool {
        try Task.checkCancellation()
        let hasMore = try await reader.fill(batch)
        for (field, column) in zip(batch.schema.fields, batch.columns)
        where field.isRequired && column.nullCount > 0 {
            throw SourceError(
                .badValue,
                "column \(field.name) is declared NOT NULL at the source, but holds nulls; drop the "
                    + "constraint there, or leave the column out with --columns"
            )
        }
        let read = await reader.progress()
        progress.update {
            $0.rowCount = read.rowCount
            $0.bytesRead = read.byteCount
        }
        return hasMore
    }

    /// Removes the files, none of which a table names: what a failed run leaves behind.
    func removeFiles() async {
        for file in files {
            // The failure that led here is the one to report; a file that stays is unused space.
            try? await store.delete(file.key)
        }
    }
}
