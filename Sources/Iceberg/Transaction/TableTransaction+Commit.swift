import Basics
import JSON

internal import ObjectStorage

/// What a commit made.
package struct CommitResult: Hashable, Sendable {
    /// The new snapshot; nil when the commit changed no files.
    package let snapshotID: Int64?
    /// Absolute location of the new metadata document.
    package let metadataLocation: String
    package let version: Int
    package let schemaID: Int
    /// What the table holds now.
    package let totals: TableTotals
    /// Tries it took; more than one when others committed at the same time.
    package let attemptCount: Int
    /// What could not be done after the commit, which stands; nil when nothing is missing.
    package let warning: String?
}

extension TableTransaction {
    /// Publishes the changes, upon what others published meanwhile if need be.
    ///
    /// - Throws: `IcebergError`: `conflict` when the schema changed meanwhile or others were
    ///   always first, `notFound` when there is no table and no schema to make one, `storage`.
    ///   After an error nothing was published, unless its message says that this is not known.
    package consuming func commit() async throws -> CommitResult {
        let committer = Committer(transaction: self)
        return try await committer.run()
    }
}

/// Puts one transaction upon a table until it lands.
private struct Committer {
    let transaction: TableTransaction
    let planner: SnapshotPlanner

    var catalog: FilesystemCatalog { transaction.catalog }
    var identifier: TableName { transaction.identifier }

    init(transaction: TableTransaction) {
        self.transaction = transaction
        planner = SnapshotPlanner(
            catalog: transaction.catalog,
            identifier: transaction.identifier
        )
    }

    private enum Outcome {
        case landed
        case lost
    }

    func run() async throws -> CommitResult {
        var head = transaction.base
        var patience = CommitPatience(catalog.clocks)
        do {
            repeat {
                try Task.checkCancellation()
                planner.attempt = patience.lossCount + 1
                head = try await refreshed(head)
                try await transaction.beforeTry?(head)
                let (metadata, totals) = try await plan(upon: head)
                let document = MetadataVersion((head?.version ?? 0) + 1, try metadata.codec())
                if try await publish(metadata, document) == .landed {
                    let warnings = await finish(metadata, document, upon: head)
                    return CommitResult(
                        snapshotID: transaction.files == nil ? nil : planner.snapshotID,
                        metadataLocation: catalog.store.locations.location(
                            of: try catalog.metadataKey(of: identifier, document)
                        ),
                        version: document.number,
                        schemaID: metadata.currentSchemaID,
                        totals: totals,
                        attemptCount: patience.lossCount + 1,
                        warning: warnings.isEmpty ? nil : warnings.joined(separator: ". ")
                    )
                }
            } while try await patience.waitAfterLoss()
        } catch let unknown as UnknownOutcome {
            // The commit may have landed, so its files must stay.
            throw unknown.error
        } catch {
            await planner.removeLeftovers(keeping: nil)
            throw IcebergError.wrapping(error)
        }
        await planner.removeLeftovers(keeping: nil)
        throw IcebergError(
            .conflict,
            "\(identifier): others committed first \(patience.lossCount) times in "
                + "\(Limits.commitPatience.text); try again when less "
                + "is written to the table"
        )
    }

    /// The table as it is now, which is mostly what is known of it.
    ///
    /// A listing tells, before anything is written, whether other documents came, under whatever
    /// name.
    private func refreshed(_ head: Table?) async throws -> Table? {
        let documents = try await catalog.documents(of: identifier)
        if try documents.newest() == head?.document, head != nil || !documents.isTable {
            if let head { try await catalog.requireOneLine(head, documents) }
            return head
        }
        let fresh = try await catalog.loadForWriting(identifier).table
        try checkStillFits(fresh)
        return fresh
    }

    // MARK: Planning

