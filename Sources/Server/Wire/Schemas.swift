import Basics
import Definitions
import JSON
import Scheduling
import Streams

/// The shapes of what the API takes and gives, in JSON Schema.
enum Schemas {
    static let text: JSONValue = .object(["type": "string"])
    static let instant: JSONValue = .object(["type": "string", "format": "date-time"])
    static let whole: JSONValue = .object(["type": "integer"])
    static let truth: JSONValue = .object(["type": "boolean"])
    static let id: JSONValue = .object([
        "type": "string", "pattern": "^[a-z0-9][a-z0-9_-]{0,62}$",
    ])
    static let span: JSONValue = .object([
        "type": "string",
        "pattern":
            "^(0s|([0-9]{1,9}d)?([0-9]{1,9}h)?([0-9]{1,9}m)?([0-9]{1,9}s)?([0-9]{1,9}ms)?)$",
        "minLength": .integer(2), "description": "A time such as 90s, 15m, 1h30m or 2d.",
    ])

    static func integer(_ low: Int, _ high: Int) -> JSONValue {
        .object(["type": "integer", "minimum": .integer(low), "maximum": .integer(high)])
    }

    static func choice<Choice: CaseIterable & RawRepresentable>(
        _ type: Choice.Type
    ) -> JSONValue where Choice.RawValue == String {
        .object([
            "type": "string", "enum": .array(Choice.allCases.map { .string($0.rawValue) }),
        ])
    }

    static func reference(_ name: String) -> JSONValue {
        .object(["$ref": .string("#/components/schemas/\(name)")])
    }

    private static func list(_ item: JSONValue) -> JSONValue {
        .object(["type": "array", "items": item])
    }

    static func object(
        _ fields: JSONObject,
        required: [String] = [],
        isOpen: Bool = false
    ) -> JSONValue {
        .object([
            "type": "object", "properties": .object(fields),
            "required": required.isEmpty ? nil : .array(required.map(JSONValue.string)),
            "additionalProperties": .boolean(isOpen),
        ])
    }

    private static func page(_ name: String) -> JSONValue {
        object(["items": list(reference(name)), "next": text], required: ["items"])
    }

    /// All shapes, with those of the kinds of sources there are.
    static func all(_ kinds: SourceKinds) -> JSONObject {
        var all = definitions.merging(runs).merging(others).merging(sources(kinds))
        for (name, item) in [
            ("ScheduleList", "ListedSchedule"), ("RunList", "Run"),
            ("SourceList", "ListedSource"), ("StreamList", "Stream"), ("NameList", "Name"),
            ("SnapshotList", "Snapshot"), ("SecretList", "SecretName"), ("TokenList", "Token"),
            ("EventList", "Event"),
        ] { all[name] = page(item) }
        return all
    }

    // MARK: Definitions

    private static let definitions: JSONObject = [
        "ScheduleDefinition": object(
            [
                "format_version": integer(1, 1), "id": id, "description": text,
                "source": .object(["oneOf": .array([id, reference("SourceAddress")])]),
                "stream": .object(["type": "string", "minLength": .integer(1)]),
                "dataset": .object([
                    "type": "string", "pattern": "^(\"([^\"]|\"\")+\"|[^\".][^.]*)\\..+$",
                    "description":
                        "namespace.table; a namespace with dots stands in double quotes.",
                ]),
                "sync": reference("SyncDefinition"), "trigger": trigger, "time_zone": text,
                "dst": choice(CronSchedule.DaylightRule.self),
                "start": choice(ScheduleDefinition.Start.self),
                "overlap": choice(OverlapPolicy.self), "catch_up": catchUp, "jitter": span,
                "retry": object([
                    "attempts": integer(1, 100), "base": span, "cap": span,
                ]),
                "timeout": span, "start_at": instant, "end_at": instant,
                "pause_after": integer(0, 1_000_000), "enabled": truth, "created_at": instant,
                "created_by": text,
            ],
            required: ["source", "stream", "dataset", "trigger"]
        ),
        "SyncDefinition": object([
            "mode": choice(SyncDefinition.Mode.self), "cursor": text, "primary_key": list(text),
            "on_conflict": choice(SyncDefinition.Conflict.self),
            "lookback": .object(["oneOf": .array([span, integer(1, Int.max)])]),
            "columns": list(text), "where": text, "policy": choice(SyncDefinition.Policy.self),
            "column_policies": .object([
                "type": "object", "additionalProperties": choice(SyncDefinition.Policy.self),
            ]),
            "schema": choice(SyncDefinition.Contract.self), "allow_type_change": truth,
            "accept_unseen_changes": truth, "require_equal": truth,
            "encoding": choice(SyncDefinition.Encodings.self),
        ]),
        "Patch": .object(["type": "object"]),
    ]

    private static let trigger: JSONValue = .object([
        "type": "string", "minLength": .integer(1),
        "description": .string(
            "Five fields of cron, six with seconds first, @daily and the like, `@every 90m`, "
                + "`@completion 90m`, `@after namespace.table` or `@manual`."
        ),
    ])

