import FoundationEssentials
package import Streams

#if canImport(Glibc)
    import Glibc
#else
    import Musl
#endif

/// Where a MySQL or MariaDB server is and how to log in.
///
/// The password is in `password` only, which nothing prints; `location` is for display.
package struct MySQLAddress: Sendable {
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

    let host: String?
    let port: UInt32
    let socket: String?
    let user: String?
    let password: String?
    /// The only database whose streams count; nil for all.
    let database: String?
    let encryption: Encryption
    /// Files of certificates and a key, by their parameter.
    let files: [String: String]
    let connectTimeout: UInt32
    /// A file of options and the group in it, as other MySQL programs read them.
    let optionFile: String?
    let optionGroup: String?
    /// `host:port/database`.
    package let location: SourceLocation

    private static let parameters = [
        "connect-timeout", "defaults-file", "defaults-group", "socket", "ssl-ca", "ssl-cert",
        "ssl-key", "ssl-mode",
    ]

    /// Whether a text is such an address.
    package static func isAddress(_ text: String) -> Bool {
        text.hasPrefix("mysql://") || text.hasPrefix("mariadb://")
    }

    /// Reads a `mysql://` or `mariadb://` address.
    ///
    /// A password written as `env:NAME` is taken from that variable through `environment`; without
    /// one, `MYSQL_PWD` counts.
    ///
    /// - Throws: `SourceError.Code.configuration` naming what is wrong, never the password.
    package init(
        parsing text: String,
        environment: (String) -> String?
    ) throws(SourceError) {
        guard Self.isAddress(text), !AddressText.mayShowPassword(text),
            let parts = URLComponents(string: text), parts.fragment == nil
        else {
            throw SourceError(
                .configuration,
                "the MySQL address cannot be read; its form is "
                    + "mysql://user@host:3306/database?ssl-mode=required, with special characters "
                    + "percent-encoded"
            )
        }
        let found = try Self.parameters(of: parts)
        let database = try Self.database(parts.percentEncodedPath)
        host = parts.host.flatMap { $0.isEmpty ? nil : $0.trimmingBrackets }
        port = UInt32(parts.port ?? 0)
        socket = found["socket"]
        user = parts.user.flatMap { $0.isEmpty ? nil : $0 }
        password = try Self.password(
            parts.password,
            isReference: AddressText.namesVariable(text),
            environment
        )
        self.database = database
        encryption = try Self.encryption(found["ssl-mode"])
        files = found.filter { ["ssl-ca", "ssl-cert", "ssl-key"].contains($0.key) }
        connectTimeout = try Self.seconds(found["connect-timeout"])
        optionFile = try Self.readable(found["defaults-file"])
        optionGroup = found["defaults-group"]
        let place = socket ?? "\(host ?? "localhost"):\(port == 0 ? 3306 : port)"
        location = SourceLocation(
            kind: "mysql",
            place: "\(place)/\(database.map(AddressText.shownName) ?? "")",
            defaultNamespace: database
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
        guard let name = names.first else { return nil }
        var decoded = URLComponents()
        decoded.percentEncodedPath = String(name)
        return decoded.path
    }

    private static func parameters(
        of parts: URLComponents
    ) throws(SourceError) -> [String: String] {
        var found: [String: String] = [:]
        for item in parts.queryItems ?? [] {
            guard parameters.contains(item.name), let value = item.value else {
                throw SourceError(
                    .configuration,
                    "the MySQL address has no parameter \(item.name); there are "
                        + parameters.joined(separator: ", ")
                )
            }
            found[item.name] = value
        }
        return found
    }

    private static func password(
        _ written: String?,
        isReference: Bool,
        _ environment: (String) -> String?
    ) throws(SourceError) -> String? {
        guard let written, isReference else {
            return written ?? environment("MYSQL_PWD")
        }
        let name = String(written.dropFirst(4))
        guard let value = environment(name) else {
            throw SourceError(
                .configuration,
                "the password refers to the variable \(name), which is not set"
            )
        }
        return value
    }

    /// The C library would do without a file it cannot read, and without what it says.
    private static func readable(_ path: String?) throws(SourceError) -> String? {
        guard let path else { return nil }
        guard access(path, R_OK) == 0 else {
            throw SourceError(
                .configuration,
                "the option file \(path) cannot be read: \(String(cString: strerror(errno)))"
            )
        }
        return path
    }

    private static func encryption(_ text: String?) throws(SourceError) -> Encryption {
        guard let text else { return .preferred }
        // MySQL's own words for two of them.
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

    private static func seconds(_ text: String?) throws(SourceError) -> UInt32 {
        guard let text else { return UInt32(Limits.connectTimeout.components.seconds) }
        guard let seconds = UInt32(text), seconds > 0 else {
            throw SourceError(.configuration, "connect-timeout is a number of seconds")
        }
        return seconds
    }
}

extension String {
    /// An IPv6 address without its brackets.
    fileprivate var trimmingBrackets: String {
        hasPrefix("[") && hasSuffix("]") ? String(dropFirst().dropLast()) : self
    }
}
