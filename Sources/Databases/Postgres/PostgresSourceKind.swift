package import Basics
import Foundation
package import Streams

/// Postgres databases.
package struct PostgresSourceKind: SourceKind {
    package let profile = SourceProfile(
        name: "postgres",
        example: "postgres://user@host/database",
        variables: LibraryVariables(
            prefixes: ["PG"],
            // A path that leads nowhere: of what is no plain file libpq warns, at each connection.
            replacements: ["PGPASSFILE": "/dev/null/none", "PGSERVICEFILE": "/dev/null/none"]
        )
    )

    /// Parameters that say nothing of where and who, and name no file.
    private static let harmless: Set<String> = [
        "sslmode", "connect_timeout", "application_name", "target_session_attrs",
    ]

    /// Makes the kind.
    package init() {}

    package func settings(from address: Address) throws(SourceError) -> PostgresSettings? {
        guard address.hasAuthority, ["postgres", "postgresql"].contains(address.scheme) else {
            return nil
        }
        return try PostgresSettings(address)
    }

    package func reach(of settings: PostgresSettings) -> Reach {
        var reach = Reach()
        for host in ListedHost.list(settings.host ?? "") {
            switch host {
            case .missing: reach.variables.append("PGHOST")
            case .name(let name), .address(let name): reach.add(host: name)
            case .socket, .doubtful: reach.others.append("host")
            }
        }
        for name in (settings.parameters ?? [:]).keys.sorted() where !Self.harmless.contains(name) {
            reach.others.append("parameters.\(name)")
        }
        return reach
    }

    package func location(of settings: PostgresSettings) -> SourceLocation {
        PostgresAddress.location(of: settings, environment: [:])
    }

    package func open(
        _ settings: PostgresSettings,
        _ credentials: Credentials,
        _ use: SourceUse
    ) throws(SourceError) -> any Source {
        PostgresSource(
            try PostgresAddress(settings, credentials, environment: use.environment),
            limits: use.limits
        )
    }

    package func ambientSecrets(
        _ settings: PostgresSettings,
        environment: [String: String]
    ) -> [Secret] {
        let file =
            settings.parameters?["passfile"] ?? environment["PGPASSFILE"]
            ?? environment["HOME"].map { "\($0)/.pgpass" }
        return [environment["PGPASSWORD"]].compactMap { $0.map(Secret.init) }
            + (file.map(Self.passwords(inFile:)) ?? [])
    }

    /// The last fields of libpq's password file, in which a backslash stands before what is meant as it is.
    private static func passwords(inFile path: String) -> [Secret] {
        // No file, no password.
        guard let text = try? String(contentsOfFile: path, encoding: .utf8) else { return [] }
        return text.split(whereSeparator: \.isNewline).compactMap { line in
            guard line.first != "#" else { return nil }
            var fields = [""]
            var isEscaped = false
            for character in line {
                if isEscaped {
                    fields[fields.count - 1].append(character)
                    isEscaped = false
                } else if character == "\\" {
                    isEscaped = true
                } else if character == ":", fields.count < 5 {
                    fields.append("")
                } else {
                    fields[fields.count - 1].append(character)
                }
            }
            return fields.count == 5 ? Secret(fields[4]) : nil
        }
    }
}
