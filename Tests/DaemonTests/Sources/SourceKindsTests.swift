import Basics
import Daemon
import Definitions
import JSON
import Streams
import Testing

/// What is said of an address before it is opened.
@Suite struct SourceKindsTests {
    private let kinds = SourceKinds.all

    private func address(_ document: JSONObject) throws -> SourceAddress {
        var document = document
        document["id"] = "shop"
        var fields = DocumentFields(document)
        let definition = try SourceDefinition(&fields)
        try fields.end()
        return definition.address
    }

    @Test(
        arguments: [
            ("postgres://u:p@h:5432/db", "postgres://…"),
            ("postgres://u:p@h/db?x=a@b", "postgres://…"),
            ("mysql://u@h/db?password=x&ssl-mode=required", "mysql://…"),
            ("mysql://u@h/db?ssl-mode=required", "mysql://u@h/db?ssl-mode=required"),
            ("postgres://u:secret:db@h,h2:1/db", "postgres://u:secret:db@h,h2:1/db"),
            ("postgres://u:exec:hidden@h/db", "postgres://…"),
            ("postgres://u@h/db?%70assword=z", "postgres://…"),
            ("postgres://u@h/db?options=-c", "postgres://…"),
            ("https://tok@h/x", "https://…"),
            ("host=h password=s", "…"),
            ("u:p@h", "…"),
            ("secret:shop", "secret:shop"),
            ("exec:pass show db --token=x", "exec:pass …"),
            ("exec:TOKEN=x pass show db", "exec:…"),
            ("sqlite:/tmp/x.db", "sqlite:/tmp/x.db"),
            ("sqlite:///tmp/a b@c.db", "sqlite:///tmp/a b@c.db"),
            ("postgres://u:a@b@h/db#token=z", "postgres://…"),
        ]
    )
    func `an address is shown without its secrets`(_ address: String, _ shown: String) {
        #expect(kinds.shown(SourceAddress(dsn: address)) == ["dsn": .string(shown)])
    }

    @Test func `of fields a command is shown by its name, and nothing of what no kind takes`()
        throws
    {
        let good = try address([
            "kind": "postgres", "host": "h", "password": "exec:pass show db --token=hidden",
        ])
        #expect(kinds.shown(good) == ["password": "exec:pass …"])
        for document in [
            ["kind": "postgres", "host": "h", "password": "hidden"],
            ["kind": "none", "host": "h", "secret": "hidden"],
        ] as [JSONObject] {
            let shown = kinds.shown(try address(document))
            #expect(shown.count == 2)
            #expect(shown.values.allSatisfy { $0 == "…" })
        }
    }

    @Test func `what runs share is stored, so it tells nothing of a command`() throws {
        func pool(_ dsn: String) throws -> String {
            try kinds.pool(of: .inline(SourceAddress(dsn: dsn)))
        }
        for dsn in [
            "exec:pass show db --token=hidden", "postgres://u:exec:hidden@h/db",
            "postgres://u@h/db?options=hidden", "postgres://u:hidden@h/db",
            "postgres://u:hidden/db", "other://hidden",
        ] {
            #expect(try !pool(dsn).contains("hidden"))
            #expect(try pool(dsn) == pool(dsn))
        }
        #expect(try pool("exec:a") != pool("exec:b"))
        #expect(try pool("postgres://u@h:1/db") == "h:1")
        #expect(try pool("secret:shop") == "secret:shop")
        #expect(try pool("sqlite:/x") == "sqlite:/x")
        let settings = try address(["kind": "postgres", "host": "h", "port": .integer(1)])
        #expect(try kinds.pool(of: .inline(settings)) == "h:1")
    }

    /// Addresses that mean more than they seem to: not an operator's.
    static let tricky = [
        "postgres://u@h/db?%70assword=env:X", "postgres://u#:env:X@h/db",
        "postgres://u?:env:X@h/db",
        "postgres://u@h/db?passfile=/etc/passwd", "postgres://u@h/db?service=prod",
        "postgres://u@h/db?sslrootcert=/etc/x", "postgres:///db?host=/var/run/postgresql",
        "postgres:///db?host=h,/tmp", "postgres:///db?host=,h", "postgres:///db?host=h",
        "postgres://u@h:1/db?hostaddr=127.0.0.1",
        "mysql://u@h/db?defaults-file=/etc/x", "mysql://u@h/db?socket=/tmp/x", "postgres://u@/db",
        "mysql://u@/db", "postgres://u@h,/db", "postgres://u@h/db/../x", "postgres:// h/db",
        "postgres://u@%2Ftmp/db", "sqlite:/etc/x", "sqlite:///etc/x", "env:X", "file:/x", "exec:x",
        "postgres://u:file:/x@h/db", "postgres://u:exec:x@h/db",
        "postgres://u:secret:db@[evil.com%2C%CC%81y.corp.example]/db",
        "mysql://u@h,,h2/db",
    ]

