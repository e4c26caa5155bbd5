import Basics
import Daemon
import Databases
import Definitions
import Foundation
import JSON
import ObjectStorage
import Streams
import TestSupport
import Testing

/// How secrets come to a source, and where they may go.
@Suite struct SourceAccessTests {
    private func withAccess(
        hosts: [String]? = nil,
        _ body: (SourceAccess) async throws -> Void
    ) async throws {
        try await withScratchDirectory { folder in
            let store = try LocalStore(root: folder, access: .writing)
            let key = SealingKey()
            let secrets: [(String, String, [String])] = [
                ("free", "p@ss/w:rd", []), ("bound", "geheim", ["host"]),
                ("good", "fake://me:geheim@host/db", ["host"]),
                ("bad", "fake://me:geheim@evil/db", ["host"]), ("odd", "me@fake://h/d", []),
                ("nested", "postgres://me:env:HOME@host/db", []),
            ]
            for (name, value, hosts) in secrets {
                _ = try await DocumentStore<SecretDocument>(store).create(
                    SecretDocument(
                        DefinitionID(name),
                        sealing: Secret(value),
                        with: key,
                        hosts: hosts,
                        at: 0,
                        by: "me"
                    )
                )
            }
            var settings = NodeSettings(lake: folder, environment: ["A": "from env"], release: "x")
            settings.sourceHosts = hosts
            let access = SourceAccess(
                sources: DocumentStore(store),
                resolver: SecretResolver(store, environment: settings.environment) {
                    () throws(DefinitionError) in key
                },
                settings: settings,
                kinds: SourceKinds([PostgresSourceKind(), FakeSourceKind()])
            )
            try await body(access)
        }
    }

    private func address(_ document: JSONObject) throws -> SourceAddress {
        var document = document
        document["id"] = "x"
        var fields = DocumentFields(document)
        return try SourceDefinition(&fields).address
    }

    @Test func `a secret comes to its source as it is, and is not said`() async throws {
        try await withAccess { access in
            let cases: [(JSONObject, String)] = [
                (["dsn": "fake://me:secret:free@host"], "p@ss/w:rd"),
                (["kind": "fake", "host": "host", "token": "secret:free"], "p@ss/w:rd"),
                (["kind": "fake", "host": "host", "token": "env:A"], "from env"),
            ]
            for (document, token) in cases {
                let opened = try await access.open(address(document))
                let version = try await opened.source.check().version
                #expect(version == "token \(token)")
                #expect(opened.scrub(version) == "token <secret>")
            }
        }
    }

    @Test func `a secret goes to its hosts alone, be it a password or an address`() async throws {
        try await withAccess { access in
            _ = try await access.open(SourceAddress(dsn: "fake://me:secret:bound@host"))
            _ = try await access.open(SourceAddress(dsn: "secret:good"))
            for dsn in [
                "postgres://me:secret:bound@host,evil/d", "fake://me:secret:bound@evil",
                "secret:bad",
                "postgres://me:secret:bound@host/d?host=evil",
                "postgres://me:secret:bound@host/d?hostaddr=127.0.0.1",
            ] {
                let error = await #expect(throws: DefinitionError.self, "\(dsn)") {
                    _ = try await access.open(SourceAddress(dsn: dsn))
                }
                #expect(error?.code == .forbidden)
            }
            let evil = try address(["kind": "fake", "host": "evil", "token": "secret:bound"])
            await #expect(throws: DefinitionError.self) { _ = try await access.open(evil) }
        }
    }

    @Test func `of an address that is secret no other secret is looked up`() async throws {
        try await withAccess { access in
            for dsn in ["secret:nested", "secret:odd"] {
                let error = await #expect(throws: SourceError.self) {
                    _ = try await access.open(SourceAddress(dsn: dsn))
                }
                #expect(error?.code == .configuration)
            }
        }
    }

    @Test func `hosts that are not on the server's list are not asked`() async throws {
        try await withAccess(hosts: ["host"]) { access in
            _ = try await access.open(SourceAddress(dsn: "fake://me:secret:free@host"))
            for dsn in [
                "fake://evil", "postgres://me@host/d?host=evil", "postgres:///d",
                "postgres://u?:env:A@host/db", "secret:bad",
            ] {
                let error = await #expect(throws: DefinitionError.self, "\(dsn)") {
                    _ = try await access.open(SourceAddress(dsn: dsn))
                }
                #expect(error?.code == .forbidden)
            }
        }
    }

    @Test func `a definition's kind is that of its address`() async throws {
        try await withAccess { access in
            let wrong = try address(["kind": "postgres", "dsn": "fake://host"])
            await #expect(throws: SourceError.self) { _ = try await access.open(wrong) }
        }
    }
}
