import FoundationEssentials
import TestSupport
import Testing

/// Ways to a MariaDB server: encrypted or not, by different logins, over a socket, by an option file.
@Suite(.serialized)
struct MariaDBConnectionTests {
    private func check(
        _ url: String,
        environment: [String] = []
    ) async throws -> ProcessResult {
        try await ChildProcess.run(
            "env",
            environment + [TestEnvironment.binary, "check", "--source", url]
        )
    }

    private func expectReached(
        _ result: ProcessResult,
        saying words: String = "reachable",
        sourceLocation: SourceLocation = #_sourceLocation
    ) {
        #expect(
            result.succeeded && result.standardOutput.contains(words),
            "\(result.transcript)",
            sourceLocation: sourceLocation
        )
    }

    @Test func `a connection is encrypted as far as was asked for`() async throws {
        try await MariaDBDatabase.withNew { database in
            let certificate = try await database.run("SELECT @@ssl_cert")
            try #require(!certificate.isEmpty)
            expectReached(try await check(database.url), saying: "connection encrypted")
            expectReached(
                try await check(database.url + "?ssl-mode=disabled"),
                saying: "connection not encrypted"
            )
            expectReached(
                try await check(database.url + "?ssl-mode=required"),
                saying: "connection encrypted"
            )
            for mode in ["verify-ca", "verify-full"] {
                let known = "?ssl-mode=\(mode)&ssl-ca=\(certificate)"
                expectReached(try await check(database.url + known), saying: "connection encrypted")
                let unknown = try await check(database.url + "?ssl-mode=\(mode)")
                #expect(unknown.end == .exited(3), "\(unknown.transcript)")
                #expect(unknown.standardError.contains("ssl-ca"), "\(unknown.transcript)")
            }
            let other = database.url.replacing("@127.0.0.1:", with: "@localhost:")
            let elsewhere = try await check(
                other + "?ssl-mode=verify-full&ssl-ca=\(certificate)"
            )
            #expect(elsewhere.end == .exited(3), "\(elsewhere.transcript)")
        }
    }

    @Test func `an option file does not weaken what the address asks for`() async throws {
        try await MariaDBDatabase.withNew { database in
            let certificate = try await database.run("SELECT @@ssl_cert")
            for (mode, line) in [
                ("verify-full", "ssl-verify-server-cert=0"), ("required", "ssl=0"),
            ] {
                try await withScratchDirectory { folder in
                    let file = folder + "/options.cnf"
                    try Data("[client]\n\(line)\n".utf8).write(to: URL(filePath: file))
                    let result = try await check(
                        database.url + "?ssl-mode=\(mode)&defaults-file=\(file)"
                    )
                    #expect(
                        result.end == .exited(3)
                            || result.standardOutput.contains("connection encrypted"),
                        "\(result.transcript)"
                    )
                    guard mode == "verify-full" else { return }
                    #expect(result.standardError.contains("option file"), "\(result.transcript)")
                    expectReached(
                        try await check(database.url + "?ssl-mode=\(mode)&ssl-ca=\(certificate)")
                    )
                }
            }
            let missing = try await check(database.url + "?defaults-file=/no/such/file")
            #expect(missing.standardError.contains("cannot be read"), "\(missing.transcript)")
        }
    }

    @Test func `MySQL's own ways of logging in, types and settings`() async throws {
        let result = try await ChildProcess.run(
            TestEnvironment.python,
            ["-B", "\(TestEnvironment.packageRoot)/Tests/Python/fake_mysql.py"]
        )
        #expect(result.succeeded, "\(result.transcript)")
    }

    @Test func `a password comes from the variable, an option file or another variable`()
        async throws
    {
        try await MariaDBDatabase.withNew { database in
            let (user, password) = ("p_\(database.name)", "pass word%")
            try await database.run(
                """
                CREATE USER '\(user)'@'127.0.0.1' IDENTIFIED BY '\(password)';
                GRANT SELECT ON *.* TO '\(user)'@'127.0.0.1'
                """
            )
            let bare = database.url(user: user, password: "").replacing(":@", with: "@")
            expectReached(try await check(bare, environment: ["MYSQL_PWD=\(password)"]))
            let named = database.url(user: user, password: "env:OTHER")
            expectReached(try await check(named, environment: ["OTHER=\(password)"]))
            let encoded = database.url(user: user, password: "pass%20word%25")
            expectReached(try await check(encoded))
            try await withScratchDirectory { folder in
                let file = folder + "/options.cnf"
                try Data("[client]\nuser=\(user)\npassword=\"\(password)\"\n".utf8)
                    .write(to: URL(filePath: file))
                let anonymous = database.url(user: "", password: "").replacing("//:@", with: "//")
                expectReached(try await check(anonymous + "?defaults-file=\(file)"))
            }
            let refused = try await check(bare)
            #expect(refused.end == .exited(3), "\(refused.transcript)")
            #expect(!refused.transcript.contains(password))
            try await database.run("DROP USER '\(user)'@'127.0.0.1'")
        }
    }

    @Test func `a login by ed25519, and one over the socket`() async throws {
        try await MariaDBDatabase.withNew { database in
            let user = "e_\(database.name)"
            try await database.run("INSTALL PLUGIN IF NOT EXISTS ed25519 SONAME 'auth_ed25519'")
            try await database.run(
                """
                CREATE USER '\(user)'@'127.0.0.1' IDENTIFIED VIA ed25519 USING PASSWORD('edwards');
                CREATE USER '\(user)'@'localhost' IDENTIFIED BY 'native';
                GRANT SELECT ON *.* TO '\(user)'@'127.0.0.1', '\(user)'@'localhost'
                """
            )
            expectReached(try await check(database.url(user: user, password: "edwards")))
            let socket = try await database.run("SELECT @@socket")
            let local = "mysql://\(user):native@localhost/\(database.name)?socket=\(socket)"
            expectReached(try await check(local))
            try await database.run("DROP USER '\(user)'@'127.0.0.1', '\(user)'@'localhost'")
        }
    }
}
