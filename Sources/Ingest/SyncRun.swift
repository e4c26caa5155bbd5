package import Basics
package import Columnar
package import Iceberg
package import ObjectStorage
package import Streams

/// One stream of a run and where it lands.
package struct StreamSelection: Sendable {
    package var request: ReadRequest
    package var table: TableName

    /// Makes a selection.
    package init(request: ReadRequest, table: TableName) {
        self.request = request
        self.table = table
    }
}

/// What became of a run.
package struct RunResult: Sendable {
    /// How long it took.
    package var elapsed: Duration
    /// One per stream that was begun, in the order of the selection.
    package var streams: [StreamResult]
}

/// How a run deals with what it finds in the lake.
package struct RunOptions: Sendable {
    package var limits = RunLimits()
    /// How the tables' schemas follow the source.
    package var contract = SchemaContract.evolve
    package var allowsTypeChange = false
    /// Which encodings the tables' files use from this run on; nil leaves each table as it is.
    package var encodings: EncodingChoice?
    /// Start over: neither an unfinished run nor the cursor counts, and the table's rows are replaced.
    package var restarts = false
    /// Keep the rows of a table that others filled, or that was loaded in another way: merge into them,
    /// or append to them.
    package var adopts = false
    /// Publish nothing when the table would hold another number of rows than the stream.
    package var requiresEqual = false
    /// Take an unfinished run from a process that lives.
    package var takesOver = false
    /// Processes whose unfinished runs are to be taken, whether they live or not.
    package var fenced: Set<ProcessIdentity> = []
    /// What a schedule's run belongs to; nil for one that somebody started by hand.
    package var occurrence: OccurrenceMark?

    /// Makes the options of a plain run.
    package init() {}
}

/// What a run was started for, as it stands in the snapshot it publishes.
package struct OccurrenceMark: Hashable, Sendable {
    /// Published once: another run of the same occurrence finds its snapshot and publishes nothing.
    package var id: String
    package var schedule: String
    /// The nominal time.
    package var scheduledFor: Instant
    /// The epoch of the lease under which it was begun.
    package var epoch: Int64

    /// Makes a mark.
    package init(id: String, schedule: String, scheduledFor: Instant, epoch: Int64) {
        self.id = id
        self.schedule = schedule
        self.scheduledFor = scheduledFor
        self.epoch = epoch
    }

    /// The mark that a snapshot carries; nil for one that was published by hand.
    package init?(summary: [String: String]) {
        guard let id = summary["tributary.occurrence"],
            let schedule = summary["tributary.schedule"],
            let scheduledFor = summary["tributary.scheduled-for"].flatMap(Int64.init)
                .map(Instant.init(milliseconds:))
        else { return nil }
        let epoch = summary["tributary.epoch"].flatMap(Int64.init) ?? 0
        self.init(id: id, schedule: schedule, scheduledFor: scheduledFor, epoch: epoch)
    }

    var summary: [String: String] {
        [
            "tributary.occurrence": id, "tributary.schedule": schedule,
            "tributary.scheduled-for": String(scheduledFor.milliseconds),
            "tributary.epoch": String(epoch),
        ]
    }
}

/// Reads streams one after the other and publishes each in one snapshot of its table.
///
/// A stream that fails publishes nothing and does not stop the others; a cancelled run begins no
/// further stream.
package struct SyncRun: Sendable {
    let source: any Source
    let store: any ObjectStore
    let catalog: FilesystemCatalog
    let clocks: Clocks
    let options: RunOptions
    let writer: String
    let owner: ProcessIdentity

    /// Makes a run; `writer` names the program and its version in snapshots, `owner` the process
    /// that works at it.
    package init(
        source: any Source,
        store: any ObjectStore,
        catalog: FilesystemCatalog,
        clocks: Clocks,
        options: RunOptions = RunOptions(),
        writer: String,
        owner: ProcessIdentity = .current
    ) {
        self.source = source
        self.store = store
        self.catalog = catalog
        self.clocks = clocks
        self.options = options
        self.writer = writer
        self.owner = owner
    }

    /// Runs the streams one after the other.
    ///
    /// Failures of a stream are part of the result. Streams that would land in one table all fail.
    package func perform(
        _ selections: [StreamSelection],
        progress: RunProgress
    ) async throws -> RunResult {
        let takers = Dictionary(grouping: selections, by: \.table)
        let start = clocks.uptime().sinceBoot
        var result = RunResult(elapsed: .zero, streams: [])
        for selection in selections {
            if let others = takers[selection.table], others.count > 1 {
                result.streams.append(Self.collision(selection, others))
                continue
            }
            let outcome = await perform(selection, progress: progress)
            result.streams.append(outcome)
            progress.update { $0.finishedCount += 1 }
            if outcome.failure is CancellationError { break }
        }
        result.elapsed = clocks.uptime().sinceBoot - start
        return result
    }

    private static func collision(
        _ selection: StreamSelection,
        _ others: [StreamSelection]
    ) -> StreamResult {
        let names = others.map(\.request.stream.description).joined(separator: " and ")
        return .refused(
            selection.request.stream,
            table: selection.table.description,
            IngestError(
                .sameTable,
                "\(names) would land in one table, \(selection.table); name a table for one of them with "
                    + "\(Remedy.dataset)"
            )
        )
    }

    private func perform(
        _ selection: StreamSelection,
        progress: RunProgress
    ) async -> StreamResult {
        let start = clocks.uptime().sinceBoot
        progress.update {
            $0 = RunProgress.State(
                stream: selection.request.stream,
                phase: .planning,
                startedAt: start,
                finishedCount: $0.finishedCount
            )
        }
        var result = StreamResult(
            stream: selection.request.stream,
            table: selection.table.description,
            location: ""
        )
        do {
            result.location = try catalog.location(of: selection.table)
            try await StreamRun(run: self, selection: selection, progress: progress)
                .perform(&result)
        } catch {
            // Cancelling breaks connections; the cause is the cancelling. But whether a commit
            // landed has to be said in any case.
            let isUnknown = (error as? IcebergError)?.code == .unknownOutcome
            result.failure = Task.isCancelled && !isUnknown ? CancellationError() : error
        }
        result.elapsed = clocks.uptime().sinceBoot - start
        return result
    }
}
