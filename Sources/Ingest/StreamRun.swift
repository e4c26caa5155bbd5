import Basics
import Columnar
import Iceberg
import ObjectStorage
import Streams

/// One stream of a run: plan and rows in one snapshot of the source, files and checkpoints durable,
/// the source's count compared, then one commit.
///
/// An unfinished run of the same table is resumed when it was asked for the same; else it is
/// given up, and what it left is removed.
struct StreamRun: Sendable {
    let run: SyncRun
    let selection: StreamSelection
    let progress: RunProgress

    var table: TableName { selection.table }
    var clocks: Clocks { run.clocks }
    var registry: RunRegistry { RunRegistry(store: run.store, clocks: clocks) }
    var cleaner: RunCleaner {
        RunCleaner(store: run.store, catalog: run.catalog, registry: registry)
    }

    /// What is known before the source is asked.
    private struct Preparation {
        var transaction: TableTransaction
        var standing: TableStanding
        var landing: Landing
        var request: ReadRequest
        var permission: RowsPermission
        /// The run to resume.
        var unfinished: RunState?
        /// The newest run of the table; 0 when there is none.
        var newestNumber: Int
    }

    /// Thrown when rows that were read before have to be read again.
    private struct EverythingIsNeeded: Error {
        let reason: String
    }

    func perform(_ result: inout StreamResult) async throws {
        do {
            try await perform(&result, everythingBecause: nil)
        } catch let need as EverythingIsNeeded {
            try await perform(&result, everythingBecause: need.reason)
        }
    }

    private func perform(
        _ result: inout StreamResult,
        everythingBecause reason: String?
    ) async throws {
        let prepared = try await prepare(&result, everythingBecause: reason)
        let request = prepared.request
        let guardRails = GuardRails(run.options.limits, clocks: clocks)
        var opened: OpenedRun?
        let base = prepared.transaction.base
        do {
            let unfinished = prepared.unfinished
            let newestNumber = prepared.newestNumber
            let standing = prepared.standing
            let encodings =
                try run.options.encodings ?? base?.metadata.encodings() ?? .compatible
            let read = try await run.source.read(request) { reader in
                try self.check(reader, standing, prepared.permission, request)
                let evolution = try await SchemaFollower(options: self.run.options, base: base)
                    .evolve(reader.plan, for: request.incremental)
                try self.requireColumns(of: reader.plan, evolution, prepared)
                let open = try await self.open(
                    reader,
                    request: request,
                    evolution: evolution,
                    base: base,
                    permission: prepared.permission,
                    unfinished: unfinished,
                    newestNumber: newestNumber
                )
                opened = open
                return try await self.read(reader, open, evolution, request, encodings, guardRails)
            }
            guard let opened else { return }
            await note(opened, in: &result)
            result.note(read)
            result.risks += prepared.landing.risks
            result.schemaChanges = read.evolution.changes.map(\.description)
            try prove(read, in: &result)
            progress.update { $0.phase = .publishing }
            try Task.checkCancellation()
            let publication = Publication(
                stream: self,
                opened: opened,
                read: read,
                base: base,
                standing: prepared.standing,
                change: prepared.landing.change
            )
            try await publication.publish(prepared.transaction, request: request, &result)
        } catch {
            if let opened { await giveBack(opened, after: error) }
            throw error
        }
    }

    // MARK: Before the read

