import ArgumentParser
import Daemon
import Definitions
import FoundationEssentials
import JSON
import Server
import Streams
import Yams

/// `tributary apply`: make sources and schedules what a file says.
struct ApplyCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "apply",
        abstract: "Make sources and schedules what a YAML file says.",
        discussion: """
            The file has two lists, sources and schedules, with the fields of docs/schedules.md. What is \
            not in the file stays, unless --prune is given. Applying the same file again changes nothing.
            """
    )

    @Argument(help: ArgumentHelp("The file; - for standard input.", valueName: "file"))
    var file: String
    @Flag(help: "Show what would change, and change nothing.") var dryRun = false
    @Flag(help: "Delete schedules and sources that the file does not name.") var prune = false
    @OptionGroup var control: ControlOptions

    func run() async throws {
        let wanted = try ApplyFile(path: file)
        try await control.withClient(makesLake: true) { client in
            let plan = try await ApplyPlan(wanted, client, prunes: prune)
            if control.json {
                Terminal.json(plan.summary)
            } else {
                for change in plan.changes { change.show() }
                if plan.changes.isEmpty { Terminal.note("nothing to change") }
            }
            guard !dryRun else { return }
            for change in plan.changes { try await change.perform(client) }
        }
    }
}

/// What a file of definitions says.
struct ApplyFile {
    var sources: [JSONValue] = []
    var schedules: [JSONValue] = []

    init(path: String) throws {
        let text: String
        if path == "-" {
            var lines: [String] = []
            while let line = readLine(strippingNewline: false) { lines.append(line) }
            text = lines.joined()
        } else {
            do {
                text = try String(contentsOfFile: path, encoding: .utf8)
            } catch {
                throw SettingsError("\(path): the file cannot be read")
            }
        }
        let node: Yams.Node?
        do {
            node = try Yams.compose(yaml: text)
        } catch let error as YamlError {
            throw SettingsError("\(path): \(error)")
        }
        guard let mapping = node?.mapping else {
            throw SettingsError("\(path): it has the lists sources and schedules")
        }
        for (key, value) in mapping {
            guard let items = value.sequence else {
                throw SettingsError("\(path): \(key.string ?? "?") is a list")
            }
            switch key.string {
            case "sources": sources = try items.map { try JSONValue(yaml: $0, path) }
            case "schedules": schedules = try items.map { try JSONValue(yaml: $0, path) }
            default:
                throw SettingsError(
                    "\(path): there is no list \(key.string ?? "?"); there are sources and schedules"
                )
            }
        }
    }
}

/// What has to change for a file to be true.
struct ApplyPlan: Sendable {
    /// One change of one definition.
    struct Change: Sendable {
        var method: APIRequest.Method
        /// `sources` or `schedules`.
        var kind: String
        var id: String
        var document: JSONValue?
        /// The version it takes the place of.
        var tag: String?
        /// Fields before and after.
        var fields: [(name: String, old: JSONValue?, new: JSONValue?)] = []

        func show() {
            let words: [APIRequest.Method: String] = [
                .post: "create", .put: "change", .delete: "delete",
            ]
            Terminal.result("\(words[method] ?? "") \(kind.dropLast()) \(id)")
            for field in fields {
                Terminal.result(
                    "  \(field.name): \(Self.text(field.old)) → \(Self.text(field.new))"
                )
            }
        }

        private static func text(_ value: JSONValue?) -> String {
            value.map { String(decoding: $0.bytes(.canonical), as: UTF8.self) } ?? "(default)"
        }

        func perform(_ client: APIClient) async throws {
            let path = "/\(kind)" + (method == .post ? "" : "/\(APIClient.escaped(id))")
            do {
                let headers = tag.map { ["if-match": $0] } ?? [:]
                try await client.send(method, path, headers: headers, document)
            } catch let error as APIError {
                throw APIError(
                    error.code,
                    field: error.field,
                    "\(kind.dropLast()) \(id): \(error.message)"
                )
            }
        }
    }

    var changes: [Change] = []

    init(_ file: ApplyFile, _ client: APIClient, prunes: Bool) async throws {
        try await add(file.sources, "sources", client, prunes: false)
        try await add(file.schedules, "schedules", client, prunes: prunes)
        // Sources go last: a schedule that still names one keeps it.
        if prunes { try await removeOthers(file.sources, "sources", client) }
        try await Self.requireSources(file, client, prunes: prunes)
    }

