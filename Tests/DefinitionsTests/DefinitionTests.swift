import Basics
import Definitions
import FoundationEssentials
import JSON
import ObjectStorage
import Scheduling
import TestSupport
import Testing

@Suite struct ScheduleDocumentTests {
    static let plain = """
        {"id": "orders", "source": "shop", "stream": "public.orders", "dataset": "shop.orders",
         "trigger": "@every 20s"}
        """

    static func definition(_ text: String) throws -> ScheduleDefinition {
        try ScheduleDefinition(parsing: Data(text.utf8))
    }

    @Test func `a document comes back as it was, whatever is set`() throws {
        let text = """
            {"id": "orders", "format_version": 1, "description": "x", "stream": "public.orders",
             "source": {"dsn": "postgres://me:secret:shop-db@db:5432/shop", "kind": "postgres",
                        "parallel": 3, "max_connections": 5, "max_bytes_per_second": 1000},
             "dataset": "shop.orders", "trigger": "30 2 * * *", "time_zone": "Europe/Berlin",
             "dst": "skip", "start": "next", "overlap": "buffer-one",
             "catch_up": {"max": 5, "window": "7d"}, "jitter": "30s",
             "retry": {"attempts": 3, "base": "5s", "cap": "1m"}, "timeout": "2h",
             "start_at": "2026-01-01T00:00:00Z", "end_at": "2027-01-01T00:00:00.5Z",
             "pause_after": 0, "enabled": false, "created_at": "2026-01-01T00:00:00Z",
             "created_by": "me",
             "sync": {"mode": "incremental", "cursor": "updated_at", "primary_key": ["id"],
                      "on_conflict": "append", "lookback": "1h", "columns": ["id", "updated_at"],
                      "where": "id > 0", "policy": "string", "column_policies": {"id": "error"},
                      "schema": "freeze", "allow_type_change": true, "encoding": "balanced"}}
            """
        let definition = try Self.definition(text)
        let again = try ScheduleDefinition(parsing: definition.json())
        #expect(again == definition)
        #expect(again.json() == definition.json())
        #expect(definition.catchUp == .all(max: 5, window: .days(7)))
        #expect(definition.retry == RetryPolicy(attempts: 3, base: 5_000, cap: 60_000))
        #expect(definition.endAt == 1_798_761_600_500)
    }

    @Test func `what is left out has its default`() throws {
        let definition = try Self.definition(Self.plain)
        #expect(definition.overlap == .skip)
        #expect(definition.catchUp == .latest)
        #expect(definition.start == .now)
        #expect(definition.isEnabled)
        #expect(definition.pauseAfter == 10)
        #expect(definition.timeout == 86_400_000)
    }

    @Test(
        arguments: [
            ("\"trigger\": \"@every 20s\"", "\"trigger\": \"61 * * * *\"", "trigger"),
            ("\"trigger\": \"@every 20s\"", "\"trigger\": \"@every 0s\"", "trigger"),
            ("\"trigger\": \"@every 20s\"", "\"trigger\": \"0 0 30 2 *\"", "trigger"),
            ("\"trigger\": \"@every 20s\"", "\"trigger\": \"@after shop.orders\"", "trigger"),
            ("\"trigger\": \"@every 20s\"", "\"triger\": \"@every 20s\"", "trigger"),
            ("\"dataset\": \"shop.orders\"", "\"dataset\": \"../../etc\"", "dataset"),
            ("\"dataset\": \"shop.orders\"", "\"dataset\": \"shop.a\\u0007b\"", "dataset"),
            ("\"dataset\": \"shop.orders\"", "\"dataset\": \"orders\"", "dataset"),
            ("\"id\": \"orders\"", "\"id\": \"a/b\"", "id"),
            ("\"id\": \"orders\"", "\"id\": \"Ä\"", "id"),
            ("\"id\": \"orders\"", "\"id\": \"\"", "id"),
            (
                "\"source\": \"shop\"", "\"source\": {\"dsn\": \"postgres://u:pw@h/d\"}",
                "source.dsn"
            ),
            (
                "\"source\": \"shop\"", "\"source\": {\"dsn\": \"postgres://u@h/d?password=x\"}",
                "source.dsn"
            ),
            ("\"source\": \"shop\"", "\"source\": {\"dsn\": \"host=h password=s\"}", "source.dsn"),
            ("\"id\": \"orders\"", "\"id\": \"orders\", \"run_count\": 5", "run_count"),
            (
                "\"id\": \"orders\"", "\"id\": \"orders\", \"timeout\": \"9999999999999999d\"",
                "timeout"
            ),
            ("\"id\": \"orders\"", "\"id\": \"orders\", \"overlap\": \"allow\"", "overlap"),
            (
                "\"id\": \"orders\"", "\"id\": \"orders\", \"retry\": {\"attempts\": 0}",
                "retry.attempts"
            ),
            (
                "\"id\": \"orders\"", "\"id\": \"orders\", \"sync\": {\"mode\": \"incremental\"}",
                "sync.cursor"
            ),
            ("\"id\": \"orders\"", "\"id\": \"orders\", \"format_version\": 2", "format_version"),
        ]
    )
    func `a wrong field is named`(_ old: String, _ new: String, _ field: String) throws {
        let text = Self.plain.replacing(old, with: new)
        let error = #expect(throws: DefinitionError.self) { _ = try Self.definition(text) }
        #expect(error?.field == field)
    }

