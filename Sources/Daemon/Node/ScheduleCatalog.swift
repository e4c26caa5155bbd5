import Basics
import Definitions
import Iceberg
import Ingest
import JSON
import Metastore
import ObjectStorage
import Scheduling
import Streams
import Synchronization

/// The schedules of a lake, as the scheduler needs them.
final class ScheduleCatalog: Sendable {
    let lake: Lake
    let documents: DocumentStore<ScheduleDefinition>
    let zones = ZoneCatalog()
    private let kinds: SourceKinds
    /// Triggers that were read: many schedules have the same.
    private let triggers = Mutex<[TriggerText: Trigger]>([:])

    init(_ lake: Lake, _ kinds: SourceKinds) {
        self.lake = lake
        self.kinds = kinds
        documents = DocumentStore(lake.store)
    }

    /// Reads a trigger, or finds it among those read before.
    func parse(_ text: TriggerText) throws -> Trigger {
        if let known = triggers.withLock({ $0[text] }) { return known }
        let trigger = try Trigger(
            parsing: text.text,
            zone: text.timeZone,
            daylightRule: text.daylightRule,
            zones: zones
        )
        triggers.withLock { triggers in
            // A zone's rules are forgotten with its triggers, now and then.
            if triggers.count >= Limits.knownTriggers { triggers.removeAll() }
            triggers[text] = trigger
        }
        return trigger
    }

    /// Lists the documents that are new, changed or gone.
    func list(
        _ known: [String: String],
        only: Set<String>?
    ) async throws -> SchedulerService.Schedules.Listing {
        var listed: [SchedulerService.Schedules.ListedDocument] = []
        var gone: [String] = []
        if let only {
            for name in only.sorted() {
                let id = try DefinitionID(name)
                if let tag = try await lake.store.info(ObjectKey("_schedules/\(id).json"))?.tag {
                    listed.append(.init(id: name, tag: tag.rawValue))
                } else if known[name] != nil {
                    gone.append(name)
                }
            }
        } else {
            listed = try await documents.list().documents.map {
                .init(id: $0.id.rawValue, tag: $0.tag.rawValue)
            }
            let present = Set(listed.map(\.id))
            gone = known.keys.filter { !present.contains($0) }.sorted()
        }
        if !gone.isEmpty { try await documents.requireFolder() }
        return SchedulerService.Schedules.Listing(
            changed: listed.filter { known[$0.id] != $0.tag },
            gone: gone
        )
    }

    /// Reads documents, some at a time.
    func read(
        _ listed: [SchedulerService.Schedules.ListedDocument]
    ) async throws -> [ScheduleRecord] {
        var records: [ScheduleRecord] = []
        var rest = listed[...]
        while !rest.isEmpty {
            let batch = rest.prefix(Limits.documentReaders)
            rest = rest.dropFirst(batch.count)
            records += try await withThrowingTaskGroup(of: ScheduleRecord?.self) { group in
                for item in batch {
                    let id = try DefinitionID(item.id)
                    group.addTask { try await self.record(of: id, listedAs: item.tag) }
                }
                var found: [ScheduleRecord] = []
                for try await record in group { if let record { found.append(record) } }
                return found.sorted { $0.id < $1.id }
            }
        }
        return records
    }

    /// What a document says; one that cannot be understood is a record of why.
    private func record(
        of id: DefinitionID,
        listedAs tag: String
    ) async throws -> ScheduleRecord? {
        do {
            guard let stored = try await documents.read(id) else { return nil }
            return try record(of: stored)
        } catch let error as DefinitionError {
            return ScheduleRecord(id: id.rawValue, tag: tag, problem: "\(error)")
        } catch let error as TriggerError {
            return ScheduleRecord(id: id.rawValue, tag: tag, problem: "trigger: \(error)")
        } catch is CancellationError {
            throw CancellationError()
        } catch let error where error.isLakeAway {
            // It says nothing about this document: all are looked at again later.
            throw error
        } catch {
            // Looked at again each time: what is in the way may go without a change of the document.
            return ScheduleRecord(id: id.rawValue, tag: "", problem: "it cannot be read: \(error)")
        }
    }

    /// What the scheduler has to know of a document.
    func record(of stored: StoredDocument<ScheduleDefinition>) throws -> ScheduleRecord {
        let definition = stored.document
        let text = TriggerText(
            definition.trigger,
            timeZone: definition.timeZone,
            daylightRule: definition.daylightRule
        )
        return ScheduleRecord(
            tag: stored.tag.rawValue,
            trigger: text,
            spec: definition.spec(
                try parse(text),
                pool: try kinds.pool(of: definition.source)
            ),
            document: String(
                decoding: JSONValue.object(definition.fields).bytes(.canonical),
                as: UTF8.self
            )
        )
    }

    /// Where a schedule stands that the metastore does not know: its table's snapshots tell.
    ///
    /// - Throws: `StorageError` `unreachable` where the lake tells nothing; errors of a table that cannot be
    ///   understood.
    func recover(_ spec: ScheduleSpec) async throws -> ScheduleStatus? {
        let found: Table?
        do {
            found = try await table(spec.target)
        } catch {
            try await lake.requireAnswer()
            throw error
        }
        guard let table = found else { return nil }
        let marks = table.metadata.snapshots.compactMap { OccurrenceMark(summary: $0.summary) }
        // What is from before its creation is of another one that had its name.
        let last = marks.filter { $0.schedule == spec.id && $0.scheduledFor >= spec.createdAt }
            .map(\.scheduledFor).max()
        return last.map { ScheduleStatus(cursor: max($0, spec.createdAt)) }
    }

    /// The names of all tables.
    func tables() async throws -> [String] {
        try await lake.catalog.tables().map(\.description).sorted()
    }

    /// The time of a table's last snapshot.
    func lastCommit(_ name: TableName) async throws -> Instant? {
        guard let metadata = try await table(name)?.metadata, let id = metadata.currentSnapshotID
        else { return nil }
        return metadata.snapshot(id)?.timestamp
    }

    func table(_ name: TableName) async throws -> Table? {
        try await lake.catalog.loadIfPresent(name)
    }
}
