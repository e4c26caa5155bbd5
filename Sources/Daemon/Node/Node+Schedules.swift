package import Basics
package import Definitions
package import FoundationEssentials
import JSON
package import Metastore
import ObjectStorage
package import Scheduling

/// A schedule: what its operator wrote, and where it stands.
package struct ScheduleView: Sendable {
    package var definition: ScheduleDefinition
    /// The version of the definition.
    package var tag: String
    package var status: ScheduleStatus?
    /// When it is next due by the clock; nil where it is not.
    package var nextDue: Instant?
    /// Its last occurrence that was run or is to be.
    package var lastRun: OccurrenceRecord?
}

/// A page of a list.
package struct Page<Item: Sendable>: Sendable {
    package var items: [Item]
    /// Where the next page begins; nil for the last one.
    package var next: String?
}

/// What can be asked about schedules.
extension Node {
    /// Schedules in the order of their ids, and those that cannot be used.
    ///
    /// A server reads them from the metastore, as they were seen in the lake last; a command on a lake without
    /// one, and a server that has not seen all of them yet, reads the lake.
    package func listSchedules(
        after id: String?,
        limit: Int
    ) async throws -> Page<Result<ScheduleView, QuarantineError>> {
        guard service.isRunning, try await metastore.isWhole() else {
            return try await schedulesOfLake(after: id, limit: limit)
        }
        let found = try await metastore.listedSchedules(
            after: id,
            limit: limit + 1,
            catalog.parse
        )
        var items: [Result<ScheduleView, QuarantineError>] = []
        for listed in found.prefix(limit) { items.append(try view(listed)) }
        let next = found.count > limit ? found[limit - 1].record.id : nil
        return Page(items: items, next: next)
    }

    private func view(_ listed: ListedSchedule) throws -> Result<ScheduleView, QuarantineError> {
        let record = listed.record
        guard record.problem == nil, let document = record.document, let spec = record.spec else {
            let problem = record.problem ?? "it was written a moment ago"
            return .failure(QuarantineError(id: record.id, problem: problem))
        }
        var view = ScheduleView(
            definition: try ScheduleDefinition(parsing: Data(document.utf8)),
            tag: record.tag
        )
        view.status = record.status
        view.lastRun = listed.lastRun
        view.nextDue = Self.nextDue(spec, record.status)
        return .success(view)
    }

    /// When a schedule is next due by the clock.
    private static func nextDue(_ spec: ScheduleSpec, _ status: ScheduleStatus?) -> Instant? {
        guard spec.isEnabled, status?.pauseReason == nil else { return nil }
        return spec.nextNominal(after: status?.cursor ?? spec.createdAt).map(spec.due)
    }

    private func schedulesOfLake(
        after id: String?,
        limit: Int
    ) async throws -> Page<Result<ScheduleView, QuarantineError>> {
        let listed = try await documentIDs(after: id, limit: limit + 1)
        var items: [Result<ScheduleView, QuarantineError>] = []
        for id in listed.prefix(limit) {
            do {
                items.append(.success(try await schedule(id)))
            } catch let error as DefinitionError where error.code == .notFound {
                continue
            } catch let error where !(error is CancellationError) && !error.isLakeAway {
                items.append(.failure(QuarantineError(id: id.rawValue, problem: "\(error)")))
            }
        }
        let next = listed.count > limit ? listed[limit - 1].rawValue : nil
        return Page(items: items, next: next)
    }

    /// Why a document is left alone.
    package struct QuarantineError: Error, Hashable, Sendable {
        package var id: String
        package var problem: String
    }

    private func documentIDs(after id: String?, limit: Int) async throws -> [DefinitionID] {
        let all = try await schedules.list().documents.map(\.id)
        return Array(all.sorted().drop { $0.rawValue <= id ?? "" }.prefix(limit))
    }

    /// A schedule.
    ///
    /// - Throws: `DefinitionError` `notFound` among others.
    package func schedule(_ id: DefinitionID) async throws -> ScheduleView {
        try await view(schedules.get(id))
    }

    private func view(
        _ stored: StoredDocument<ScheduleDefinition>
    ) async throws -> ScheduleView {
        let definition = stored.document
        var view = ScheduleView(definition: definition, tag: stored.tag.rawValue)
        view.status = try await metastore.status(of: definition.id.rawValue)
        let trigger = try definition.parsedTrigger(catalog.zones)
        view.nextDue = Self.nextDue(definition.spec(trigger, pool: ""), view.status)
        var filter = OccurrenceFilter()
        filter.scheduleID = definition.id.rawValue
        filter.states = [.pending, .running, .succeeded, .failed, .cancelled]
        filter.limit = 1
        view.lastRun = try await metastore.runs(filter).first
        return view
    }