    /// Loads the table and looks for an unfinished run.
    private func prepare(
        _ result: inout StreamResult,
        everythingBecause reason: String?
    ) async throws -> Preparation {
        // Before the table is looked at: a run that is begun from here on is in the way of this one.
        let newestNumber = try await registry.numbers(of: table).last ?? 0
        let transaction = try await run.catalog.beginTransaction(table)
        let metadata = transaction.base?.metadata
        if let table = transaction.base {
            // A commit may have been cut off before it; engines open the table by it.
            try? await run.catalog.repairHint(of: table)
        }
        let follower = SchemaFollower(options: run.options, base: transaction.base)
        var request = try follower.prepared(selection.request)
        let unfinished = try await unfinishedRun(newestNumber, metadata, &result)
        let standing = try await TableStanding(of: transaction.base)
        let permission = RowsPermission(
            run.options,
            resuming: unfinished?.record.restart,
            upon: metadata?.currentSnapshotID
        )
        var landing = try Landing(
            request,
            upon: standing,
            permission,
            table: table,
            source: run.source.location
        )
        if let reason {
            landing.since = nil
            landing.reason = reason
        }
        request.incremental?.since = landing.since
        follower.forgetUnread(in: &request)
        if run.options.contract == .discard {
            // What is left out is not read in the first place.
            request.columns = try await follower.evolve(
                run.source.plan(request),
                for: request.incremental
            ).columnNames
        }
        return Preparation(
            transaction: transaction,
            standing: standing,
            landing: landing,
            request: request,
            permission: permission,
            unfinished: unfinished,
            newestNumber: newestNumber
        )
    }

    /// Refuses a read whose rows are of another stream than the table's, or would leave gaps in it.
    private func check(
        _ reader: any StreamReader,
        _ standing: TableStanding,
        _ permission: RowsPermission,
        _ request: ReadRequest
    ) throws {
        try Landing.checkOrigin(
            origin(of: reader.plan, mark: reader.mark),
            upon: standing,
            permission,
            table: table,
            request: request
        )
        guard let incremental = request.incremental, incremental.since != nil,
            incremental.conflict == .append
        else { return }
        let returned = request.columnsUnread(in: reader.plan)
        guard returned.isEmpty else {
            throw IngestError(
                .refused,
                "\(table): the last run did not read \(returned.joined(separator: ", ")), and rows that "
                    + "were appended then cannot be read again; leave it out with \(Remedy.columns), or load the "
                    + "table again with \(Remedy.restart)"
            )
        }
    }

    /// The stream of the rows, as the table remembers it.
    func origin(of plan: ReadPlan, mark: SourceMark) -> TableOrigin {
        TableOrigin(run.source.location, plan.stream, mark: mark)
    }

    /// Requires that the table has what the read leaves out: old values, and keys to match rows by.
    private func requireColumns(
        of plan: ReadPlan,
        _ evolution: SchemaEvolution,
        _ prepared: Preparation
    ) throws {
        let former = prepared.standing.schema
        try requireOldValues(plan, evolution, prepared.request, since: former)
        try requireKnownKey(
            plan,
            evolution,
            prepared.landing,
            prepared.transaction.base,
            since: former
        )
    }

    /// - Throws: `IngestError` `refused` where rows would be merged by a column that those of the table
    ///   do not have: none of them would be found.
    private func requireKnownKey(
        _ plan: ReadPlan,
        _ evolution: SchemaEvolution,
        _ landing: Landing,
        _ base: Table?,
        since former: Schema?
    ) throws {
        guard landing.change == .merge, let schema = base?.metadata.currentSchema?.schema else {
            return
        }
        let known = Set(schema.fields.map(\.id))
        for field in evolution.table.fields
        where plan.mergeKey.contains(field.name) && !known.contains(field.id) {
            throw IngestError(
                .refused,
                "\(table) has no column \(field.name), by which its rows would be matched; nothing was "
                    + "changed. \(Remedy.restart) replaces them"
            )
        }
        if let former,
            let name = evolution.column(among: plan.mergeKey, of: plan, movedSince: former)
        {
            throw IngestError(
                .refused,
                "\(table): \(name), by which rows are matched, is another column than the one the last run "
                    + "wrote: other programs changed the table, or it was taken back; nothing was changed. "
                    + "\(Remedy.restart) replaces all rows"
            )
        }
    }

