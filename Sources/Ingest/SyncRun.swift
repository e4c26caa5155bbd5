import Columnar
package import Iceberg
package import ObjectStorage
package import Streams

/// One stream of a run and where it lands.
package struct StreamSelection: Sendable {
    package var request: ReadRequest
    package var table: TableIdentifier

    /// Makes a selection.
    package init(request: ReadRequest, table: TableIdentifier) {
        self.request = request
        self.table = table
    }
}

/// What became of a run.
package struct RunResult: Sendable {
    package var runID: String
    package var seconds: Double
    /// One per stream that was begun, in the order of the selection.
    package var streams: [StreamResult]
}

/// One run: reads streams and replaces each one's table in one snapshot.
///
/// A stream that fails publishes nothing and does not stop the others; a cancelled run begins no
/// further stream. For each stream: plan and rows in one snapshot of the source, files durable,
/// the source's count compared, then one commit.
package struct SyncRun: Sendable {
    private let source: any Source
    private let store: any ObjectStore
    private let catalog: FilesystemCatalog
    private let environment: CommitEnvironment
    private let limits: RunLimits
    private let allowsTypeChange: Bool
    private let writer: String

    /// Makes a run; `writer` names the program and its version in snapshots.
    package init(
        source: any Source,
        store: any ObjectStore,
        catalog: FilesystemCatalog,
        environment: CommitEnvironment,
        limits: RunLimits = RunLimits(),
        allowsTypeChange: Bool = false,
        writer: String
    ) {
        self.source = source
        self.store = store
        self.catalog = catalog
        self.environment = environment
        self.limits = limits
        self.allowsTypeChange = allowsTypeChange
        self.writer = writer
    }

    /// Runs the streams one after the other.
    ///
    /// - Throws: `IngestError.Code.sameTable`; failures of a stream are part of the result.
    package func perform(
        _ selections: [StreamSelection],
        progress: RunProgress
    ) async throws -> RunResult {
        var taken: [TableIdentifier: StreamName] = [:]
        for selection in selections {
            if let other = taken.updateValue(selection.request.stream, forKey: selection.table) {
                throw IngestError(
                    .sameTable,
                    "\(other) and \(selection.request.stream) would both land in "
                        + "\(selection.table); name a table for one of them with --into"
                )
            }
        }
        let start = environment.now()
        var result = RunResult(runID: environment.makeUUID(), seconds: 0, streams: [])
        for selection in selections {
            let outcome = await perform(selection, runID: result.runID, progress: progress)
            result.streams.append(outcome)
            progress.update { $0.finishedCount += 1 }
            if outcome.failure is CancellationError { break }
        }
        result.seconds = Double(environment.now() - start) / 1000
        return result
    }

    private func perform(
        _ selection: StreamSelection,
        runID: String,
        progress: RunProgress
    ) async -> StreamResult {
        let start = environment.now()
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
            try await replace(selection, runID: runID, progress: progress, result: &result)
        } catch {
            // Cancelling breaks connections; the cause is the cancelling. But whether a commit
            // landed has to be said in any case.
            let isUnknown = (error as? IcebergError)?.code == .unknownOutcome
            result.failure = Task.isCancelled && !isUnknown ? CancellationError() : error
        }
        result.seconds = Double(environment.now() - start) / 1000
        return result
    }

    private func replace(
        _ selection: StreamSelection,
        runID: String,
        progress: RunProgress,
        result: inout StreamResult
    ) async throws {
        var transaction = try await catalog.beginTransaction(selection.table)
        let current = transaction.base?.metadata
        var request = selection.request
        for field in current?.currentSchema?.schema.fields ?? [] {
            request.preferredTypes[field.name] = field.type
        }
        let files = DataFiles(
            store: store,
            folder: try catalog.folder(of: selection.table),
            runID: runID
        )
        let guardRails = GuardRails(limits, environment: environment)
        do {
            let read = try await source.read(request) { reader in
                try await self.read(
                    reader,
                    into: files,
                    current: current,
                    progress: progress,
                    guardRails: guardRails
                )
            }
            result.note(read, files: files)
            result.schemaChanges = try await Self.news(
                read.evolution.changes,
                table: transaction.base
            ).map(\.description)
            let proof = StreamResult.Proof(
                source: read.sourceRowCount,
                committedRowCount: files.rowCount
            )
            result.proof = proof
            guard proof.isEqual, read.progress.rowCount == files.rowCount else {
                throw Self.unproven(proof)
            }
            progress.update { $0.phase = .publishing }
            try Task.checkCancellation()
            fill(&transaction, with: read, files: files.all, runID: runID)
            result.snapshotID = try await transaction.commit().snapshotID
        } catch let error as IcebergError where error.code == .unknownOutcome {
            // The files may be the table's by now.
            throw error
        } catch {
            await files.remove()
            throw error
        }
    }

    /// Notes what the commit publishes: schema, files and the facts of the run.
    private func fill(
        _ transaction: inout TableTransaction,
        with read: StreamRead,
        files: [DataFiles.File],
        runID: String
    ) {
        transaction.setSchema(
            read.evolution.table,
            key: read.plan.primaryKey,
            lastColumnID: read.evolution.lastColumnID
        )
        transaction.replace(
            files.map { file in
                DataFile(
                    path: store.locations.location(of: file.key),
                    summary: FileSchema.promoted(file.summary, to: read.evolution.table)
                )
            }
        )
        transaction.addSummary(summary(read, runID: runID))
    }

    private func read(
        _ reader: any StreamReader,
        into files: DataFiles,
        current: TableMetadata?,
        progress: RunProgress,
        guardRails: GuardRails
    ) async throws -> StreamRead {
        let plan = reader.plan
        guard !plan.columns.isEmpty else {
            throw SourceError(
                .unsupported,
                "it has no columns, and no engine reads a table without any; leave it out"
            )
        }
        let evolution = try evolve(plan, current: current)
        let lanes = reader.lanes
        progress.update {
            $0.phase = .reading
            $0.estimatedRowCount = plan.estimatedRowCount
            $0.laneCount = lanes.count
        }
        let schema = FileSchema.numbered(plan.schema, as: evolution.written)
        var options = ParquetOptions()
        options.bufferedByteCount = max(
            Limits.bufferedByteCount / lanes.count,
            Limits.bufferedByteCountMin
        )
        try await withThrowingTaskGroup(of: Void.self) { group in
            for (index, lane) in lanes.enumerated() {
                let pump = LanePump(
                    lane: index,
                    reader: lane,
                    files: files,
                    options: options,
                    progress: progress,
                    guardRails: guardRails
                )
                group.addTask { try await pump.run(schema: schema) }
            }
            // The first failure is the cause; leaving the group with it cancels the other lanes.
            for try await _ in group {}
        }
        progress.update { $0.phase = .proving }
        try Task.checkCancellation()
        let count = try await reader.sourceRowCount()
        var total = ReadProgress()
        for lane in lanes { total.add(await lane.progress()) }
        return StreamRead(
            plan: plan,
            laneCount: lanes.count,
            snapshotSeconds: guardRails.snapshotSeconds,
            evolution: evolution,
            progress: total,
            sourceRowCount: count
        )
    }

    private func evolve(_ plan: ReadPlan, current: TableMetadata?) throws -> SchemaEvolution {
        guard let current, let schema = current.currentSchema?.schema else {
            return try SchemaEvolution.first(plan.schema)
        }
        return try SchemaEvolution.evolve(
            current: schema,
            lastColumnID: current.lastColumnID,
            incoming: plan.schema,
            observed: Set(plan.columns.filter(\.isObserved).map(\.name)),
            allowTypeChange: allowsTypeChange
        )
    }

    private func summary(_ read: StreamRead, runID: String) -> [String: String] {
        var entries = [
            "engine-name": "tributary", "engine-version": writer,
            "tributary.run-id": runID,
            "tributary.stream": read.plan.stream.description,
            "tributary.source": "\(source.location.kind)://\(source.location.place)",
        ]
        for conversion in read.progress.conversions {
            let key =
                "tributary.converted.\(conversion.column)"
                + ".\(conversion.reason.rawValue).\(conversion.outcome.rawValue)"
            entries[key] = String(conversion.count)
        }
        return entries
    }

    /// The changes that are new: a column that is gone was told when its last values went.
    private static func news(
        _ changes: [SchemaChange],
        table: Table?
    ) async throws -> [SchemaChange] {
        guard let table else { return changes }
        let columns = Set(try await table.files().flatMap(\.valueCounts.keys))
        let schema = table.metadata.currentSchema?.schema
        return changes.filter { change in
            guard case .gone(let name) = change else { return true }
            return schema?.fields.contains {
                $0.name == name && (columns.contains($0.id) || $0.type.isNested)
            } ?? true
        }
    }

    private static func unproven(_ proof: StreamResult.Proof) -> IngestError {
        let counted =
            if case .exactly(let count) = proof.source { String(count) } else { "other" }
        return IngestError(
            .unproven,
            "the source counts \(counted) rows in the snapshot that was read, but "
                + "\(proof.committedRowCount) arrived; nothing was published. A condition that "
                + "answers differently each time (random(), now()) is the usual cause"
        )
    }
}