    @Test(arguments: [
        "postgres://u@h/d?sslkey=/etc/secrets/key", "postgres://u@h/tokens", "secret:x",
        "sqlite:/a@b c", "sqlite:///a@b", "postgres://u:exec:pass a@b/c@h/d",
        "postgres://u:file:/x@h/d",
        "postgres://u@h/d?novalue",
    ])
    func `an address without a secret in it is taken`(_ dsn: String) throws {
        let text = Self.plain.replacing("\"shop\"", with: "{\"dsn\": \"\(dsn)\"}")
        #expect(try Self.definition(text).source == .inline(SourceAddress(dsn: dsn)))
    }

    @Test(arguments: [
        "postgres://u:pw@h/d", "postgres://u@h/d?password=x", "postgres://u@h/d?%70assword=x",
        "postgres://u@h/d?options=a%20password%3dx", "postgres://u:p@ss@h/d",
        "postgres://u@h/d?x=a@b",
        "mysql://:pw@h/d", "postgres://…", "host=h password=s", "postgres://u:a/b@h/d", "pw",
    ])
    func `an address with a secret in it is refused, and not said`(_ dsn: String) throws {
        let text = Self.plain.replacing("\"shop\"", with: "{\"dsn\": \"\(dsn)\"}")
        let error = #expect(throws: DefinitionError.self) { _ = try Self.definition(text) }
        #expect(error?.field == "source.dsn")
        #expect(error?.message.contains(dsn) == false)
    }

    @Test(arguments: ["", "[]", "{", "null", "{\"id\": 5}", "{\"id\":\"a\",\"id\":"])
    func `what is no document is refused, not guessed`(_ text: String) throws {
        #expect(throws: DefinitionError.self) { _ = try Self.definition(text) }
    }
}

