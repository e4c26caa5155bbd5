import Basics
import Streams

#if canImport(Glibc)
    import Glibc
#else
    import Musl
#endif

/// Where a MySQL or MariaDB server is and how to log in, as libmariadb takes it.
///
/// The password is in `password` only, which nothing prints; `location` is for display.
struct MySQLAddress: Sendable {
    let host: String?
    let port: UInt32
    let socket: String?
    let user: String?
    let password: String?
    /// The only database whose streams count; nil for all.
    let database: String?
    let encryption: MySQLSettings.Encryption
    /// Files of certificates and a key, by their parameter.
    let files: [String: String]
    let connectTimeout: UInt32
    /// A file of options and the group in it, as other MySQL programs read them.
    let optionFile: String?
    let optionGroup: String?
    /// `host:port/database`.
    let location: SourceLocation

    /// Puts settings and a secret as the library takes them.
    ///
    /// - Throws: `SourceError` `configuration` for an option file that cannot be read.
    init(
        _ settings: MySQLSettings,
        password: Secret?,
        location: SourceLocation
    ) throws(SourceError) {
        host = settings.host.map(Self.listed)
        port = UInt32(clamping: settings.port ?? 0)
        socket = settings.socket
        user = settings.user
        self.password = password?.reveal { $0 }
        database = settings.database
        encryption = settings.encryption ?? .preferred
        files = [
            "ssl-ca": settings.authorityFile, "ssl-cert": settings.certificateFile,
            "ssl-key": settings.keyFile,
        ].compactMapValues { $0 }
        connectTimeout = UInt32(
            clamping: settings.connectTimeout ?? Int(Limits.connectTimeout.components.seconds)
        )
        optionFile = try Self.readable(settings.optionFile)
        optionGroup = settings.optionGroup
        self.location = location
    }

    /// The hosts as libmariadb reads them: among several, an IPv6 address stands in brackets.
    private static func listed(_ hosts: String) -> String {
        let list = ListedHost.list(hosts)
        guard list.count > 1 else { return hosts }
        return list.map { host in
            switch host {
            case .address(let address): "[\(address)]"
            case .name(let name): name
            case .missing, .socket, .doubtful: ""
            }
        }.joined(separator: ",")
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
}