    /// Creates a schedule from a document; what the server decides itself is not in it.
    ///
    /// - Throws: `DefinitionError` for what cannot be taken, `exists` for an id that is taken.
    package func createSchedule(_ document: Data, by caller: Caller) async throws -> ScheduleView {
        var values = try Self.values(document)
        try Self.requireOwn(values, [:])
        values["created_at"] = .string(clocks.now().description)
        values["created_by"] = .string(caller.name)
        if case nil = values["id"], case .string(let dataset)? = values["dataset"] {
            values["id"] = .string(Self.id(from: dataset))
        }
        let definition = try Self.definition(values)
        try await check(definition, by: caller)
        let stored = try await schedules.create(definition)
        await audit(caller, "schedule.create", definition.id.rawValue)
        await service.definitionChanged(definition.id.rawValue)
        return try await view(stored)
    }

    /// Replaces a schedule's document.
    ///
    /// - Parameters:
    ///   - id: The schedule.
    ///   - document: The whole document; nil fields take their defaults.
    ///   - tag: The version it takes the place of; nil for whichever is there.
    ///   - caller: Who asks.
    /// - Returns: The schedule as it is now.
    /// - Throws: `DefinitionError` `changed`, `invalid` or `forbidden`.
    package func replaceSchedule(
        _ id: DefinitionID,
        with document: Data,
        ifMatch tag: String?,
        by caller: Caller
    ) async throws -> ScheduleView {
        let values = try Self.values(document)
        return try await change(id, ifMatch: tag, by: caller, "schedule.replace") { _ in values }
    }

    /// Changes fields of a schedule by a merge patch (RFC 7396).
    package func patchSchedule(
        _ id: DefinitionID,
        with patch: Data,
        ifMatch tag: String?,
        by caller: Caller
    ) async throws -> ScheduleView {
        let patch = try Self.values(patch)
        return try await change(id, ifMatch: tag, by: caller, "schedule.patch") {
            Self.merge(patch, into: $0)
        }
    }

    private func change(
        _ id: DefinitionID,
        ifMatch tag: String?,
        by caller: Caller,
        _ kind: String,
        _ edit: (JSONObject) -> JSONObject
    ) async throws -> ScheduleView {
        for attempt in 1... {
            let present = try await version(of: id, isReplaced: kind == "schedule.replace", caller)
            guard tag == nil || tag == present.tag.rawValue else {
                throw DefinitionError(
                    .changed,
                    "the schedule \(id) was changed since it was read; read it again"
                )
            }
            let old = present.fields
            var values = edit(old)
            try Self.requireOwn(values, old)
            for field in Self.ownFields { values[field] = old[field] }
            restoreAddress(in: &values, from: present.document)
            values["id"] = values["id"] ?? old["id"]
            let definition = try Self.definition(values, allowsNull: kind != "schedule.replace")
            guard definition.id == id else {
                throw DefinitionError(.invalid, field: "id", "a schedule keeps its id")
            }
            try await check(definition, besides: present.document, by: caller)
            do {
                let stored = try await schedules.replace(definition, present.tag)
                await audit(caller, kind, id.rawValue)
                await service.definitionChanged(id.rawValue)
                return try await view(stored)
            } catch let error as DefinitionError
                where error.code == .changed && tag == nil && attempt < Limits.editAttempts
            {
                continue
            }
        }
        throw DefinitionError(.changed, "the schedule \(id) changes all the time; try again")
    }

    /// A schedule that is to be changed; of one that cannot be read a new one may take the place.
    private func version(
        of id: DefinitionID,
        isReplaced: Bool,
        _ caller: Caller
    ) async throws -> (document: ScheduleDefinition?, fields: JSONObject, tag: ObjectTag) {
        do {
            let present = try await schedules.get(id)
            return (present.document, present.document.fields, present.tag)
        } catch let error as DefinitionError where error.code == .damaged && isReplaced {
            guard let tag = try await schedules.tag(of: id) else { throw error }
            let own: JSONObject = [
                "id": .string(id.rawValue),
                "created_at": .string(clocks.now().description),
                "created_by": .string(caller.name),
            ]
            return (nil, own, tag)
        }
    }

