import Columnar
import Iceberg
import ObjectStorage
import Streams

/// The commit of a run: once, whatever happens on the way.
struct Publication {
    let stream: StreamRun
    let opened: OpenedRun
    let read: StreamRead
    /// The table when the read was prepared; nil when there was none.
    let base: Table?

    private var table: TableIdentifier { stream.table }

    /// An attempt that was thought dead came first: what is to be published is there.
    private struct PublishedAlready: Error {
        let snapshotID: Int64
    }

    /// Publishes what was read, upon the table as `transaction` found it or as others left it since.
    func publish(
        _ transaction: TableTransaction,
        request: ReadRequest,
        _ result: inout StreamResult
    ) async throws {
        guard hasNews(transaction) else {
            try await opened.ledger.append(
                .published(PublishedRecord(snapshotID: nil, rowCount: 0))
            )
            return await finish(result)
        }
        do {
            let incremental = read.plan.isFull ? nil : request.incremental
            switch incremental?.conflict {
            case nil:
                try await commit(transaction, request, &result) { $0.replace(read.files) }
            case .merge where !read.files.isEmpty:
                try await merge(transaction, request, &result)
            case .append, .merge:
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

    /// Merges by key; anew when the table's rows change while the old ones are looked for.
    private func merge(
        _ transaction: TableTransaction,
        _ request: ReadRequest,
        _ result: inout StreamResult
    ) async throws {
        var transaction = transaction
        let prefix = opened.ledger.filePrefix(runID: result.runID)
        let fields = read.evolution.table.fields
        let key = try read.plan.primaryKey.map { name in
            guard let field = fields.first(where: { $0.name == name }) else {
                throw IngestError(
                    .refused,
                    "\(table) cannot be merged by \(name), which is not read; add it to --columns"
                )
            }
            return field.id
        }
        var patience = CommitPatience(stream.environment)
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
        change(&transaction)
        let registry = stream.registry
        let (ledger, table, runID) = (opened.ledger, table, result.runID)
        let number = await ledger.state.number
        let occurrence = stream.run.options.occurrence
        let isPartial = !read.plan.isFull
        let cursor = try TableCursor.newest(in: base?.metadata)
        transaction.beforeEachTry { head in
            if let snapshot = head?.metadata.snapshot(ofRun: runID) {
                throw PublishedAlready(snapshotID: snapshot.id)
            }
            if let occurrence,
                let done = head?.metadata.snapshots.last(where: { snapshot in
                    OccurrenceMark(summary: snapshot.summary)?.id == occurrence.id
                })
            {
                throw PublishedAlready(snapshotID: done.id)
            }
            guard try await registry.numbers(of: table).last == number else {
                throw IngestError(
                    .superseded,
                    "a newer run of \(table) was begun; this one publishes nothing"
                )
            }
            // What was read is what the table lacked then: upon a table that was loaded or put back
            // since, it would double or miss rows.
            if isPartial, try TableCursor.newest(in: head?.metadata) != cursor {
                throw IngestError(
                    .busy,
                    "\(table) was loaded or rolled back by others while its new rows were read; "
                        + "nothing was published, run it again"
                )
            }
            // From now on the files must stay until it is known what became of this commit.
            try await ledger.append(
                .publishing(PublishingRecord(tableVersion: head?.version ?? 0))
            )
        }
        let made = try await transaction.commit()
        result.snapshotID = made.snapshotID
        result.commitAttemptCount = made.attemptCount
        if let warning = made.warning { result.risks.append(warning) }
    }

    /// Whether there is anything to publish: an incremental read may have found nothing.
    private func hasNews(_ transaction: TableTransaction) -> Bool {
        guard !read.plan.isFull, read.files.isEmpty,
            read.evolution.changes.isEmpty
        else { return true }
        guard let date = TableCursor.date(in: transaction.base?.metadata) else { return true }
        return stream.environment.now() - date > Limits.idleCursorAge
    }

    private func summary(_ request: ReadRequest, runID: String) throws -> [String: String] {
        let location = stream.run.source.location
        var entries = [
            "engine-name": "tributary", "engine-version": stream.run.writer,
            "tributary.run-id": runID,
            "tributary.stream": read.plan.stream.description,
            "tributary.source": "\(location.kind)://\(location.place)",
            "tributary.mode": request.incremental == nil ? "full-refresh" : "incremental",
        ]
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