    private func plan(upon head: Table?) async throws -> (TableMetadata, TableTotals) {
        let now = catalog.clocks.now()
        var metadata = try base(head, now: now)
        if head == nil || metadata.isOwn { metadata.applyDefaults() }
        metadata.apply(propertyChanges: transaction.propertyChanges)
        if let head {
            if let request = transaction.newSchema { metadata.apply(request) }
            // Time does not run backward in a table, whatever the clocks of its writers say.
            metadata.lastUpdated = max(now, head.metadata.lastUpdated)
            metadata.metadataLog.append(
                TableMetadata.MetadataLogEntry(
                    location: head.metadataLocation,
                    timestamp: head.metadata.lastUpdated
                )
            )
            metadata.metadataLog = metadata.metadataLog.suffix(metadata.previousMetadataCount)
        }
        guard let files = transaction.files else {
            if let target = transaction.target {
                if let snapshot = metadata.snapshot(target) {
                    // What it says of itself counts again.
                    metadata.restore(try await planner.reader.summary(of: snapshot), of: target)
                }
                metadata.makeCurrent(target)
            }
            let totals = metadata.currentSnapshot.flatMap { TableTotals(summary: $0) }
            return (metadata, totals ?? TableTotals())
        }
        let changed =
            switch files {
            case .append(let files): try await planner.append(files, upon: metadata)
            case .replace(let files): try await planner.replace(with: files, upon: metadata)
            case .merge(let merge): try await planner.merge(merge, upon: metadata)
            }
        let plan = try await planner.packed(changed, upon: metadata)
        let summary = summary(of: plan)
        let list = try await planner.writeList(plan.manifests, summary: summary, upon: metadata)
        metadata.add(
            Snapshot(
                id: planner.snapshotID,
                parentID: metadata.currentSnapshotID,
                sequenceNumber: metadata.lastSequenceNumber + 1,
                timestamp: metadata.lastUpdated,
                manifestList: list,
                schemaID: metadata.currentSchemaID,
                summary: summary
            )
        )
        if let property = transaction.snapshotProperty {
            metadata.properties[property] = String(planner.snapshotID)
            metadata.properties[property + ".schema-id"] = String(metadata.currentSchemaID)
        }
        metadata.shortenSummaries()
        return (metadata, plan.totals)
    }

    private func base(_ head: Table?, now: Instant) throws -> TableMetadata {
        if let head { return head.metadata }
        guard let request = transaction.newSchema else {
            throw IcebergError(.notFound, "there is no table \(identifier) to commit to")
        }
        var metadata = TableMetadata(
            tableUUID: catalog.clocks.makeUUID(),
            location: try catalog.location(of: identifier),
            timestamp: now,
            schema: TableSchema(
                id: 0,
                schema: request.schema,
                identifierFieldIDs: request.identifierFieldIDs
            ),
            properties: identifier.nameProperties
        )
        metadata.apply(request)
        return metadata
    }

    private func summary(of plan: SnapshotPlanner.Plan) -> [String: String] {
        var summary = transaction.extraSummary
        summary.merge(plan.summary) { $1 }
        summary.merge(plan.totals.totalSummary) { $1 }
        summary["changed-partition-count"] =
            plan.manifests.contains {
                $0.addedSnapshotID == planner.snapshotID
            } ? "1" : "0"
        return summary
    }

    /// Refuses to go on upon a table that is no longer the one the files were written for.
    private func checkStillFits(_ head: Table?) throws {
        guard let head else {
            if transaction.base == nil { return }
            throw IcebergError(.conflict, "\(identifier) was dropped meanwhile; start again")
        }
        try head.requireWritable()
        guard let base = transaction.base else {
            throw IcebergError(.conflict, "\(identifier) was made by another writer; start again")
        }
        guard head.metadata.tableUUID == base.metadata.tableUUID else {
            throw IcebergError(.conflict, "\(identifier) was created again meanwhile; run it again")
        }
        if transaction.target != nil, head.document != base.document {
            throw IcebergError(
                .conflict,
                "\(identifier) was changed by another writer meanwhile; look at its history again"
            )
        }
        let needsSchema = transaction.files != nil || transaction.newSchema != nil
        guard !needsSchema || head.metadata.currentSchema == base.metadata.currentSchema else {
            throw IcebergError(
                .conflict,
                "the schema of \(identifier) was changed meanwhile; start again"
            )
        }
    }

    // MARK: Publishing

    private struct UnknownOutcome: Error {
        let error: IcebergError
    }

