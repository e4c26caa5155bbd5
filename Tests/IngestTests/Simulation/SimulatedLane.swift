import Columnar
import Streams
import Synchronization

/// One connection of a simulated read.
final class SimulatedLane: LaneReader {
    private struct State {
        var pending: [SimulatedDatabase.Row] = []
        var read = ReadProgress()
        /// A page without rows was given.
        var hasPaused = false
    }

    private let reader: SimulatedReader
    private let state = Mutex(State())

    init(reader: SimulatedReader) { self.reader = reader }

    func begin(_ slice: Slice, at position: Position?) async throws {
        try await reader.source.attempt.asking("begin \(slice.key)")
        var rows = reader.rows(of: slice)
        switch position {
        case .row(let id): rows.removeAll { $0.key * 2 <= id }
        case .key(let values):
            let last = values.first.flatMap { Int64($0) } ?? 0
            rows.removeAll { $0.key * 2 <= last }
        default: break
        }
        state.withLock { state in
            state.pending = rows
            // It may have been a page without rows that the read ended with.
            state.hasPaused = position != nil
        }
    }

    func fill(_ batch: Batch) async throws -> PageEnd? {
        try await reader.source.attempt.asking("fill")
        return state.withLock { state in
            let rows = state.pending.prefix(reader.source.pieceCount)
            let isEmptyPage = reader.source.manner != .whole && !state.hasPaused && rows.count > 1
            if isEmptyPage, let next = rows.first, next.key % 3 == 0 {
                state.hasPaused = true
                return end(behind: next.key * 2 - 1)
            }
            state.hasPaused = false
            for row in rows {
                for (column, field) in zip(batch.columns, batch.schema.fields) {
                    let other = field.name == "writer" ? row.writer : row.value
                    column.append(field.name == "id" ? row.key : other)
                }
            }
            batch.rowCount = rows.count
            state.pending.removeFirst(rows.count)
            state.read.rowCount += Int64(rows.count)
            state.read.byteCount += Int64(rows.count) * 8
            guard let last = rows.last, !state.pending.isEmpty else { return PageEnd(.done) }
            return end(behind: last.key * 2)
        }
    }

    /// What follows rows up to a place in the order of keys.
    private func end(behind place: Int64) -> PageEnd? {
        switch reader.source.manner {
        case .rows: PageEnd(.more(.row(id: place)))
        case .keys: PageEnd(.more(.key(values: [String(place)])))
        case .pages, .whole: nil
        }
    }

    func progress() async -> ReadProgress { state.withLock { $0.read } }

    func finish() async {}
}