    @Test(arguments: tricky)
    func `an address with parts that are not understood is an administrator's`(
        _ dsn: String
    ) throws {
        #expect(try kinds.request(for: SourceAddress(dsn: dsn), path: "").needsAdministrator)
    }

    @Test(arguments: [
        "POSTGRES://u@h/db", "postgres://u:env:X@h@k/db", "https://h/x", "mysql:shop", "shop",
        "mysql://u:secret:db@[x%3D1%3Bhost%3Devil.com%3Bx%3D.corp.example]/db",
        "mysql://u:secret:db@[evil.com:3306.corp.example],y.corp.example/db",
    ])
    func `an address of no kind is refused`(_ dsn: String) {
        let error = #expect(throws: DefinitionError.self) {
            try kinds.check(SourceAddress(dsn: dsn), path: "source.")
        }
        #expect(error?.field == "source.dsn")
    }

    @Test(arguments: [
        "postgres://u:secret:x@DB.Example.:5432,[2001:DB8::1]:5432/db",
        "mysql://u:secret:x@h/db?connect-timeout=3",
    ])
    func `an address of named hosts alone is an operator's`(_ dsn: String) throws {
        let request = try kinds.request(for: SourceAddress(dsn: dsn), path: "")
        #expect(!request.needsAdministrator)
        #expect(request.sealed.map(\.rawValue) == ["x"])
    }

    @Test func `hosts are compared as they are meant`() throws {
        func reach(_ text: String) throws -> Reach {
            try kinds.source(at: kinds.address(text, references: .all)).reach
        }
        let found = try reach("postgres://u:secret:x@DB.Example.:5432,[2001:DB8::1]:5432/db")
        #expect(found.hosts == ["db.example", "2001:db8::1"])
        #expect(found.hostOutside(["db.example", "2001:DB8::1"]) == nil)
        #expect(found.hostOutside(["*.example"]) == "2001:db8::1")
        #expect(try reach("postgres://u@xgood.example/d").hostOutside(["*.good.example"]) != nil)
        #expect(try reach("postgres://u@a.good.example/d").hostOutside(["*.good.example"]) == nil)
        #expect(try reach("postgres://u:p%40ss@h:1/db").hosts == ["h"])
    }

    @Test func `a host that a library would read otherwise is no named host`() throws {
        for host in [
            "evil.com,\u{301}y.corp.example", "/\u{301}tmp", "@\u{301}x", "a b", "a;b", "h,",
        ] {
            let address = try address(["kind": "postgres", "host": .string(host)])
            #expect(try kinds.request(for: address, path: "").needsAdministrator, "\(host)")
        }
    }

    @Test func `a number counts as the text of its digits`() throws {
        let address = try address([
            "kind": "postgres", "host": "h", "database": .integer(2_024),
            "parameters": .object(["connect_timeout": .integer(10)]),
        ])
        #expect(try !kinds.request(for: address, path: "").needsAdministrator)
    }

    @Test(arguments: ["0s", "25h", "30"]) func `a lock is waited for some time, and not for ever`(
        _ span: String
    ) {
        let error = #expect(throws: DefinitionError.self) {
            try address(["dsn": "postgres://u@h/db", "lock_timeout": .string(span)])
        }
        #expect(error?.field == "lock_timeout")
    }

    // MARK: Documents of a kind

    @Test func `the same source is told by an address and by fields`() throws {
        let cases: [(String, JSONObject)] = [
            (
                "postgres://me:secret:db@h:1/sl%2Fash?sslmode=require",
                [
                    "kind": "postgres", "host": "h", "port": .integer(1), "user": "me",
                    "password": "secret:db", "database": "sl/ash",
                    "parameters": .object(["sslmode": "require"]),
                ]
            ),
            (
                "mysql://me:secret:db@h:1/shop?ssl-mode=verify-ca&connect-timeout=3",
                [
                    "kind": "mysql", "host": "h", "port": .integer(1), "user": "me",
                    "password": "secret:db", "database": "shop", "ssl_mode": "verify-ca",
                    "connect_timeout": .integer(3),
                ]
            ),
            ("sqlite:/x y", ["kind": "sqlite", "file": "/x y"]),
        ]
        for (dsn, document) in cases {
            let one = try kinds.source(at: kinds.address(dsn, references: .all))
            let settings = try address(document)
            guard case .settings(let fields) = settings.place else {
                Issue.record("\(dsn)")
                continue
            }
            let other = try kinds.source(of: settings.kind ?? "", fields)
            #expect(one.kind == other.kind)
            #expect(one.location == other.location)
            #expect(one.secrets == other.secrets)
            #expect(one.reach == other.reach)
            #expect(
                kinds.shown(settings)
                    == JSONObject(other.secrets.map { ($0.key, .string($0.value.shown)) })
            )
        }
    }

    @Test func `a document of fields is written as it was read`() throws {
        let document: JSONObject = [
            "id": "shop", "kind": "postgres", "host": "h", "password": "secret:db",
            "parallel": .integer(2),
        ]
        var fields = DocumentFields(document)
        let definition = try SourceDefinition(&fields)
        for member in document { #expect(definition.fields[member.name] == member.value) }
        #expect(definition.fields["dsn"] == nil)
    }

    static let wrongFields: [(JSONObject, String)] = [
        (["kind": "postgres", "hostt": "h"], "hostt"),
        (["kind": "postgres", "host": .boolean(true)], "host"),
        (["kind": "postgres", "host": "h", "password": "geheim"], "password"),
        (["kind": "postgres", "host": "h", "port": .integer(70_000)], "port"),
        (["kind": "postgres", "host": "h", "port": "1,x"], "port"),
        (["kind": "postgres", "parameters": .object(["nosuch": "x"])], "parameters.nosuch"),
        (["kind": "postgres", "parameters": .object(["host": "x"])], "parameters.host"),
        (["kind": "postgres", "parameters": .object(["password": "x"])], "parameters"),
        (
            ["kind": "postgres", "parameters": .object(["options": "-c a.password=x"])],
            "parameters"
        ),
        (["kind": "mysql", "ssl_mode": "sometimes"], "ssl_mode"),
        (["kind": "mysql", "host": "x=1;host=evil.com;local-infile=1;x=.corp.example"], "host"),
        (["kind": "mysql", "host": "evil.com:3306.corp.example,y.corp.example"], "host"),
        (["kind": "mysql", "host": "evil.com,\u{301}y.corp.example"], "host"),
        (["kind": "mysql", "host": "plugin://h"], "host"),
        (["kind": "mysql", "host": "/tmp/s"], "host"),
        (["kind": "postgres", "host": "h", "port": "+5432"], "port"),
        (["kind": "oracle", "dsn": "postgres://u@h/db"], "kind"),
        (["kind": "mysql", "dsn": "postgres://u@h/db"], "kind"),
        (["kind": "sqlite"], "file"),
        (["kind": "sqlite", "file": ""], "file"),
        (["kind": "oracle", "host": "h"], "kind"),
        (["kind": "sqlite", "file": "/x", "host": "h"], "host"),
    ]

    @Test(arguments: wrongFields)
    func `a wrong field of a kind is named, with its path`(
        _ document: JSONObject,
        _ field: String
    ) throws {
        let address = try address(document)
        let error = #expect(throws: DefinitionError.self) {
            try kinds.check(address, path: "source.")
        }
        #expect(error?.code == .invalid)
        #expect(error?.field == "source.\(field)")
        #expect(error?.message.contains("geheim") == false)
    }

    @Test func `no field of a kind is one of all sources`() throws {
        let common: Set<String> = [
            "id", "kind", "dsn", "description", "format_version", "created_at", "created_by",
            "parallel", "max_connections", "lock_timeout", "max_bytes_per_second",
            "problem",
        ]
        for description in kinds.descriptions {
            let names = description.fields.map(\.name)
            #expect(Set(names).count == names.count)
            #expect(common.isDisjoint(with: names), "\(description.kind)")
        }
        #expect(Set(kinds.profiles.map(\.name)).count == kinds.profiles.count)
    }
}
