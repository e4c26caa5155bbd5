import Basics
import Daemon
import Definitions
import JSON
import Metastore
import Scheduling
import Streams

/// What the API shows of the service's things; the shapes are in `Schemas`.
enum Views {
    static func schedule(_ view: ScheduleView, _ kinds: SourceKinds) -> JSONValue {
        .object([
            "definition": .object(definition(view.definition, kinds)),
            "etag": .string(view.tag),
            "status": .object([
                "state": .string(state(view)),
                "cursor": view.status.map { .instant($0.cursor) },
                "next_due": view.nextDue.map(JSONValue.instant),
                "failures_in_a_row": .integer(view.status?.failures ?? 0),
                "pause_reason": view.status?.pauseReason.map(JSONValue.string),
                "last_run": view.lastRun.map { run($0) },
            ]),
        ])
    }

    /// A definition, its address made of what may be shown.
    private static func definition(
        _ definition: ScheduleDefinition,
        _ kinds: SourceKinds
    ) -> JSONObject {
        var fields = definition.fields
        if case .inline(let address) = definition.source,
            case .object(var source)? = fields["source"]
        {
            for field in kinds.shown(address) { source[field.name] = field.value }
            fields["source"] = .object(source)
        }
        return fields
    }

    /// A document that cannot be used.
    static func quarantined(_ error: Node.QuarantineError) -> JSONValue {
        .object(["id": .string(error.id), "problem": .string(error.problem)])
    }

    /// Documents of a kind as the items of a list.
    static func items<Document>(
        _ found: [Result<Document, Node.QuarantineError>],
        _ view: (Document) -> JSONValue
    ) -> [JSONValue] {
        found.map { item in
            switch item {
            case .success(let document): view(document)
            case .failure(let error): quarantined(error)
            }
        }
    }

    private static func state(_ view: ScheduleView) -> String {
        if !view.definition.isEnabled { return "disabled" }
        return view.status?.pauseReason == nil ? "active" : "paused"
    }

    static func run(_ record: OccurrenceRecord, progress: ProgressView? = nil) -> JSONValue {
        let occurrence = record.occurrence
        let attempt = record.lastAttempt
        return .object([
            "id": .string(occurrence.id),
            "schedule": .string(occurrence.scheduleID),
            "dataset": .string(occurrence.target.description),
            "origin": .string(occurrence.origin.rawValue),
            "state": .string(record.state.rawValue),
            "reason": record.reason.map { .string($0.rawValue) },
            "scheduled_for": .instant(occurrence.scheduledFor),
            "due_at": .instant(occurrence.dueAt),
            "claimed_at": .instant(occurrence.claimedAt),
            "started_at": occurrence.startedAt.map(JSONValue.instant),
            "ended_at": record.endedAt.map(JSONValue.instant),
            "retry_at": occurrence.retryAt.map(JSONValue.instant),
            "count": .integer(record.count),
            "through": record.through.map(JSONValue.instant),
            "attempts": .integer(occurrence.attempt),
            "rows_rule": occurrence.rows.map { .string($0.rawValue) },
            "rows": attempt.map { .integer($0.rowCount) },
            "replaced_rows": attempt.map { .integer($0.replacedRowCount) },
            "comparison": attempt?.comparison.map(JSONValue.string),
            "difference": attempt?.difference.map { .integer($0) },
            "bytes_read": attempt.map { .integer($0.bytesRead) },
            "bytes_written": attempt.map { .integer($0.bytesWritten) },
            "snapshot_id": attempt?.snapshotID.map { .integer($0) },
            "failure_class": attempt?.failureClass.map(JSONValue.string),
            "message": attempt?.message.map(JSONValue.string),
            "warnings": attempt.map { .array($0.warnings.map(JSONValue.string)) },
            "progress": progress.map(Self.progress),
        ])
    }

    static func attempt(_ record: AttemptRecord) -> JSONValue {
        .object([
            "attempt": .integer(record.attempt),
            "epoch": .integer(record.epoch),
            "started_at": .instant(record.startedAt),
            "ended_at": record.endedAt.map(JSONValue.instant),
            "end": record.end.map(JSONValue.string),
            "failure_class": record.failureClass.map(JSONValue.string),
            "message": record.message.map(JSONValue.string),
            "rows": .integer(record.rowCount),
            "replaced_rows": .integer(record.replacedRowCount),
            "comparison": record.comparison.map(JSONValue.string),
            "difference": record.difference.map { .integer($0) },
            "bytes_read": .integer(record.bytesRead),
            "bytes_written": .integer(record.bytesWritten),
            "snapshot_id": record.snapshotID.map { .integer($0) },
            "warnings": .array(record.warnings.map(JSONValue.string)),
        ])
    }