    /// The address as it was shown is the address as it is.
    private func restoreAddress(
        in values: inout JSONObject,
        from old: ScheduleDefinition?
    ) {
        guard case .inline(let address)? = old?.source,
            case .object(var source)? = values["source"]
        else { return }
        access.kinds.restoreAddress(in: &source, from: address)
        values["source"] = .object(source)
    }

    /// Deletes a schedule: what waits of it is cancelled, what runs is stopped.
    ///
    /// Its table stays.
    package func deleteSchedule(
        _ id: DefinitionID,
        ifMatch tag: String?,
        by caller: Caller
    ) async throws {
        try await schedules.delete(id, tag.map { ObjectTag($0) })
        await audit(caller, "schedule.delete", id.rawValue)
        await service.definitionChanged(id.rawValue)
    }

    // MARK: Time

    /// Pauses a schedule: its document says so, and nothing of it is due until it is resumed.
    package func pauseSchedule(_ id: DefinitionID, by caller: Caller) async throws -> ScheduleView {
        try await change(id, ifMatch: nil, by: caller, "schedule.pause") {
            Self.merge(["enabled": .boolean(false)], into: $0)
        }
    }

    /// Resumes a schedule, whoever paused it.
    package func resumeSchedule(_ id: DefinitionID, by caller: Caller) async throws -> ScheduleView
    {
        _ = try await change(id, ifMatch: nil, by: caller, "schedule.resume") {
            Self.merge(["enabled": .boolean(true)], into: $0)
        }
        _ = try await ask(about: id) { machine, now in machine.resume(id.rawValue, now) }
        return try await schedule(id)
    }

    /// Runs a schedule now, also one that is paused; `rows` says what becomes of rows that the table has.
    ///
    /// - Throws: `DaemonError` `conflict` where it runs already and its overlap policy is to skip,
    ///   `DefinitionError` for a rule that its mode cannot follow.
    package func runSchedule(
        _ id: DefinitionID,
        rows: RowsRule? = nil,
        by caller: Caller
    ) async throws -> OccurrenceRecord {
        let document = try await schedules.get(id).document
        guard rows != .adopt || document.sync.mode == .incremental else {
            throw DefinitionError(
                .invalid,
                field: "rows_rule",
                "only a schedule whose sync.mode is incremental can keep rows; a full refresh replaces "
                    + "all of them"
            )
        }
        let occurrence = try await refusing(id) {
            try await ask(about: id) { machine, now in
                try machine.runNow(id.rawValue, rows: rows, now)
            }
        }
        let detail = ([occurrence.id] + (rows.map { [$0.rawValue] } ?? [])).joined(separator: " ")
        await audit(caller, "schedule.run", id.rawValue, detail)
        return try await run(occurrence.id)
    }

    /// Runs a schedule for the nominal times of a range, behind everything else.
    ///
    /// - Returns: The ids of the runs.
    package func backfillSchedule(
        _ id: DefinitionID,
        from start: Instant,
        until end: Instant,
        by caller: Caller
    ) async throws -> [String] {
        guard start < end else {
            throw DefinitionError(.invalid, field: "to", "it is behind `from`")
        }
        _ = try await schedules.get(id)
        let occurrences = try await refusing(id) {
            try await ask(about: id) { machine, now in
                try machine.backfill(id.rawValue, from: start, until: end, now)
            }
        }
        await audit(caller, "schedule.backfill", id.rawValue, "\(occurrences.count) runs")
        return occurrences.map(\.id)
    }

    private func refusing<Answer>(
        _ id: DefinitionID,
        _ body: () async throws -> Answer
    ) async throws -> Answer {
        do {
            return try await body()
        } catch let refusal as SchedulerMachine.Refusal {
            switch refusal {
            case .unknownSchedule:
                throw DaemonError(
                    .conflict,
                    "the schedule \(id) is not known to the scheduler: its document cannot be used, or was "
                        + "written a moment ago"
                )
            case .busy(let run):
                throw DaemonError(.conflict, "the schedule \(id) runs already: \(run)")
            case .notByClock:
                throw DaemonError(
                    .conflict,
                    "the schedule \(id) has no times to fill: its trigger is not of the clock"
                )
            case .tooMany(let limit):
                throw DaemonError(
                    .conflict,
                    "the range holds more than \(limit) times; ask for it in parts"
                )
            }
        }
    }

