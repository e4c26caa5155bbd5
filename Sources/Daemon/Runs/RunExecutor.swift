import Columnar
import Definitions
import Iceberg
import Ingest
import Metastore
import ObjectStorage
import Scheduling
import Streams

/// Does the work of an occurrence: one sync of one stream.
struct RunExecutor: Sendable {
    let lake: Lake
    let schedules: DocumentStore<ScheduleDefinition>
    let access: SourceAccess
    let metastore: Metastore
    let release: String

    /// Runs one attempt; never throws, since how it ended is the answer.
    func perform(
        _ start: SchedulerStep.Start,
        _ lease: Lease,
        _ progress: RunProgress
    ) async -> AttemptReport {
        var opened: SourceAccess.Opened?
        do {
            return try await perform(start, lease, progress, &opened)
        } catch is CancellationError {
            return AttemptReport(.cancelled, message: "it was stopped")
        } catch {
            if Task.isCancelled { return AttemptReport(.cancelled, message: "it was stopped") }
            let message = opened?.scrub("\(error)") ?? "\(error)"
            return AttemptReport(
                .failed(FailureClass(error)),
                message: String(message.prefix(Limits.messageLength))
            )
        }
    }

    private func perform(
        _ start: SchedulerStep.Start,
        _ lease: Lease,
        _ progress: RunProgress,
        _ opened: inout SourceAccess.Opened?
    ) async throws -> AttemptReport {
        let occurrence = start.occurrence
        // The document as it is now, not as it was when the occurrence was recorded.
        let definition = try await schedules.get(DefinitionID(occurrence.scheduleID)).document
        guard definition.dataset == occurrence.target else {
            throw DefinitionError(
                .invalid,
                field: "dataset",
                "the schedule loads \(definition.dataset) since this run of \(occurrence.target) was recorded"
            )
        }
        let parts = definition.dataset.split(separator: ".", maxSplits: 1).map(String.init)
        let table = try TableIdentifier(namespace: parts[0], name: parts[1])
        if let snapshot = try await published(occurrence, in: table) {
            var report = AttemptReport(
                .succeeded,
                message: "an attempt that was thought lost had published it already"
            )
            report.snapshotID = snapshot
            return report
        }
        let access = try await self.access.open(definition.source)
        opened = access
        var options = RunOptions()
        options.limits.bytesPerSecond = access.bytesPerSecond.map(Int64.init)
        options.contract = SchemaContract(rawValue: definition.sync.contract.rawValue) ?? .evolve
        options.allowsTypeChange = definition.sync.allowsTypeChange
        options.encodings = definition.sync.encodings.flatMap { EncodingChoice(rawValue: $0.rawValue) }
        options.takesOver = try await wasInterrupted(start)
        // Who had the lease before may still be there, held up or waiting.
        options.fenced = Set(
            try await metastore.formerHolders(of: lease).compactMap(Node.identity)
        )
        options.occurrence = OccurrenceMark(
            id: occurrence.id,
            schedule: occurrence.scheduleID,
            scheduledFor: occurrence.scheduledFor,
            epoch: lease.epoch
        )
        let run = SyncRun(
            source: access.source,
            store: lake.store,
            catalog: lake.catalog,
            environment: .system,
            options: options,
            writer: release
        )
        let selection = StreamSelection(request: try request(definition), table: table)
        let result = try await run.perform([selection], progress: progress)
        guard let stream = result.streams.first else {
            return AttemptReport(.cancelled, message: "it was stopped")
        }
        if let failure = stream.failure { throw failure }
        return report(stream)
    }

    private func report(_ stream: StreamResult) -> AttemptReport {
        var report = AttemptReport(.succeeded)
        report.rowCount = stream.rowCount
        report.bytesRead = stream.bytesRead
        report.bytesWritten = stream.bytesWritten
        report.snapshotID = stream.snapshotID
        report.warnings = stream.schemaChanges + stream.risks
        report.message = stream.resumption
        for conversion in stream.conversions {
            report.warnings.append(
                "\(conversion.count) values of \(conversion.column) were changed: "
                    + "\(conversion.reason.rawValue), \(conversion.outcome.rawValue)"
            )
        }
        return report
    }

    /// The snapshot that holds the occurrence; nil where nothing of it is published.
    private func published(
        _ occurrence: Occurrence,
        in table: TableIdentifier
    ) async throws -> Int64? {
        guard let present = try await lake.catalog.loadIfPresent(table) else { return nil }
        return present.metadata.snapshots.last {
            OccurrenceMark(summary: $0.summary)?.id == occurrence.id
        }?.id
    }

    /// Whether the attempt before this one was cut off, so that its unfinished run is this one's to go on
    /// with, even if the process that worked at it is still there, held up.
    private func wasInterrupted(_ start: SchedulerStep.Start) async throws -> Bool {
        guard start.attempt > 1 else { return false }
        return try await metastore.attempts(of: start.occurrence.id).contains {
            $0.attempt == start.attempt - 1 && $0.end == AttemptEnd.interrupted.word
        }
    }

    /// What a definition asks the source for.
    private func request(_ definition: ScheduleDefinition) throws -> ReadRequest {
        guard let stream = StreamName(parsing: definition.stream) else {
            throw DefinitionError(.invalid, field: "stream", "it is table, or schema.table")
        }
        let sync = definition.sync
        var request = ReadRequest(stream: stream)
        request.columns = sync.columns
        request.filter = sync.condition
        request.defaultPolicy = sync.policy.flatMap { ConversionPolicy(rawValue: $0.rawValue) }
        request.policies = sync.columnPolicies.compactMapValues {
            ConversionPolicy(rawValue: $0.rawValue)
        }
        if sync.mode == .incremental, let cursor = sync.cursor {
            request.incremental = IncrementalRequest(
                cursor: cursor,
                key: sync.primaryKey ?? [],
                conflict: sync.conflict == .append ? .append : .merge,
                lookback: sync.lookback.map { $0 / 1_000 },
                since: nil
            )
        }
        return request
    }
}
