package import Basics
import Foundation
package import Streams

/// MySQL and MariaDB servers.
package struct MySQLSourceKind: SourceKind {
    package let profile = SourceProfile(
        name: "mysql",
        example: "mysql://user@host/database",
        variables: LibraryVariables(prefixes: ["MYSQL_PWD"])
    )

    /// Makes the kind.
    package init() {}

    package func settings(from address: Address) throws(SourceError) -> MySQLSettings? {
        guard address.hasAuthority, ["mysql", "mariadb"].contains(address.scheme) else {
            return nil
        }
        return try MySQLSettings(address)
    }

    package func reach(of settings: MySQLSettings) -> Reach {
        var reach = Reach()
        if let host = settings.host, settings.socket == nil {
            for host in ListedHost.list(host) {
                switch host {
                case .name(let name), .address(let name): reach.add(host: name)
                case .missing, .socket, .doubtful: reach.others.append("host")
                }
            }
        } else {
            // A socket of this machine: the one that is named, or one of the library's choice.
            reach.others.append("socket")
        }
        for file in [
            settings.authorityFile, settings.certificateFile, settings.keyFile, settings.optionFile,
        ] {
            if let file { reach.files.append(file) }
        }
        if settings.optionGroup != nil { reach.others.append("defaults_group") }
        return reach
    }

    package func location(of settings: MySQLSettings) -> SourceLocation {
        let server = settings.socket ?? "\(settings.host ?? "localhost"):\(settings.port ?? 3306)"
        let database = settings.database.map(SourceLocation.shownName) ?? ""
        return SourceLocation(
            kind: "mysql",
            place: "\(server)/\(database)",
            server: server,
            defaultNamespace: settings.database
        )
    }

    package func open(
        _ settings: MySQLSettings,
        _ credentials: Credentials,
        _ use: SourceUse
    ) throws(SourceError) -> any Source {
        let address = try MySQLAddress(
            settings,
            password: credentials["password"] ?? use.environment["MYSQL_PWD"].map(Secret.init),
            location: location(of: settings)
        )
        return MySQLSource(address, limits: use.limits)
    }

    package func ambientSecrets(
        _ settings: MySQLSettings,
        environment: [String: String]
    ) -> [Secret] {
        [environment["MYSQL_PWD"]].compactMap { $0.map(Secret.init) }
            + (settings.optionFile.map(Self.passwords(inFile:)) ?? [])
    }

    /// The passwords of an option file of MySQL's programs.
    private static func passwords(inFile path: String) -> [Secret] {
        // No file, no password.
        guard let text = try? String(contentsOfFile: path, encoding: .utf8) else { return [] }
        return text.split(whereSeparator: \.isNewline).compactMap { line in
            let parts = line.split(separator: "=", maxSplits: 1).map(trimmed)
            guard parts.count == 2, parts[0] == "password" else { return nil }
            return Secret(parts[1].filter { $0 != "\"" && $0 != "'" })
        }
    }

    private static func trimmed(_ text: Substring) -> String {
        var text = text.drop { $0.isWhitespace }
        while text.last?.isWhitespace == true { text.removeLast() }
        return String(text)
    }
}
