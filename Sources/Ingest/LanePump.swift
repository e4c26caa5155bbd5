import Columnar
import ObjectStorage
import Streams

/// Moves the batches of one lane into data files: while one batch is encoded, the next is read.
///
/// Two batches go round. There is no queue: whichever side is faster waits for the other, and
/// memory stays at two batches and one row group. Used by one task.
struct LanePump {
    let lane: Int
    let reader: any LaneReader
    let files: DataFiles
    let options: ParquetOptions
    let progress: RunProgress
    let guardRails: GuardRails

    /// Reads the lane to its end into files of `schema`, its columns with their field ids.
    func run(schema: Schema) async throws {
        var known = ReadProgress()
        var current = Batch(schema: schema)
        var spare = Batch(schema: schema)
        var hasMore = try await fill(current, known: &known)
        var number = 0
        while current.rowCount > 0 || hasMore {
            guard current.rowCount > 0 else {
                hasMore = try await fill(current, known: &known)
                continue
            }
            let encoder = FileEncoder(schema: schema, options: options)
            try await files.write(lane: lane, number: number) { writer in
                var fileByteCount: Int64 = 0
                while current.rowCount > 0 || hasMore, fileByteCount < Limits.dataFileByteCount {
                    let full = current
                    async let encoded = encoder.append(full)
                    current = spare
                    current.removeAll()
                    if hasMore { hasMore = try await fill(current, known: &known) }
                    let output = await encoded
                    spare = full
                    for chunk in output.chunks { try writer.append(chunk.bytes) }
                    note(output.fileByteCount - fileByteCount)
                    fileByteCount = output.fileByteCount
                }
                let (summary, output) = await encoder.finish()
                for chunk in output.chunks { try writer.append(chunk.bytes) }
                note(summary.byteCount - fileByteCount)
                return summary
            }
            number += 1
        }
    }

    private func note(_ byteCount: Int64) {
        progress.update { $0.bytesWritten += byteCount }
    }

    private func fill(_ batch: Batch, known: inout ReadProgress) async throws -> Bool {
        try Task.checkCancellation()
        try guardRails.checkAge()
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
        let byteCount = read.byteCount - known.byteCount
        let rowCount = read.rowCount - known.rowCount
        known = read
        progress.update {
            $0.rowCount += rowCount
            $0.bytesRead += byteCount
        }
        if hasMore { try await guardRails.slowDown(byteCount) }
        return hasMore
    }
}
