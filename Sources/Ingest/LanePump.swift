import Columnar
import Iceberg
import ObjectStorage
import Streams

/// Moves the batches of one lane into data files: while one batch is encoded, the next is read.
///
/// Two batches go round. There is no queue: whichever side is faster waits for the other, and
/// memory stays at two batches and one row group. A file ends when it is large or a checkpoint is
/// due, and only with files that are complete a checkpoint is written. Used by one task.
struct LanePump {
    let lane: Int
    let reader: any LaneReader
    let work: ReadWork
    let files: DataFiles
    let options: ParquetOptions
    let progress: RunProgress
    let guardRails: GuardRails

    /// Reads slices until none is left, into files of `schema`, its columns with their field ids.
    func run(schema: Schema) async throws {
        var rows = LaneRows(
            reader: reader,
            work: work,
            progress: progress,
            guardRails: guardRails
        )
        var batches = (current: Batch(schema: schema), spare: Batch(schema: schema))
        var part = work.openPart()
        var arrival = try await rows.next(into: batches.current)
        var number = 0
        while let first = arrival {
            if first.rowCount > 0 {
                part.add(
                    try await writeFile(number, &part, &rows, &batches, &arrival, schema: schema)
                )
                number += 1
            } else {
                // A page without rows moves the position all the same.
                part.note(first)
                batches.current.removeAll()
                arrival = try await rows.next(into: batches.current)
            }
            let isDue = work.isDue(startedAt: part.startedAt, byteCount: part.byteCount)
            if part.isAtPageEnd, isDue || !part.files.isEmpty || arrival == nil {
                try await work.commit(part)
                part = work.openPart(after: part.latest)
            }
        }
        await reader.finish()
    }

    /// Writes one file, beginning with the batch that has arrived.
    private func writeFile(
        _ number: Int,
        _ part: inout OpenPart,
        _ rows: inout LaneRows,
        _ batches: inout (current: Batch, spare: Batch),
        _ arrival: inout LaneRows.Arrival?,
        schema: Schema
    ) async throws -> DataFile {
        let encoder = FileEncoder(schema: schema, options: options)
        return try await files.write(lane: lane, number: number) { writer in
            var fileByteCount: Int64 = 0
            while let present = arrival, fileByteCount < Limits.dataFileByteCount {
                let full = batches.current
                async let encoded = encoder.append(full)
                batches.current = batches.spare
                batches.current.removeAll()
                arrival = try await rows.next(into: batches.current)
                let output = await encoded
                batches.spare = full
                part.note(present)
                try await writer.append(output.chunks)
                note(output.fileByteCount - fileByteCount)
                fileByteCount = output.fileByteCount
                if part.isAtPageEnd,
                    work.isDue(
                        startedAt: part.startedAt,
                        byteCount: part.byteCount + fileByteCount
                    )
                {
                    break
                }
            }
            let (summary, output) = await encoder.finish()
            try await writer.append(output.chunks)
            note(summary.byteCount - fileByteCount)
            return summary
        }
    }

    private func note(_ byteCount: Int64) {
        progress.update { $0.bytesWritten += byteCount }
    }
}