    static func progress(_ view: ProgressView) -> JSONValue {
        .object([
            "phase": .string(view.phase),
            "rows": .integer(view.rowCount),
            "estimated_rows": view.estimatedRowCount.map { .integer($0) },
            "bytes_read": .integer(view.bytesRead),
            "bytes_written": .integer(view.bytesWritten),
            "connections": .integer(view.connectionCount),
        ])
    }

    static func source(_ definition: SourceDefinition, _ kinds: SourceKinds) -> JSONValue {
        var fields = definition.fields
        for field in kinds.shown(definition.address) { fields[field.name] = field.value }
        return .object(fields)
    }

    static func check(_ check: SourceCheck) -> JSONValue {
        .object([
            "version": .string(check.version),
            "facts": .array(check.facts.map(JSONValue.string)),
            "warnings": .array(check.warnings.map(JSONValue.string)),
            "streams": .integer(check.streamCount),
        ])
    }

    static func stream(_ stream: StreamDescriptor) -> JSONValue {
        .object([
            "name": .string(stream.name.description),
            "kind": .string(stream.kind),
            "columns": .array(
                stream.columns.map {
                    .object([
                        "name": .string($0.name), "type": .string($0.sourceType),
                        "nullable": .boolean($0.isNullable),
                    ])
                }
            ),
            "primary_key": .array(stream.primaryKey.map(JSONValue.string)),
            "estimated_rows": stream.estimatedRowCount.map { .integer($0) },
            "estimated_bytes": stream.estimatedByteCount.map { .integer($0) },
        ])
    }

    static func dataset(_ view: DatasetView) -> JSONValue {
        .object([
            "name": .string(view.name),
            "location": .string(view.location),
            "columns": .array(
                view.columns.map {
                    .object([
                        "id": .integer($0.id), "name": .string($0.name), "type": .string($0.type),
                        "required": .boolean($0.isRequired),
                    ])
                }
            ),
            "snapshot": view.snapshots.first.map(snapshot),
        ])
    }

    static func snapshot(_ view: DatasetView.Snapshot) -> JSONValue {
        .object([
            "id": .integer(view.id),
            "parent_id": view.parentID.map { .integer($0) },
            "at": .instant(view.at),
            "operation": .string(view.operation),
            "rows": view.rowCount.map { .integer($0) },
            "added_rows": .integer(view.addedRowCount),
            "deleted_rows": .integer(view.deletedRowCount),
            "bytes": view.byteCount.map { .integer($0) },
            "summary": .object(JSONObject(strings: view.summary)),
        ])
    }

    static func secret(_ document: SecretDocument) -> JSONValue {
        .object([
            "id": .string(document.id.rawValue),
            "hosts": .array(document.hosts.map(JSONValue.string)),
            "created_at": .instant(document.createdAt),
            "created_by": .string(document.createdBy),
        ])
    }

    static func token(_ document: TokenDocument) -> JSONValue {
        .object([
            "id": .string(document.id.rawValue),
            "role": .string(document.role.rawValue),
            "created_at": .instant(document.createdAt),
            "created_by": .string(document.createdBy),
            "expires_at": document.expiresAt.map(JSONValue.instant),
        ])
    }

    static func event(_ record: EventRecord) -> JSONValue {
        .object([
            "at": .instant(record.at),
            "kind": .string(record.kind),
            "subject": .string(record.subject),
            "actor": .string(record.actor),
            "message": .string(record.message),
        ])
    }

    static func preview(_ preview: TriggerPreview) -> JSONValue {
        .object([
            "times": .array(
                preview.times.map {
                    .object([
                        "utc": .instant($0.instant), "local": .string($0.wall),
                        "note": $0.note.map(JSONValue.string),
                    ])
                }
            ),
            "warnings": .array(preview.warnings.map(JSONValue.string)),
        ])
    }
}