    /// When a schedule is next due, and what about that may surprise.
    package func nextTimes(_ id: DefinitionID, count: Int) async throws -> TriggerPreview {
        let trigger = try await schedules.get(id).document.parsedTrigger(catalog.zones)
        return TriggerPreview(trigger, after: clocks.now(), count: count)
    }

    // MARK: Documents

    /// Fields that the server writes itself.
    private static let ownFields = ["created_at", "created_by"]

    static func values(_ document: Data) throws -> JSONObject {
        guard case .object(let values) = try JSONValue(document: document) else {
            throw DefinitionError(.malformed, "it is no JSON object")
        }
        return values
    }

    private static func definition(
        _ values: JSONObject,
        allowsNull: Bool = false
    ) throws -> ScheduleDefinition {
        var fields = DocumentFields(values, allowsNull: allowsNull)
        let definition = try ScheduleDefinition(&fields)
        try fields.end()
        return definition
    }

    /// - Throws: `DefinitionError` `invalid` where a document says otherwise what the server decides.
    static func requireOwn(
        _ values: JSONObject,
        _ old: JSONObject
    ) throws {
        for field in ownFields {
            guard values[field] == nil || values[field] == old[field] else {
                throw DefinitionError(.invalid, field: field, "the server decides it: leave it out")
            }
        }
    }

    /// RFC 7396, section 2; a field that is taken away stays as null, so that one which nobody knows is told.
    private static func merge(
        _ patch: JSONObject,
        into target: JSONObject
    ) -> JSONObject {
        var target = target
        for (field, value) in patch {
            switch (value, target[field]) {
            case (.object(let inner), .object(let present)?):
                target[field] = .object(merge(inner, into: present))
            case (.object(let inner), _): target[field] = .object(merge(inner, into: [:]))
            default: target[field] = value
            }
        }
        return target
    }

    /// An id that says what is loaded.
    private static func id(from dataset: String) -> String {
        // Of what is no name nothing can be made; the document is refused for that.
        let name =
            (try? TableName(parsing: dataset)).map { "\($0.namespace)-\($0.name)" } ?? dataset
        let characters = name.lowercased().map { character in
            character.isASCII && (character.isLetter || character.isNumber || character == "_")
                ? character : "-"
        }
        return String(characters.drop { $0 == "-" || $0 == "_" }.prefix(DefinitionID.maximumLength))
    }

    /// What a document alone does not tell: its source is there, its table is nobody else's, and who asks may
    /// have it.
    private func check(
        _ definition: ScheduleDefinition,
        besides old: ScheduleDefinition? = nil,
        by caller: Caller
    ) async throws {
        switch definition.source {
        case .named(let id):
            guard try await sources.read(id) != nil else {
                throw DefinitionError(.invalid, field: "source", "there is no source \(id)")
            }
        case .inline(let address):
            // Whoever may edit a schedule may keep the source it has.
            if definition.source != old?.source {
                try await require(address, by: caller, path: "source.")
            }
        }
        for other in try await metastore.schedules(
            target: definition.dataset,
            limit: Limits.sharedTarget,
            catalog.parse
        ) where other.id != definition.id.rawValue {
            let present = try await schedules.read(DefinitionID(other.id))?.document
            guard let present, present.dataset == definition.dataset,
                present.source != definition.source || present.stream != definition.stream
            else { continue }
            throw DefinitionError(
                .invalid,
                field: "dataset",
                "the schedule \(other.id) loads \(definition.dataset) from another stream"
            )
        }
    }

    /// Requires an address to be one, and one that the caller may ask for.
    ///
    /// - Parameters:
    ///   - address: The address.
    ///   - caller: Who asks.
    ///   - path: What stands before its fields' names, as in `source.`.
    /// - Throws: `DefinitionError` `invalid`, and `forbidden` for what only an administrator may ask for.
    func require(_ address: SourceAddress, by caller: Caller, path: String = "") async throws {
        let request = try access.kinds.request(for: address, path: path)
        guard caller.role < .admin else { return }
        let field = path + address.field
        guard !request.needsAdministrator else {
            throw DefinitionError(
                .forbidden,
                field: field,
                "files, commands, variables and sockets of the server, and parameters other than of encryption "
                    + "and time-outs, are an administrator's to name; use secret:NAME"
            )
        }
        for id in request.sealed {
            guard try await secrets.get(id).document.hosts.isEmpty else { continue }
            throw DefinitionError(
                .forbidden,
                field: field,
                "the secret \(id) is bound to no host, so only an administrator says where it is sent; put "
                    + "it again with its hosts"
            )
        }
    }
}
