import Basics
import Columnar
import Iceberg
import ObjectStorage
import Streams
import Synchronization

/// The commit of a run: once, whatever happens on the way.
struct Publication {
    let stream: StreamRun
    let opened: OpenedRun
    let read: StreamRead
    /// The table when the read was prepared; nil when there was none.
    let base: Table?
    let standing: TableStanding
    /// What a read of everything does with the rows that are there.
    let change: Landing.Change

    private var table: TableName { stream.table }
    /// Whether only new rows were read.
    private var isPartial: Bool { !read.plan.isFull }

    /// Publishes what was read, upon the table as `transaction` found it or as others left it since.
    func publish(
        _ transaction: TableTransaction,
        request: ReadRequest,
        _ result: inout StreamResult
    ) async throws {
        guard hasNews(transaction) else {
            try await compare(upon: transaction.base, deletedRowCount: 0, &result)
            try await opened.ledger.append(
                .published(PublishedRecord(snapshotID: nil, rowCount: 0))
            )
            return await finish(result)
        }
        do {
            switch isPartial || change != .replace ? request.incremental?.conflict : nil {
            case nil:
                try await compare(upon: nil, deletedRowCount: 0, &result)
                try await commit(transaction, request, &result) { $0.replace(read.files) }
            case .merge where !read.files.isEmpty:
                try await merge(transaction, request, &result)
            case .append, .merge:
                try await compare(upon: transaction.base, deletedRowCount: 0, &result)
                try await commit(transaction, request, &result) { $0.append(read.files) }
            }
        } catch let other as PublishedAlready {
            result.snapshotID = other.snapshotID
            result.risks.append("an earlier attempt at the run had published it already")
        }
        // The commit stands whether this is written or not: the next run looks for it.
        try? await opened.ledger.append(
            .published(PublishedRecord(snapshotID: result.snapshotID, rowCount: result.rowCount))
        )
        await finish(result)
    }

    /// Merges by key; again when the table's rows change while the old ones are looked for.
    private func merge(
        _ transaction: TableTransaction,
        _ request: ReadRequest,
        _ result: inout StreamResult
    ) async throws {
        var transaction = transaction
        let prefix = opened.ledger.filePrefix(runID: result.runID)
        let fields = read.evolution.table.fields
        let key = try read.plan.mergeKey.map { name in
            guard let field = fields.first(where: { $0.name == name }) else {
                throw IngestError(
                    .refused,
                    "\(table) cannot be merged by \(name), which is not read; add it to \(Remedy.columns)"
                )
            }
            return field.id
        }
        var patience = CommitPatience(stream.clocks)
        while true {
            let merge = try KeyMerge(
                catalog: stream.run.catalog,
                identifier: table,
                table: transaction.base,
                schema: read.evolution.table,
                key: key,
                newFilePrefix: "\(prefix)-merge\(patience.lossCount + 1)"
            )
            let plan = try await merge.plan(adding: read.files)
            do {
                try await compare(
                    upon: transaction.base,
                    deletedRowCount: plan.deletedRowCount,
                    &result
                )
                try await commit(transaction, request, &result) { $0.merge(plan) }
                result.replacedRowCount = plan.deletedRowCount
                result.commitAttemptCount += patience.lossCount
                return
            } catch let error as IcebergError where error.code == .conflict {
                await merge.discard(plan)
                guard try await patience.waitAfterLoss() else { throw error }
                let schema = transaction.base?.metadata.currentSchema
                transaction = try await stream.run.catalog.beginTransaction(table)
                // The rows were encoded for the schema as it was.
                guard transaction.base?.metadata.currentSchema == schema else { throw error }
            } catch let error as IcebergError where error.code == .unknownOutcome {
                throw error
            } catch {
                await merge.discard(plan)
                throw error
            }
        }
    }