@Suite struct DocumentStoreTests {
    @Test func `a document is created once, and changed only as it was read`() async throws {
        try await withScratchDirectory { folder in
            let store = DocumentStore<ScheduleDefinition>(
                try LocalStore(root: folder, access: .writing)
            )
            var definition = try ScheduleDocumentTests.definition(ScheduleDocumentTests.plain)
            let first = try await store.create(definition)
            await #expect(throws: DefinitionError.self) { _ = try await store.create(definition) }
            definition.isEnabled = false
            let second = try await store.replace(definition, first.tag)
            await #expect(throws: DefinitionError.self) {
                _ = try await store.replace(definition, first.tag)
            }
            await #expect(throws: DefinitionError.self) {
                try await store.delete(definition.id, first.tag)
            }
            try await store.delete(definition.id, second.tag)
            #expect(try await store.read(definition.id) == nil)
            // A write that comes after the deletion brings nothing back.
            await #expect(throws: DefinitionError.self) {
                _ = try await store.replace(definition, second.tag)
            }
            #expect(try await store.list().documents.isEmpty)
        }
    }

    @Test func `files that are no documents are told apart`() async throws {
        try await withScratchDirectory { folder in
            let local = try LocalStore(root: folder, access: .writing)
            _ = try await local.put([1], to: ObjectKey("_schedules/note.txt"), condition: .none)
            _ = try await local.put([1], to: ObjectKey("_schedules/a b.json"), condition: .none)
            _ = try await local.put(
                Array("{".utf8),
                to: ObjectKey("_schedules/bad.json"),
                condition: .none
            )
            let store = DocumentStore<ScheduleDefinition>(local)
            let listing = try await store.list()
            #expect(listing.documents.map(\.id.rawValue) == ["bad"])
            #expect(Set(listing.strangers) == ["note.txt", "a b.json"])
            await #expect(throws: DefinitionError.self) {
                _ = try await store.read(DefinitionID("bad"))
            }
        }
    }

    @Test func `a document is measured before it is read`() async throws {
        try await withScratchDirectory { folder in
            let local = try LocalStore(root: folder, access: .writing)
            _ = try await local.put(
                Array(repeating: UInt8(ascii: " "), count: (256 << 10) + 1),
                to: ObjectKey("_schedules/long.json"),
                condition: .none
            )
            let error = await #expect(throws: DefinitionError.self) {
                _ = try await DocumentStore<ScheduleDefinition>(local).read(DefinitionID("long"))
            }
            #expect(error?.code == .damaged)
            #expect(error?.message.contains("262145 bytes") == true)
        }
    }

    @Test func `a document that others name is not gone because its folder is`() async throws {
        try await withScratchDirectory { folder in
            let local = try LocalStore(root: folder, access: .writing)
            let store = DocumentStore<ScheduleDefinition>(local)
            let id = try DefinitionID("orders")
            #expect(try await store.read(id) == nil)
            let away = await #expect(throws: StorageError.self) { _ = try await store.named(id) }
            #expect(away?.code == .unreachable)
            _ = try await local.put([1], to: ObjectKey("_schedules/others.json"), condition: .none)
            let gone = await #expect(throws: DefinitionError.self) { _ = try await store.named(id) }
            #expect(gone?.code == .notFound)
        }
    }

    @Test func `a document under another one's name is not taken for it`() async throws {
        try await withScratchDirectory { folder in
            let local = try LocalStore(root: folder, access: .writing)
            _ = try await local.put(
                Array(ScheduleDocumentTests.plain.utf8),
                to: ObjectKey("_schedules/others.json"),
                condition: .none
            )
            let error = await #expect(throws: DefinitionError.self) {
                _ = try await DocumentStore<ScheduleDefinition>(local).read(DefinitionID("others"))
            }
            #expect(error?.field == "id")
        }
    }
}

@Suite struct SecretTests {
    @Test func `a secret shows itself in no way`() throws {
        let secret = Secret("hunter2hunter2")
        var dumped = ""
        dump(secret, to: &dumped)
        for text in [
            "\(secret)", String(reflecting: secret), dumped, "\([secret])", "\(["a": secret])",
        ] {
            #expect(!text.contains("hunter2"))
            #expect(text.contains("<secret>"))
        }
        #expect(secret.scrub("login hunter2hunter2 failed") == "login <secret> failed")
    }