    private static let catchUp: JSONValue = .object([
        "oneOf": .array([
            .object(["enum": .array(["latest", "none"])]),
            object(["max": integer(1, 1_000), "window": span], required: ["max", "window"]),
        ])
    ])

    // MARK: Runs

    private static let counts: JSONObject = [
        "rows": whole, "replaced_rows": whole, "comparison": text, "difference": whole,
        "bytes_read": whole, "bytes_written": whole, "snapshot_id": whole,
        "failure_class": choice(FailureClass.self), "message": text, "warnings": list(text),
        "started_at": instant, "ended_at": instant,
    ]

    private static let run = counts.merging([
        "id": text, "schedule": text, "dataset": text, "origin": choice(OccurrenceOrigin.self),
        "state": choice(OccurrenceState.self), "reason": choice(OccurrenceReason.self),
        "scheduled_for": instant, "due_at": instant, "claimed_at": instant, "retry_at": instant,
        "count": whole, "through": instant, "attempts": whole, "progress": reference("Progress"),
        "rows_rule": choice(RowsRule.self),
    ])

    private static let runs: JSONObject = [
        "Run": object(run, required: ["id", "schedule", "state", "origin", "scheduled_for"]),
        "RunWithAttempts": object(
            run.merging(["attempt_list": list(reference("Attempt"))]),
            required: ["id", "attempt_list"]
        ),
        "Attempt": object(
            counts.merging(["attempt": whole, "epoch": whole, "end": text]),
            required: ["attempt", "started_at"]
        ),
        "Progress": object([
            "phase": text, "rows": whole, "estimated_rows": whole, "bytes_read": whole,
            "bytes_written": whole, "connections": whole,
        ]),
        "RunOptions": object(["rows_rule": choice(RowsRule.self)]),
        "RunIDs": object(["runs": list(text)], required: ["runs"]),
        "Range": object(["from": instant, "to": instant], required: ["from", "to"]),
        "ScheduleStatus": object(
            [
                "state": .object([
                    "type": "string",
                    "enum": .array(["active", "paused", "disabled", "quarantined"]),
                ]),
                "cursor": instant, "next_due": instant, "failures_in_a_row": whole,
                "pause_reason": text, "last_run": reference("Run"),
            ],
            required: ["state"]
        ),
        "Schedule": object(
            [
                "definition": reference("ScheduleDefinition"),
                "status": reference("ScheduleStatus"), "etag": text,
            ],
            required: ["definition", "status"]
        ),
        "ListedSchedule": object(
            [
                "definition": reference("ScheduleDefinition"),
                "status": reference("ScheduleStatus"), "etag": text, "id": text, "problem": text,
            ],
            required: ["status"]
        ),
        "NextTimes": object(
            [
                "times": list(object(["utc": instant, "local": text, "note": text])),
                "warnings": list(text),
            ],
            required: ["times", "warnings"]
        ),
    ]

    // MARK: Others

    private static let others: JSONObject = [
        "SourceCheck": object([
            "version": text, "facts": list(text), "warnings": list(text), "streams": whole,
        ]),
        "Stream": object([
            "name": text, "kind": text, "primary_key": list(text), "estimated_rows": whole,
            "estimated_bytes": whole,
            "columns": list(object(["name": text, "type": text, "nullable": truth])),
        ]),
        "Name": object(["name": text], required: ["name"]),
        "Dataset": object([
            "name": text, "location": text, "snapshot": reference("Snapshot"),
            "columns": list(object(["id": whole, "name": text, "type": text, "required": truth])),
        ]),
        "Snapshot": object([
            "id": whole, "parent_id": whole, "at": instant, "operation": text, "rows": whole,
            "added_rows": whole, "deleted_rows": whole, "bytes": whole,
            "summary": .object(["type": "object", "additionalProperties": text]),
        ]),
        "SecretName": object([
            "id": text, "hosts": list(text), "created_at": instant, "created_by": text,
            "problem": text,
        ]),
        "SecretValue": object(
            [
                "value": .object(["type": "string", "minLength": .integer(1)]),
                "hosts": list(
                    .object(["type": "string", "pattern": "^(\\*\\.)?[a-zA-Z0-9.:-]{1,250}$"])
                ),
            ],
            required: ["value"]
        ),
        "NewToken": object(
            ["id": id, "role": choice(Role.self), "expires_at": instant],
            required: ["id", "role"]
        ),
        "MadeToken": object(
            ["id": text, "role": text, "token": text],
            required: ["id", "role", "token"]
        ),
        "Token": object([
            "id": text, "role": choice(Role.self), "created_at": instant, "created_by": text,
            "expires_at": instant, "problem": text,
        ]),
        "Event": object([
            "at": instant, "kind": text, "subject": text, "actor": text, "message": text,
        ]),
        "Health": object(["status": text], required: ["status"]),
        "Readiness": object(
            [
                "status": text, "reason": text, "leads": truth, "leader": text,
                "schedules": whole, "quarantined": whole,
            ],
            required: ["status", "leads"]
        ),
        "Problem": object(
            [
                "type": text, "title": text, "status": whole, "detail": text, "field": text,
                "hint": text,
            ],
            required: ["type", "title", "status", "detail"]
        ),
        "Any": .object([:] as JSONObject),
    ]
}
