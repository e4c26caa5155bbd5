import Basics
package import JSON
import Scheduling
import Synchronization

/// The document of a schedule (docs/schedules.md).
extension ScheduleDefinition {
    /// The format of documents this program writes, and the newest it reads.
    private static let formatVersion = 1
    /// Where a document's zone is looked up when it is checked.
    private static let zones = ZoneCatalog()
    /// Triggers that were found good: many schedules have the same, and a page of a list has a hundred.
    private static let goodTriggers = Mutex<Set<[String]>>([])

    /// Reads and checks the fields of a document.
    package init(_ fields: inout DocumentFields) throws(DefinitionError) {
        try DocumentFormat.check(&fields, newest: Self.formatVersion)
        id = try DefinitionID(try fields.requiredText("id"))
        source = try SourceChoice(&fields)
        stream = try fields.requiredText("stream")
        dataset = try Self.dataset(fields.requiredText("dataset"))
        trigger = try fields.requiredText("trigger")
        timeZone = try fields.text("time_zone")
        createdAt = try fields.instant("created_at") ?? .unixEpoch
        createdBy = try fields.text("created_by") ?? ""
        text = try fields.text("description") ?? ""
        if var sync = try fields.object("sync") { self.sync = try SyncDefinition(&sync) }
        try readPolicies(&fields)
        try requireTrigger()
    }

    /// - Throws: `DefinitionError` `invalid` for a trigger that cannot be understood.
    private func requireTrigger() throws(DefinitionError) {
        let key = [trigger, timeZone ?? "", daylightRule.rawValue]
        // One that waits for a table is good or not by what the schedule loads itself.
        let isKept = !trigger.hasPrefix("@after")
        if isKept, Self.goodTriggers.withLock({ $0.contains(key) }) { return }
        _ = try parsedTrigger(Self.zones)
        guard isKept else { return }
        Self.goodTriggers.withLock { triggers in
            if triggers.count >= Limits.goodTriggers { triggers.removeAll() }
            triggers.insert(key)
        }
    }

    private mutating func readPolicies(_ fields: inout DocumentFields) throws(DefinitionError) {
        daylightRule = try fields.choice("dst") ?? .vixie
        start = try fields.choice("start") ?? .now
        overlap = try fields.choice("overlap") ?? .skip
        catchUp = try CatchUpPolicy(&fields)
        jitter = try fields.span("jitter") ?? .zero
        timeout = try fields.span("timeout") ?? Limits.timeout
        startAt = try fields.instant("start_at")
        endAt = try fields.instant("end_at")
        pauseAfter = try fields.integer("pause_after", in: 0...1_000_000) ?? Limits.pauseAfter
        isEnabled = try fields.boolean("enabled") ?? true
        if var retry = try fields.object("retry") {
            self.retry = RetryPolicy(
                attempts: try retry.integer("attempts", in: 1...Limits.attempts)
                    ?? self.retry.attempts,
                base: try retry.span("base") ?? self.retry.base,
                cap: try retry.span("cap") ?? self.retry.cap
            )
            try retry.end()
        }
        guard timeout >= .seconds(1) else {
            throw DefinitionError(.invalid, field: "timeout", "it is one second or more")
        }
        if let startAt, let endAt, endAt <= startAt {
            throw DefinitionError(.invalid, field: "end_at", "it is behind start_at")
        }
    }

    /// A table's name that a line can show.
    private static func dataset(_ text: String) throws(DefinitionError) -> TableName {
        guard !text.utf8.contains(where: { $0 < 0x20 || $0 == 0x7F }) else {
            throw DefinitionError(
                .invalid,
                field: "dataset",
                "it has control characters, which no line shows; leave them out"
            )
        }
        do {
            return try TableName(parsing: text)
        } catch {
            throw DefinitionError(.invalid, field: "dataset", error.message)
        }
    }

    package var fields: JSONObject {
        var fields: JSONObject = [
            "format_version": .integer(Self.formatVersion),
            "id": .string(id.rawValue),
            "source": source.value,
            "stream": .string(stream),
            "dataset": .string(dataset.description),
            "sync": .object(sync.fields),
            "trigger": .string(trigger),
            "dst": .string(daylightRule.rawValue),
            "start": .string(start.rawValue),
            "overlap": .string(overlap.rawValue),
            "catch_up": catchUp.value,
            "jitter": .span(jitter),
            "retry": .object([
                "attempts": .integer(retry.attempts),
                "base": .span(retry.base),
                "cap": .span(retry.cap),
            ]),
            "timeout": .span(timeout),
            "pause_after": .integer(pauseAfter),
            "enabled": .boolean(isEnabled),
            "description": .string(text),
            "created_at": .string(createdAt.description),
            "created_by": .string(createdBy),
        ]
        fields["time_zone"] = timeZone.map(JSONValue.string)
        fields["start_at"] = startAt.map { .string($0.description) }
        fields["end_at"] = endAt.map { .string($0.description) }
        return fields
    }
}

