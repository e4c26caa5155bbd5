import Columnar
import Streams
import Synchronization

/// A source of rows made up: what a run does with a source that counts, fails or stops as told.
final class FakeSource: Source {
    /// What the source does.
    struct Script: Sendable {
        var columns = [
            PlannedColumn(
                name: "id",
                sourceType: "bigint",
                type: .long,
                isRequired: true,
                policy: .null
            )
        ]
        var rowCount = 1_000
        var batchRowCount = 300
        var answer: RowCountAnswer?
        /// Lanes that share the rows; each takes the next batch when it is asked.
        var laneCount = 1
        /// What each batch counts as, in bytes from the source.
        var batchByteCount: Int64 = 0
        /// The read fails when it has given this many rows.
        var failsAfter: Int?
        /// The task is cancelled when it has given this many rows.
        var cancelsAfter: Int?
        var onCancel: @Sendable () -> Void = {}
        var conversions: [Conversion] = []
        /// Another number is another state of the rows.
        var version = 1
        /// The source cannot say whether rows have changed.
        var cannotProve = false
    }

    let location = SourceLocation(kind: "fake", place: "memory", defaultNamespace: nil)
    private let script: Mutex<Script>

    init(_ script: Script = Script()) { self.script = Mutex(script) }

    func rewrite(_ change: (inout Script) -> Void) { script.withLock { change(&$0) } }

    func check() async throws -> SourceCheck {
        SourceCheck(version: "1", facts: [], warnings: [], streamCount: 1)
    }

    func discover() async throws -> [StreamDescriptor] { [] }

    func plan(_ request: ReadRequest) async throws -> ReadPlan {
        ReadPlan(
            stream: request.stream,
            query: "rows",
            columns: script.withLock { $0.columns },
            primaryKey: ["id"],
            estimatedRowCount: nil,
            estimatedByteCount: nil,
            access: "from memory",
            resume: .none,
            risks: []
        )
    }

    func read<Result: Sendable>(
        _ request: ReadRequest,
        _ body: (any StreamReader) async throws -> Result
    ) async throws -> Result {
        try await body(
            FakeReader(plan: try await plan(request), script: script.withLock { $0 })
        )
    }
}

/// Gives the row numbers from 0 in every column, to whichever lane asks: slices of one batch each.
private final class FakeReader: StreamReader {
    let plan: ReadPlan
    let mark: SourceMark
    private let script: FakeSource.Script

    init(plan: ReadPlan, script: FakeSource.Script) {
        self.plan = plan
        self.script = script
        mark = SourceMark(["version": String(script.version)])
    }

    func resume(_ read: CommittedRead) async throws -> Resumption {
        if script.cannotProve {
            return Resumption(kept: Array(read.parts.indices), isProven: false)
        }
        return read.mark == mark
            ? Resumption(kept: Array(read.parts.indices), isProven: true)
            : .nothing("the numbers have changed")
    }

    func slices(besides committed: [CommittedPart.Piece]) async throws -> [Slice] {
        stride(from: 0, to: script.rowCount, by: script.batchRowCount).map { first in
            Slice(key: SliceKey("\(first)"), range: .window(start: "\(first)", end: nil))
        }
    }

    var lanes: [any LaneReader] {
        (0..<script.laneCount).map { Lane(reader: self, number: $0) }
    }

    private final class Lane: LaneReader {
        private let reader: FakeReader
        private let number: Int
        private let read = Mutex(ReadProgress())
        private let first = Mutex(0)

        init(reader: FakeReader, number: Int) {
            self.reader = reader
            self.number = number
        }

        func begin(_ slice: Slice, at position: Position?) async throws {
            first.withLock { $0 = Int(slice.key.rawValue) ?? 0 }
        }

        func fill(_ batch: Batch) async throws -> PageEnd? {
            try reader.fill(batch, from: first.withLock { $0 })
            read.withLock {
                if number == 0, $0.rowCount == 0 { $0.conversions = reader.script.conversions }
                $0.rowCount += Int64(batch.rowCount)
                $0.byteCount += reader.script.batchByteCount
            }
            return PageEnd(.done)
        }

        func progress() async -> ReadProgress { read.withLock { $0 } }

        func finish() async {}
    }

    private func fill(_ batch: Batch, from first: Int) throws {
        let count = min(script.batchRowCount, script.rowCount - first)
        if let limit = script.failsAfter, first >= limit {
            throw SourceError(.interrupted, "the connection was lost")
        }
        if let limit = script.cancelsAfter, first >= limit {
            script.onCancel()
            try Task.checkCancellation()
        }
        for row in first..<first + count {
            for column in batch.columns {
                switch column.type {
                case .int: column.append(Int32(row))
                case .string: column.append("row \(row)")
                default: column.append(Int64(row))
                }
            }
        }
        batch.rowCount = count
    }

    func sourceRowCount() async throws -> RowCountAnswer {
        script.answer ?? .exactly(Int64(script.rowCount))
    }

    func streamRowCount(isNeeded: Bool) async throws -> RowCountAnswer {
        try await sourceRowCount()
    }

    func cursor() async throws -> CursorState? { nil }
}
