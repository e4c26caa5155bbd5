import Basics
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
    let catalog: ScheduleCatalog
    let access: SourceAccess
    let metastore: Metastore
    let release: String

    private var schedules: DocumentStore<ScheduleDefinition> { catalog.documents }

    /// Runs one attempt; never throws, since how it ended is the answer.
    func perform(
        _ start: SchedulerStep.Start,
        _ lease: Lease,
        _ progress: RunProgress
    ) async -> AttemptReport {
        var report =
            start.onlyLooks
            ? AttemptReport(.cancelled, message: "it was stopped")
            : await attempt(start, lease, progress)
        guard report.end != .succeeded else { return report }
        // However it ended, the table tells whether it was published: a death, a stop or a lost answer may have
        // come between the commit and its record.
        do {
            return try await published(start.occurrence) ?? report
        } catch {
            await note(error, in: &report)
            return report
        }
    }

    /// Notes that the table could not be asked.
    private func note(_ error: any Error, in report: inout AttemptReport) async {
        do {
            try await lake.requireAnswer()
            // It will not say more the next time, unless somebody mends it.
            report.isSettled = FailureClass(of: error) != .lake
        } catch {
            report.isSettled = false
            if case .failed = report.end {
                report.end = .failed(.lake)
                report.message = String("\(error)".prefix(Limits.messageLength))
            }
        }
    }

    private func attempt(
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
            let message = Remedy.spelled(opened?.scrub("\(error)") ?? "\(error)", \.quoted)
            return AttemptReport(
                .failed(FailureClass(of: error)),
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
        if let report = try await published(occurrence) { return report }
        // The document as it is now, not as it was when the occurrence was recorded.
        let definition = try await schedules.named(DefinitionID(occurrence.scheduleID)).document
        guard definition.dataset == occurrence.target else {
            throw DefinitionError(
                .invalid,
                field: "dataset",
                "the schedule loads \(definition.dataset) since this run of \(occurrence.target) was recorded"
            )
        }
        let table = definition.dataset
        let access = try await self.access.open(definition.source)
        opened = access
        var options = Self.options(of: definition.sync, occurrence)
        options.limits.bytesPerSecond = access.bytesPerSecond.map(Int64.init)
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
            clocks: .machine,
            options: options,
            writer: release
        )
        let selection = StreamSelection(request: try request(definition), table: table)
        let result = try await run.perform([selection], progress: progress)
        guard let stream = result.streams.first else {
            return AttemptReport(.cancelled, message: "it was stopped")
        }
        if let failure = stream.failure { throw failure }
        var report = report(stream)
        report.warnings = report.warnings.map { Remedy.spelled(access.scrub($0), \.quoted) }
        report.message = report.message.map { Remedy.spelled(access.scrub($0), \.quoted) }
        return report
    }

    private static func options(of sync: SyncDefinition, _ occurrence: Occurrence) -> RunOptions {
        var options = RunOptions()
        options.contract = SchemaContract(rawValue: sync.contract.rawValue) ?? .evolve
        options.allowsTypeChange = sync.allowsTypeChange
        options.requiresEqual = sync.requiresEqual
        options.adopts = occurrence.rows == .adopt
        options.restarts = occurrence.rows == .restart
        options.encodings = sync.encodings.flatMap { EncodingChoice(rawValue: $0.rawValue) }
        return options
    }

    private func report(_ stream: StreamResult) -> AttemptReport {
        var report = AttemptReport(.succeeded)
        report.rowCount = stream.rowCount
        report.replacedRowCount = stream.replacedRowCount
        report.bytesRead = stream.bytesRead
        report.bytesWritten = stream.bytesWritten
        report.snapshotID = stream.snapshotID
        report.warnings = stream.schemaChanges + stream.risks
        report.message = stream.resumption
        if let comparison = stream.comparison {
            report.comparison = comparison.words
            report.difference = comparison.difference
            if comparison.difference ?? 0 != 0 { report.warnings.append(comparison.words) }
        }
        for conversion in stream.conversions {
            report.warnings.append(
                "\(conversion.count) of \(conversion.column)'s values changed: "
                    + "\(conversion.reason.rawValue), \(conversion.outcome.rawValue)"
            )
        }
        return report
    }

    /// The success of an earlier attempt at the occurrence; nil where nothing of it is published.
    private func published(_ occurrence: Occurrence) async throws -> AttemptReport? {
        guard let present = try await catalog.table(occurrence.target),
            let snapshot = present.metadata.snapshots.last(where: {
                OccurrenceMark(summary: $0.summary)?.id == occurrence.id
            })
        else { return nil }
        var report = AttemptReport(
            .succeeded,
            message: "an attempt that was thought lost had published it already"
        )
        report.snapshotID = snapshot.id
        report.rowCount = snapshot.count("added-records") ?? 0
        report.replacedRowCount = snapshot.count("deleted-records") ?? 0
        return report
    }

    /// Whether the attempt before this one was cut off, so that this one may resume its unfinished
    /// run, even if the process that worked at it is still there, held up.
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
        request.acceptsUnseenChanges = sync.acceptsUnseenChanges
        if sync.mode == .incremental, let cursor = sync.cursor {
            request.incremental = IncrementalRequest(
                cursor: cursor,
                key: sync.primaryKey ?? [],
                conflict: sync.conflict == .append ? .append : .merge,
                lookback: sync.lookback.map { lookback in
                    switch lookback {
                    case .span(let span): .time(span)
                    case .units(let count): .units(count)
                    }
                },
                since: nil
            )
        }
        return request
    }
}