    /// - Throws: `EverythingIsNeeded` where rows the table has would lose values to its new schema,
    ///   `IngestError` `refused` where they are versions that cannot be read again.
    private func requireOldValues(
        _ plan: ReadPlan,
        _ evolution: SchemaEvolution,
        _ request: ReadRequest,
        since former: Schema?
    ) throws {
        guard !plan.isFull, let incremental = request.incremental,
            let reason = evolution.lossOfOldValues(plan)
                ?? former.flatMap({ evolution.column(of: plan, movedSince: $0) }).map({
                    "\($0) is another column of the table than the one the last run wrote"
                })
        else { return }
        guard incremental.conflict == .merge else {
            throw IngestError(
                .refused,
                "\(reason), and the versions that \(table) has cannot be read again; load it again "
                    + "with \(Remedy.restart)"
            )
        }
        throw EverythingIsNeeded(reason: reason)
    }

    /// The newest run of the table when it has not ended.
    private func unfinishedRun(
        _ number: Int,
        _ metadata: TableMetadata?,
        _ result: inout StreamResult
    ) async throws -> RunState? {
        let found: RunState?
        do {
            found = try await registry.state(of: table, run: number)
        } catch let error as IngestError where run.options.restarts {
            result.resumption = "an unreadable run was left behind: \(error)"
            return nil
        }
        guard let state = found, state.end == nil else { return nil }
        if let snapshot = metadata?.snapshot(ofRun: state.record.runID) {
            // It came as far as its commit; only the last entry is missing.
            try await registry.close(table, state, snapshotID: snapshot.id)
            return nil
        }
        let isHeld = state.owner != run.owner && !run.options.fenced.contains(state.owner)
        if isHeld, state.owner.isAlive, !run.options.takesOver {
            throw IngestError(
                .busy,
                "\(table) is being loaded by \(state.owner) (run \(state.number)); wait for it, stop "
                    + "it, or take its work over with \(Remedy.takeOver)"
            )
        }
        guard run.options.restarts else { return state }
        // A further attempt at the same restart resumes it.
        if let mine = run.options.occurrence?.id, state.record.restart?.occurrence == mine {
            return state
        }
        try await abandon(state, reason: "it was started over")
        result.resumption = "run \(state.number) was given up"
        return nil
    }

    /// Ends a run nobody resumes, and removes what it left.
    func abandon(_ state: RunState, reason: String) async throws {
        try await registry.abandon(table, state, reason: reason)
        try await cleaner.clean(table, run: state.number)
    }

    // MARK: The read

    private func read(
        _ reader: any StreamReader,
        _ opened: OpenedRun,
        _ evolution: SchemaEvolution,
        _ request: ReadRequest,
        _ encodings: EncodingChoice,
        _ guardRails: GuardRails
    ) async throws -> StreamRead {
        let plan = reader.plan
        let slices = try await reader.slices(besides: opened.keptPieces)
        let lanes = reader.lanes
        progress.update {
            $0.phase = .reading
            $0.estimatedRowCount = plan.estimatedRowCount
            $0.laneCount = lanes.count
            $0.rowCount = opened.keptRowCount
        }
        let work = ReadWork(
            CheckpointReader(slices: slices, state: opened.streamState),
            ledger: opened.ledger,
            files: opened.files,
            limits: run.options.limits,
            clocks: clocks
        )
        try await pump(
            lanes,
            work,
            opened,
            schema: FileSchema.numbered(plan.schema, as: evolution.written),
            encodings,
            guardRails
        )
        progress.update { $0.phase = .proving }
        try Task.checkCancellation()
        guard work.isComplete else {
            throw SourceError(.protocol, "\(plan.stream): a slice was not read to its end")
        }
        let count = try await reader.sourceRowCount()
        let streamCount = try await streamRowCount(reader, count, request)
        let cursor = try await cursor(of: reader, evolution, request)
        let checkpoints = await opened.ledger.state.checkpoints
        var total = ReadProgress()
        for checkpoint in checkpoints.values { total.add(checkpoint.progress) }
        return StreamRead(
            plan: plan,
            laneCount: lanes.count,
            snapshotAge: guardRails.snapshotAge,
            evolution: evolution,
            files: checkpoints.sorted { $0.key < $1.key }.flatMap(\.value.files),
            progress: total,
            sourceRowCount: count,
            streamRowCount: streamCount,
            origin: origin(of: plan, mark: reader.mark),
            cursor: cursor
        )
    }