    private func publish(
        _ metadata: TableMetadata,
        _ document: MetadataVersion
    ) async throws -> Outcome {
        let bytes = try metadata.stored(document.codec)
        let key = try catalog.metadataKey(of: identifier, document)
        do {
            _ = try await catalog.store.put(bytes, to: key, condition: .ifAbsent)
        } catch {
            // Even "it exists already" may be our own document, put by a try whose answer got
            // lost below us.
            if try await isOurs(bytes, document, after: error) { return .landed }
            if (error as? StorageError)?.code == .precondition { return .lost }
            throw error
        }
        // One name can be taken once; but a document of the same number may have another one.
        return await hasTwin(document) ? try await withdraw(key) : .landed
    }

    /// Takes a document back that nobody was told of: engines would see it or its twin.
    private func withdraw(_ key: ObjectKey) async throws -> Outcome {
        do {
            try await catalog.store.delete(key)
            return .lost
        } catch {
            throw UnknownOutcome(
                error: IcebergError(
                    .unknownOutcome,
                    "\(identifier): another program committed at the same moment, and \(key) could "
                        + "not be taken back, so that engines may see one or the other: \(error)"
                )
            )
        }
    }

    /// Whether somebody who stores documents in another way took the number at the same moment.
    private func hasTwin(_ document: MetadataVersion) async -> Bool {
        for codec in MetadataCodec.allCases where codec != document.codec {
            let twin = MetadataVersion(document.number, codec)
            // Ours has landed: a store that does not answer now takes nothing of that back.
            if let key = try? catalog.metadataKey(of: identifier, twin),
                (try? await catalog.store.info(key)) != nil
            {
                return true
            }
        }
        return false
    }

    /// Whether a document that may or may not have landed is part of the table.
    private func isOurs(
        _ bytes: [UInt8],
        _ document: MetadataVersion,
        after error: any Error
    ) async throws -> Bool {
        do {
            let key = try catalog.metadataKey(of: identifier, document)
            if try await catalog.store.info(key) == nil { return false }
            if try await catalog.store.read(key).bytes == bytes { return true }
            guard transaction.files != nil else { return false }
            let table = try await catalog.loadIfPresent(identifier)
            return table?.metadata.ancestry.contains { $0.id == planner.snapshotID } ?? false
        } catch let second {
            throw UnknownOutcome(
                error: IcebergError(
                    .unknownOutcome,
                    "\(identifier): it is not known whether the commit of snapshot "
                        + "\(planner.snapshotID) was published, see the table's history: "
                        + "\(error); \(second)"
                )
            )
        }
    }

    /// What follows a commit; a failure in it takes nothing back.
    private func finish(
        _ metadata: TableMetadata,
        _ document: MetadataVersion,
        upon head: Table?
    ) async -> [String] {
        var warnings: [String] = []
        do {
            try await catalog.writeHint(of: identifier, document)
        } catch {
            // This program looks for the newest version; engines that do not are told with the next
            // commit.
            warnings.append(
                "\(identifier): version-hint.text could not be written, so that engines which open "
                    + "the table by it see its old state until the next commit: \(error)"
            )
        }
        await planner.removeLeftovers(keeping: planner.attempt)
        guard warnings.isEmpty, metadata.deletesOldMetadata, let head else { return warnings }
        let cleanup = DocumentCleanup(catalog: catalog, identifier: identifier)
        // An old document that stays costs nothing but its bytes, and goes with the next commit.
        try? await cleanup.run(after: metadata, document, former: head.metadata.metadataLog)
        return warnings
    }
}

extension TableMetadata {
    /// Makes a snapshot the current one.
    mutating func add(_ snapshot: Snapshot) {
        snapshots.append(snapshot)
        currentSnapshotID = snapshot.id
        lastSequenceNumber = snapshot.sequenceNumber
        snapshotLog.append(
            SnapshotLogEntry(snapshotID: snapshot.id, timestamp: snapshot.timestamp)
        )
        var main = references["main"]?.object ?? JSONObject([("type", .string("branch"))])
        main["snapshot-id"] = .integer(snapshot.id)
        references["main"] = .object(main)
    }
}
