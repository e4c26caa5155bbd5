import Columnar

/// Encodes the batches of one data file beside the reading.
actor FileEncoder {
    private let writer: ParquetWriter

    /// What became final, to be written in this order.
    struct Output: Sendable {
        var chunks: [ByteStorage]
        /// Bytes of the file so far, those not final yet included.
        var fileByteCount: Int64
    }

    init(schema: Schema, options: ParquetOptions) {
        writer = ParquetWriter(schema: schema, options: options)
    }

    func append(_ batch: Batch) -> Output {
        writer.append(batch)
        return Output(chunks: writer.takeOutput(), fileByteCount: writer.byteCount)
    }

    func finish() -> (summary: FileSummary, output: Output) {
        let summary = writer.finish()
        return (
            summary, Output(chunks: writer.takeOutput(), fileByteCount: summary.byteCount)
        )
    }
}
