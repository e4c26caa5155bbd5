import Basics
import Columnar
import Streams

/// The rows of one lane, batch by batch, over all slices it takes.
///
/// Used by one task.
struct LaneRows {
    let reader: any LaneReader
    let work: ReadWork
    let progress: RunProgress
    let guardRails: GuardRails
    private var slice: Slice?
    private var known = ReadProgress()

    init(
        reader: any LaneReader,
        work: ReadWork,
        progress: RunProgress,
        guardRails: GuardRails
    ) {
        self.reader = reader
        self.work = work
        self.progress = progress
        self.guardRails = guardRails
    }

    /// What came with a batch.
    struct Arrival {
        var rowCount: Int
        /// What the lane has read with it, over all.
        var progress: ReadProgress
        /// The page that ends with it.
        var page: CommittedPart.Piece?
    }

    /// Fills an empty batch; nil when there is no slice left for this lane.
    mutating func next(into batch: Batch) async throws -> Arrival? {
        try Task.checkCancellation()
        try guardRails.checkAge()
        let current: Slice
        if let slice {
            current = slice
        } else {
            guard let assignment = work.next() else { return nil }
            try await reader.begin(assignment.slice, at: assignment.position)
            current = assignment.slice
            slice = current
        }
        let end = try await reader.fill(batch)
        try requireNoNulls(in: batch)
        if let end {
            try work.observe(end.step, of: current)
            if end.step == .done { slice = nil }
        }
        let read = await reader.progress()
        let byteCount = read.byteCount - known.byteCount
        let rowCount = read.rowCount - known.rowCount
        known = read
        progress.update {
            $0.rowCount += rowCount
            $0.bytesRead += byteCount
        }
        try await guardRails.slowDown(byteCount)
        return Arrival(
            rowCount: batch.rowCount,
            progress: read,
            page: end.map { CommittedPart.Piece(slice: current, step: $0.step) }
        )
    }

    private func requireNoNulls(in batch: Batch) throws {
        for (field, column) in zip(batch.schema.fields, batch.columns)
        where field.isRequired && column.nullCount > 0 {
            throw SourceError(
                .badValue,
                "column \(field.name) is declared NOT NULL at the source, but holds nulls; drop the "
                    + "constraint there, or leave the column out with \(Remedy.columns)"
            )
        }
    }
}