    /// How many rows the stream has in the snapshot of the read.
    private func streamRowCount(
        _ reader: any StreamReader,
        _ count: RowCountAnswer,
        _ request: ReadRequest
    ) async throws -> RowCountAnswer {
        if request.incremental?.conflict == .append {
            return .notComparable("the table keeps every version of a row")
        }
        if reader.plan.isFull { return count }
        return try await reader.streamRowCount(isNeeded: run.options.requiresEqual)
    }

    /// Where the next incremental read goes on, and under which terms.
    private func cursor(
        of reader: any StreamReader,
        _ evolution: SchemaEvolution,
        _ request: ReadRequest
    ) async throws -> CursorState? {
        guard var cursor = try await reader.cursor(), let incremental = request.incremental else {
            return nil
        }
        let isMerge = incremental.conflict == .merge
        var terms = TableCursor.terms(
            request,
            incremental,
            key: isMerge ? reader.plan.mergeKey : reader.plan.primaryKey,
            source: run.source.location
        )
        terms.definition = reader.plan.definitionDigest()
        terms.identity = reader.plan.identity
        let read = Set(evolution.written.fields.map(\.id))
        terms.unread = evolution.table.fields.map(\.id).filter { !read.contains($0) }
        cursor.terms = terms
        return cursor
    }

    private func pump(
        _ lanes: [any LaneReader],
        _ work: ReadWork,
        _ opened: OpenedRun,
        schema: Schema,
        _ encodings: EncodingChoice,
        _ guardRails: GuardRails
    ) async throws {
        var options = ParquetOptions()
        options.encodings = encodings
        options.bufferedByteCount = max(
            Limits.bufferedByteCount / max(lanes.count, 1),
            Limits.bufferedByteCountMin
        )
        try await withThrowingTaskGroup(of: Void.self) { group in
            for (index, lane) in lanes.enumerated() {
                let pump = LanePump(
                    lane: index,
                    reader: lane,
                    work: work,
                    files: opened.files,
                    options: options,
                    progress: progress,
                    guardRails: guardRails
                )
                group.addTask { try await pump.run(schema: schema) }
            }
            // The first failure is the cause; leaving the group with it cancels the other lanes.
            for try await _ in group {}
        }
    }

    // MARK: After the read

    private func note(_ opened: OpenedRun, in result: inout StreamResult) async {
        let state = await opened.ledger.state
        result.runID = state.record.runID
        result.attemptCount = state.attemptCount
        result.isConsistent = state.isProven
        result.resumedRowCount = opened.keptRowCount
        if let words = opened.resumption { result.resumption = words }
    }

    private func prove(_ read: StreamRead, in result: inout StreamResult) throws {
        let proof = StreamResult.Proof(
            source: result.isConsistent
                ? read.sourceRowCount
                : .notComparable("the rows are of more than one snapshot of the source"),
            committedRowCount: result.rowCount
        )
        result.proof = proof
        guard proof.isEqual, read.progress.rowCount == result.rowCount else {
            throw Self.unproven(proof)
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

    /// Leaves what an unsuccessful attempt may leave: what its checkpoints name.
    private func giveBack(_ opened: OpenedRun, after error: any Error) async {
        await opened.files.removeUnnamed()
        let state = await opened.ledger.state
        guard state.end == nil else { return }
        let newest = try? await registry.numbers(of: table).last
        if (error as? IngestError)?.code == .superseded || newest ?? 0 > state.number {
            // It may have ended elsewhere; left behind by a newer one, it ends here.
            try? await registry.abandon(table, state, reason: "\(error)")
            // What stays goes when its ledger does.
            _ = try? await cleaner.clean(table, run: state.number)
            return
        }
        let isWorthless = (error as? IngestError)?.code == .unproven || state.checkpoints.isEmpty
        guard isWorthless, state.publishedUpon == nil else { return }
        // The failure that led here is the one to report; the next attempt finds what is left.
        try? await abandon(state, reason: "\(error)")
    }
}
