import Basics
package import Streams

/// What has to be known of a MySQL or MariaDB server.
package struct MySQLSettings: SourceSettings {
    /// How a connection is protected.
    enum Encryption: String, CaseIterable {
        case disabled
        /// TLS where the server has it.
        case preferred
        case required
        /// TLS with a certificate of a known authority: libmariadb checks the host's name with it.
        case verifyCA = "verify-ca"
        /// The same, made out to this host.
        case verifyFull = "verify-full"
    }

    var host: String?
    var port: Int?
    var user: String?
    var password: SecretReference?
    /// The only database whose streams count; nil for all.
    var database: String?
    var socket: String?
    var encryption: Encryption?
    /// Files of an authority's certificates, of the client's own and of its key.
    var authorityFile: String?
    var certificateFile: String?
    var keyFile: String?
    /// Seconds.
    var connectTimeout: Int?
    /// A file of options and the group in it, as other MySQL programs read them.
    var optionFile: String?
    var optionGroup: String?

    package init() {}

    package static let fields: [SettingField<MySQLSettings>] = [
        .text("host", \.host, "The server's host."),
        .number("port", \.port, in: 1...65_535, "The server's port; 3306 where nothing is said."),
        .text("user", \.user, "Who logs in."),
        .secret("password", \.password, "The user's password."),
        .text("database", \.database, "The only database whose tables count."),
        .text("socket", \.socket, "The server's socket, where it is one of this machine."),
        .choice("ssl_mode", \.encryption, "How the connection is protected."),
        .text("ssl_ca", \.authorityFile, "A file of certificates that are trusted."),
        .text("ssl_cert", \.certificateFile, "A file with the client's own certificate."),
        .text("ssl_key", \.keyFile, "A file with the key of that."),
        .number("connect_timeout", \.connectTimeout, in: 1...100_000, "Seconds to wait."),
        .text("defaults_file", \.optionFile, "An option file, as MySQL's programs read it."),
        .text("defaults_group", \.optionGroup, "The group in it."),
    ]

    /// Fields that an address writes as parameters, with a hyphen for the underscore.
    private static let parameters:
        [(name: String, path: any WritableKeyPath<Self, String?> & Sendable)] =
            [
                ("defaults-file", \.optionFile), ("defaults-group", \.optionGroup),
                ("socket", \.socket), ("ssl-ca", \.authorityFile), ("ssl-cert", \.certificateFile),
                ("ssl-key", \.keyFile),
            ]

    private static let parameterNames = (["connect-timeout", "ssl-mode"] + parameters.map(\.name))
        .sorted().joined(separator: ", ")

    /// Reads an address.
    ///
    /// - Throws: `SourceError` `configuration` naming what is wrong, never the password.
    init(_ address: Address) throws(SourceError) {
        let ports = address.hosts.map { $0.port?.raw ?? "" }
        let port = ports.last.flatMap { Int($0) }
        // An @ behind the login has to be written by its digits: one that is not ends a password in which a
        // slash or the like was not.
        guard !address.loginHolds(any: "?#"), !address.restHolds(any: "@#"),
            ports.dropLast().allSatisfy(\.isEmpty), (ports.last ?? "").isEmpty || port != nil,
            port.map({ $0 >= 0 }) ?? true
        else {
            throw SourceError(
                .configuration,
                "the MySQL address cannot be read; its form is "
                    + "mysql://user@host:3306/database?ssl-mode=required, with special characters "
                    + "percent-encoded"
            )
        }
        try read(address.parameters ?? [])
        let host = address.hosts.map(\.name.lenient).joined(separator: ",")
        self.host = host.isEmpty ? nil : host
        guard hasPlainHosts else { throw SourceError(.configuration, Self.hostRule) }
        self.port = port == 0 ? nil : port
        user = address.user.flatMap { $0.raw.isEmpty ? nil : $0.lenient }
        password = address.password?.reference
        database = try Self.database(address.path?.raw ?? "")
    }

    /// - Throws: `SourceError` `configuration` for a host that libmariadb would take for options, or for more hosts
    ///   than it seems to be.
    package func validate() throws(SourceError) {
        guard hasPlainHosts else {
            throw SourceError(.configuration, field: "host", Self.hostRule)
        }
    }

    private var hasPlainHosts: Bool {
        ListedHost.list(host ?? "").allSatisfy { host in
            switch host {
            case .missing, .name, .address: true
            case .socket, .doubtful: false
            }
        }
    }

    private static let hostRule =
        "a host is a name or an address, and several stand with commas between them; a socket is named by socket"

    private mutating func read(_ parameters: [Address.Parameter]) throws(SourceError) {
        for parameter in parameters {
            let name = parameter.name.lenient
            guard case .text(let text) = parameter.value else { throw Self.unknown(name) }
            if let own = Self.parameters.first(where: { $0.name == name }) {
                self[keyPath: own.path] = text.lenient
            } else if name == "ssl-mode" {
                encryption = try Self.encryption(text.lenient)
            } else if name == "connect-timeout" {
                guard let seconds = UInt32(text.lenient), seconds > 0 else {
                    throw SourceError(.configuration, "connect-timeout is a number of seconds")
                }
                connectTimeout = Int(seconds)
            } else {
                throw Self.unknown(name)
            }
        }
    }

    private static func unknown(_ name: String) -> SourceError {
        SourceError(
            .configuration,
            "the MySQL address has no parameter \(name); there are \(parameterNames)"
        )
    }

    /// The database of a path, which is cut before it is decoded: a name may hold a slash.
    private static func database(_ path: String) throws(SourceError) -> String? {
        let names = path.split(separator: "/", omittingEmptySubsequences: true)
        guard names.count <= 1 else {
            throw SourceError(
                .configuration,
                "the MySQL address names more than a database; a slash in its name is written %2F"
            )
        }
        return names.first.map { EncodedText(raw: $0).lenient }
    }

    private static func encryption(_ text: String) throws(SourceError) -> Encryption {
        // MySQL's own words for some of them.
        let words = ["verify_ca": "verify-ca", "verify_identity": "verify-full", "off": "disabled"]
        let wanted = text.lowercased()
        guard let mode = Encryption(rawValue: words[wanted] ?? wanted) else {
            throw SourceError(
                .configuration,
                "ssl-mode is one of "
                    + Encryption.allCases.map(\.rawValue).joined(separator: ", ")
            )
        }
        return mode
    }
}