    @Test func `what is sealed opens with its key, under its name, unchanged, and no other way`()
        throws
    {
        let key = SealingKey()
        let id = try DefinitionID("db")
        let sealed = try SecretDocument(
            id,
            sealing: Secret("geheim"),
            with: key,
            at: 0,
            by: "me"
        )
        let bytes = sealed.json()
        #expect(!String(decoding: bytes, as: UTF8.self).contains("geheim"))
        let read = try SecretDocument(parsing: bytes)
        #expect(try read.open(with: key).reveal { $0 } == "geheim")
        #expect(throws: DefinitionError.self) { _ = try read.open(with: SealingKey()) }
        let renamed = String(decoding: bytes, as: UTF8.self).replacing("\"db\"", with: "\"other\"")
        #expect(throws: DefinitionError.self) {
            _ = try SecretDocument(parsing: Data(renamed.utf8)).open(with: key)
        }
        let again = try SecretDocument(id, sealing: Secret("geheim"), with: key, at: 0, by: "me")
        #expect(again.json() != bytes, "each sealing has a nonce of its own")
    }

    @Test func `a key is read in Base64 and hexadecimal, and nothing else is one`() throws {
        let key = SealingKey()
        #expect(try SealingKey(parsing: key.text).id == key.id)
        let zeros = String(repeating: "00", count: 32)
        #expect(try SealingKey(parsing: Secret(zeros + "\n")).id.count == 8)
        for text in ["", "short", String(repeating: "z", count: 64), zeros + "00"] {
            #expect(throws: DefinitionError.self) { _ = try SealingKey(parsing: Secret(text)) }
        }
    }

    @Test func `references are read from the environment, a file and a command`() async throws {
        try await withScratchDirectory { folder in
            let store = try LocalStore(root: folder, access: .writing)
            let key = SealingKey()
            let resolver = SecretResolver(store, environment: ["A": "from env"]) {
                () throws(DefinitionError) in key
            }
            try "from file\n".write(toFile: "\(folder)/f", atomically: true, encoding: .utf8)
            let id = try DefinitionID("s")
            _ = try await DocumentStore<SecretDocument>(store).create(
                SecretDocument(id, sealing: Secret("p@ss/w:rd"), with: key, at: 0, by: "me")
            )
            for (text, value) in [
                ("env:A", "from env"), ("file:\(folder)/f", "from file"),
                ("exec:printf 'from command\\n'", "from command"), ("secret:s", "p@ss/w:rd"),
            ] {
                let reference = try #require(SecretReference(parsing: text))
                #expect(try await resolver.resolve(reference).reveal { $0 } == value)
            }
            for text in ["env:B", "file:\(folder)/none", "exec:exit 3", "secret:none"] {
                let reference = try #require(SecretReference(parsing: text))
                await #expect(throws: DefinitionError.self) {
                    _ = try await resolver.resolve(reference)
                }
            }
        }
    }

    @Test func `a secret goes to its hosts alone`() async throws {
        try await withScratchDirectory { folder in
            let store = try LocalStore(root: folder, access: .writing)
            let key = SealingKey()
            let resolver = SecretResolver(store, environment: [:]) {
                () throws(DefinitionError) in key
            }
            for (name, hosts) in [("free", []), ("bound", ["host"])] as [(String, [String])] {
                _ = try await DocumentStore<SecretDocument>(store).create(
                    SecretDocument(
                        DefinitionID(name),
                        sealing: Secret("geheim"),
                        with: key,
                        hosts: hosts,
                        at: 0,
                        by: "me"
                    )
                )
            }
            let bound = try DefinitionID("bound")
            try await resolver.requireHosts(of: DefinitionID("free"), field: "dsn") { _ in "evil" }
            try await resolver.requireHosts(of: bound, field: "dsn") { $0 == ["host"] ? nil : "" }
            let error = await #expect(throws: DefinitionError.self) {
                try await resolver.requireHosts(of: bound, field: "dsn") { _ in "evil" }
            }
            #expect(error?.code == .forbidden)
            #expect(error?.message.contains("evil") == true)
        }
    }
}

@Suite struct DeepDocumentTests {
    @Test func `a deep document is refused before it costs anything`() throws {
        let deep = String(repeating: "[", count: 100_000)
        #expect(throws: DefinitionError.self) { _ = try JSONValue(document: Data(deep.utf8)) }
        let text = "{\"a\": \"" + String(repeating: "[", count: 1_000) + "\\\"[\"}"
        #expect(throws: Never.self) { _ = try JSONValue(document: Data(text.utf8)) }
    }
}

@Suite struct TokenTests {
    @Test func `a token is good for itself alone, until its end`() throws {
        let made = TokenDocument.make(
            try DefinitionID("ci"),
            .operator,
            at: 5,
            by: "me",
            expiresAt: 100
        )
        let text = String(decoding: made.document.json(), as: UTF8.self)
        #expect(!text.contains(made.token.reveal { $0 }))
        let read = try TokenDocument(parsing: Data(text.utf8))
        #expect(TokenDocument.id(in: made.token)?.rawValue == "ci")
        #expect(read.accepts(made.token, at: 99))
        #expect(!read.accepts(made.token, at: 100))
        #expect(!read.accepts(Secret(made.token.reveal { $0 + "0" }), at: 50))
        #expect(!read.accepts(Secret(""), at: 50))
        #expect(Role.reader < .operator && Role.operator < .admin)
    }
}