    /// Makes one commit, which the ledger and the table both know before and after.
    private func commit(
        _ transaction: TableTransaction,
        _ request: ReadRequest,
        _ result: inout StreamResult,
        change: (inout TableTransaction) -> Void
    ) async throws {
        var transaction = transaction
        transaction.setSchema(
            read.evolution.table,
            key: read.plan.primaryKey,
            lastColumnID: read.evolution.lastColumnID
        )
        transaction.setColumnIdentities(read.evolution.identities)
        if let encodings = stream.run.options.encodings { transaction.setEncodings(encodings) }
        transaction.addSummary(try summary(request, runID: result.runID))
        transaction.setProperties(read.origin.properties)
        transaction.setProperties([
            TableCursor.property: try read.cursor.map(TableCursor.text(of:))
        ])
        transaction.nameSnapshot(in: TableCursor.snapshotProperty)
        change(&transaction)
        let replaces = transaction.replacesRows
        let replaced = Mutex<Int64>(0)
        let guardian = CommitGuard(
            registry: stream.registry,
            ledger: opened.ledger,
            table: table,
            runID: result.runID,
            runNumber: await opened.ledger.state.number,
            occurrence: stream.run.options.occurrence,
            isPartial: isPartial,
            replaces: replaces,
            standing: standing,
            files: StagedFiles(store: stream.run.store, files: read.files, table: table)
        )
        transaction.beforeEachTry { head in
            let rowCount = try await guardian.check(head)
            replaced.withLock { $0 = rowCount }
        }
        let made = try await transaction.commit()
        if replaces { result.replacedRowCount = replaced.withLock { $0 } }
        result.snapshotID = made.snapshotID
        result.commitAttemptCount = made.attemptCount
        if let warning = made.warning { result.risks.append(warning) }
    }

    /// Puts the table's rows beside those of the stream.
    ///
    /// - Throws: `IngestError` `unproven` where they have to be equal and are not.
    private func compare(
        upon base: Table?,
        deletedRowCount: Int64,
        _ result: inout StreamResult
    ) async throws {
        let before: Int64? = if let base { try await base.countRows() } else { 0 }
        let comparison = StreamResult.Comparison(
            source: result.isConsistent
                ? read.streamRowCount
                : .notComparable("the rows are of more than one snapshot of the source"),
            tableRowCount: before.map { $0 + result.rowCount - deletedRowCount }
        )
        result.comparison = comparison
        guard stream.run.options.requiresEqual, comparison.difference != 0 else { return }
        throw IngestError(
            .unproven,
            "\(table): \(comparison.words); nothing was published, since \(Remedy.requireEqual) was given"
        )
    }

    /// Whether there is anything to publish: an incremental read may have found nothing.
    private func hasNews(_ transaction: TableTransaction) -> Bool {
        guard !read.plan.isFull, read.files.isEmpty,
            read.evolution.changes.isEmpty
        else { return true }
        guard let date = TableCursor.date(in: transaction.base?.metadata) else { return true }
        return stream.clocks.now() - date > Limits.idleCursorAge
    }

    private func summary(_ request: ReadRequest, runID: String) throws -> [String: String] {
        var entries = [
            "engine-name": "tributary", "engine-version": stream.run.writer,
            "tributary.run-id": runID,
            "tributary.mode": request.incremental == nil ? "full-refresh" : "incremental",
        ]
        for (key, value) in read.origin.properties { entries[key] = value }
        for conversion in read.progress.conversions {
            let key =
                "tributary.converted.\(conversion.column)"
                + ".\(conversion.reason.rawValue).\(conversion.outcome.rawValue)"
            entries[key] = String(conversion.count)
        }
        if let occurrence = stream.run.options.occurrence {
            entries.merge(occurrence.summary) { _, own in own }
        }
        if let cursor = read.cursor {
            entries[TableCursor.summaryKey] = try TableCursor.text(of: cursor)
        }
        return entries
    }

    /// Removes what earlier attempts left and old ledgers; the run is published whether or not.
    private func finish(_ result: StreamResult) async {
        let number = await opened.ledger.state.number
        if result.attemptCount > 1 {
            // Files that stay are found again by `ledger clean`.
            _ = try? await stream.cleaner.clean(table, run: number)
        }
        // So are ledgers.
        try? await stream.cleaner.prune(table)
    }
}