extension CatchUpPolicy {
    /// Reads the field `catch_up`: a word, or `{"max": 10, "window": "7d"}` for all.
    fileprivate init(_ fields: inout DocumentFields) throws(DefinitionError) {
        let name = fields.name("catch_up")
        switch try fields.any("catch_up") {
        case nil, .string("latest")?: self = .latest
        case .string("none")?: self = .none
        case .object?:
            guard var all = try fields.object("catch_up") else {
                self = .latest
                return
            }
            guard let max = try all.integer("max", in: 1...Limits.catchUp),
                let window = try all.span("window")
            else {
                throw DefinitionError(.invalid, field: name, "all takes both max and window")
            }
            try all.end()
            self = .all(max: max, window: window)
        default:
            throw DefinitionError(
                .invalid,
                field: name,
                "it is latest, none, or {\"max\": 10, \"window\": \"7d\"} for all of a window"
            )
        }
    }

    fileprivate var value: JSONValue {
        switch self {
        case .latest: "latest"
        case .none: "none"
        case .all(let max, let window):
            .object(["max": .integer(max), "window": .span(window)])
        }
    }
}

extension SyncDefinition {
    fileprivate init(_ fields: inout DocumentFields) throws(DefinitionError) {
        mode = try fields.choice("mode") ?? .fullRefresh
        cursor = try fields.text("cursor")
        primaryKey = try fields.texts("primary_key")
        conflict = try fields.choice("on_conflict")
        lookback = try Self.lookback(&fields)
        columns = try fields.texts("columns")
        condition = try fields.text("where")
        policy = try fields.choice("policy")
        contract = try fields.choice("schema") ?? .evolve
        allowsTypeChange = try fields.boolean("allow_type_change") ?? false
        acceptsUnseenChanges = try fields.boolean("accept_unseen_changes") ?? false
        requiresEqual = try fields.boolean("require_equal") ?? false
        encodings = try fields.choice("encoding")
        if var each = try fields.object("column_policies") {
            for column in each.names { columnPolicies[column] = try each.choice(column) }
        }
        let isPlain = cursor == nil && primaryKey == nil && conflict == nil && lookback == nil
        guard mode == .incremental || isPlain else {
            throw DefinitionError(
                .invalid,
                field: fields.name("mode"),
                "cursor, primary_key, on_conflict and lookback belong to the mode incremental"
            )
        }
        guard mode == .fullRefresh || cursor != nil else {
            throw DefinitionError(
                .invalid,
                field: fields.name("cursor"),
                "an incremental schedule names the column that grows with every change"
            )
        }
        try fields.end()
    }

    fileprivate var fields: JSONObject {
        var fields: JSONObject = [
            "mode": .string(mode.rawValue), "schema": .string(contract.rawValue),
        ]
        fields["cursor"] = cursor.map(JSONValue.string)
        fields["primary_key"] = primaryKey.map { .array($0.map(JSONValue.string)) }
        fields["on_conflict"] = conflict.map { .string($0.rawValue) }
        fields["lookback"] = lookback.map { lookback in
            switch lookback {
            case .span(let span): .span(span)
            case .units(let count): .integer(Int(count))
            }
        }
        fields["columns"] = columns.map { .array($0.map(JSONValue.string)) }
        fields["where"] = condition.map(JSONValue.string)
        fields["policy"] = policy.map { .string($0.rawValue) }
        if !columnPolicies.isEmpty {
            let names = columnPolicies.sorted { $0.key < $1.key }
            fields["column_policies"] = .object(
                JSONObject(names.map { ($0.key, .string($0.value.rawValue)) })
            )
        }
        if allowsTypeChange { fields["allow_type_change"] = .boolean(true) }
        if acceptsUnseenChanges { fields["accept_unseen_changes"] = .boolean(true) }
        if requiresEqual { fields["require_equal"] = .boolean(true) }
        fields["encoding"] = encodings.map { .string($0.rawValue) }
        return fields
    }

    /// Reads `lookback`: a time with its unit, or a number for a cursor of numbers.
    private static func lookback(
        _ fields: inout DocumentFields
    ) throws(DefinitionError) -> Lookback? {
        guard case .integer? = try fields.any("lookback") else {
            return try fields.span("lookback").map { .span($0) }
        }
        return try fields.integer("lookback", in: 1...Int.max).map { .units(Int64($0)) }
    }
}

extension SourceChoice {
    /// Reads the field `source`: the name of a source, or `{"dsn": …}`.
    fileprivate init(_ fields: inout DocumentFields) throws(DefinitionError) {
        if case .string(let name)? = try fields.any("source") {
            self = .named(try DefinitionID(name, field: fields.name("source")))
            return
        }
        guard var inline = try fields.object("source") else {
            throw DefinitionError(
                .invalid,
                field: fields.name("source"),
                "it is missing: the name of a source, or {\"dsn\": \"secret:name\"}"
            )
        }
        self = .inline(try SourceAddress(&inline))
        try inline.end()
    }

    fileprivate var value: JSONValue {
        switch self {
        case .named(let id): .string(id.rawValue)
        case .inline(let address): .object(address.fields)
        }
    }
}

extension JSONValue {
    /// A span as documents write it.
    static func span(_ span: Duration) -> JSONValue { .string(span.text) }
}

/// The field `format_version` of every document.
enum DocumentFormat {
    /// - Throws: `DefinitionError` `malformed` for a document of a newer program.
    static func check(_ fields: inout DocumentFields, newest: Int) throws(DefinitionError) {
        let version = try fields.integer("format_version", in: 1...Int.max) ?? newest
        guard version <= newest else {
            throw DefinitionError(
                .malformed,
                field: "format_version",
                "it was written in format \(version) by a newer program; this one reads up to \(newest)"
            )
        }
    }
}
