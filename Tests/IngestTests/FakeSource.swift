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
    }

    let location = SourceLocation(kind: "fake", place: "memory")
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

/// Gives the row numbers from 0 in every column, to whichever lane asks.
private final class FakeReader: StreamReader {
    let plan: ReadPlan
    private let script: FakeSource.Script
    private let given = Mutex(0)

    init(plan: ReadPlan, script: FakeSource.Script) {
        self.plan = plan
        self.script = script
    }

    var lanes: [any LaneReader] {
        (0..<script.laneCount).map { Lane(reader: self, number: $0) }
    }

    private final class Lane: LaneReader {
        private let reader: FakeReader
        private let number: Int
        private let read = Mutex(ReadProgress())

        init(reader: FakeReader, number: Int) {
            self.reader = reader
            self.number = number
        }

        func fill(_ batch: Batch) async throws -> Bool {
            let hasMore = try reader.fill(batch)
            read.withLock {
                $0.rowCount += Int64(batch.rowCount)
                $0.byteCount += reader.script.batchByteCount
            }
            return hasMore
        }

        func progress() async -> ReadProgress {
            var progress = read.withLock { $0 }
            if number == 0 { progress.conversions = reader.script.conversions }
            return progress
        }
    }

    private func fill(_ batch: Batch) throws -> Bool {
        let (first, count) = given.withLock { given in
            let count = min(script.batchRowCount, script.rowCount - given)
            defer { given += count }
            return (given, count)
        }
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
        return first + count < script.rowCount
    }

    func sourceRowCount() async throws -> RowCountAnswer {
        script.answer ?? .exactly(Int64(script.rowCount))
    }
}