    /// - Throws: `SettingsError` for a schedule whose source will not be there, before anything is changed.
    private static func requireSources(
        _ file: ApplyFile,
        _ client: APIClient,
        prunes: Bool
    ) async throws {
        let own = Set(file.sources.compactMap { $0["id"]?.string })
        for schedule in file.schedules {
            guard let source = schedule["source"]?.string, !own.contains(source) else { continue }
            let id = schedule["id"]?.string ?? ""
            guard !prunes else {
                throw SettingsError(
                    "schedule \(id): its source \(source) is not in the file, so --prune would delete it; "
                        + "add it to the list sources"
                )
            }
            guard try await present(source, "sources", client) != nil else {
                throw SettingsError(
                    "schedule \(id): there is no source \(source); add it to the list sources"
                )
            }
        }
    }

    private mutating func add(
        _ wanted: [JSONValue],
        _ kind: String,
        _ client: APIClient,
        prunes: Bool
    ) async throws {
        var ids: Set<String> = []
        for document in wanted {
            guard case .object(var fields) = document, let id = fields["id"]?.string else {
                throw SettingsError("each of the list \(kind) has an id")
            }
            guard ids.insert(id).inserted else {
                throw SettingsError("the list \(kind) has \(id) twice; leave one of them out")
            }
            fields["format_version"] = nil
            try Self.check(fields, kind, id)
            guard let (present, tag) = try await Self.present(id, kind, client) else {
                changes.append(
                    Change(method: .post, kind: kind, id: id, document: .object(fields))
                )
                continue
            }
            let differences = Self.differences(fields, present)
            guard !differences.isEmpty else { continue }
            changes.append(
                Change(
                    method: .put,
                    kind: kind,
                    id: id,
                    document: .object(fields),
                    tag: tag,
                    fields: differences
                )
            )
        }
        if prunes { try await removeOthers(wanted, kind, client) }
    }

    private mutating func removeOthers(
        _ wanted: [JSONValue],
        _ kind: String,
        _ client: APIClient
    ) async throws {
        let names = Set(wanted.compactMap { $0["id"]?.string })
        var after: String?
        repeat {
            let query = after.map { [(name: "after", value: $0)] } ?? []
            let page = try await client.send(.get, "/\(kind)", query: query)
            for item in Answers.items(page) {
                guard let id = (item["definition"]?["id"] ?? item["id"])?.string,
                    !names.contains(id)
                else { continue }
                changes.append(Change(method: .delete, kind: kind, id: id))
            }
            after = page["next"]?.string
        } while after != nil
    }

    /// A definition as it is; nil where there is none.
    private static func present(
        _ id: String,
        _ kind: String,
        _ client: APIClient
    ) async throws -> (fields: JSONObject, tag: String?)? {
        do {
            let answer = try await client.send(.get, "/\(kind)/\(APIClient.escaped(id))")
            guard case .object(let fields) = answer["definition"] ?? answer else { return nil }
            return (fields, answer["etag"]?.string)
        } catch let error as APIError where error.code == .notFound {
            return nil
        }
    }

    /// Fields that differ, as the server would write the new document.
    private static func differences(
        _ wanted: JSONObject,
        _ present: JSONObject
    ) -> [(name: String, old: JSONValue?, new: JSONValue?)] {
        let whole = Self.normalized(wanted, like: present)
        let own: Set<String> = ["created_at", "created_by", "format_version"]
        return Set(whole.names).union(present.names).subtracting(own).sorted().compactMap { name in
            whole[name] == present[name] ? nil : (name, present[name], whole[name])
        }
    }

    /// The document with its defaults.
    private static func normalized(
        _ wanted: JSONObject,
        like present: JSONObject
    ) -> JSONObject {
        var fields = wanted
        fields["created_at"] = present["created_at"]
        fields["created_by"] = present["created_by"]
        let bytes = Data((.object(fields) as JSONValue).bytes(.canonical))
        // It was checked before; a document of one kind is none of the other.
        if let schedule = try? ScheduleDefinition(parsing: bytes) { return schedule.fields }
        // As above.
        if let source = try? SourceDefinition(parsing: bytes) { return source.fields }
        return fields
    }

    /// - Throws: `SettingsError` for a document that the server would refuse, before anything is changed.
    private static func check(
        _ fields: JSONObject,
        _ kind: String,
        _ id: String
    ) throws {
        let bytes = Data((.object(fields) as JSONValue).bytes(.canonical))
        do {
            if kind == "schedules" {
                _ = try ScheduleDefinition(parsing: bytes)
            } else {
                try SourceKinds.all.check(SourceDefinition(parsing: bytes).address)
            }
        } catch {
            throw SettingsError("\(kind.dropLast()) \(id): \(error)")
        }
    }

    /// The plan as JSON.
    var summary: JSONValue {
        .object([
            "changes": .array(
                changes.map {
                    .object([
                        "action": .string($0.method.rawValue), "kind": .string($0.kind),
                        "id": .string($0.id),
                        "fields": .array($0.fields.map { .string($0.name) }),
                    ])
                }
            )
        ])
    }
}
