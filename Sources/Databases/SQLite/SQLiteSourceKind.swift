package import Basics
package import Streams

/// What has to be known of a SQLite database: its file.
package struct SQLiteSettings: SourceSettings {
    var file: String?

    package init() {}

    package static let fields: [SettingField<SQLiteSettings>] = [
        .text("file", \.file, isRequired: true, "The path of the database's file.")
    ]
}

/// SQLite databases.
package struct SQLiteSourceKind: SourceKind {
    package let profile = SourceProfile(name: "sqlite", example: "sqlite:path")

    /// Makes the kind.
    package init() {}

    /// Reads `sqlite:path` or `sqlite:///absolute/path`; no byte of a path has another meaning.
    package func settings(from address: Address) throws(SourceError) -> SQLiteSettings? {
        guard address.scheme.lowercased() == "sqlite" else { return nil }
        guard address.user == nil, address.hosts.isEmpty else {
            throw SourceError(
                .configuration,
                "the address names a host, which SQLite has none of; write sqlite:path or "
                    + "sqlite:///absolute/path"
            )
        }
        var settings = SQLiteSettings()
        let path = address.pathAndQuery
        guard !path.isEmpty, !path.utf8.contains(0) else {
            throw SourceError(.configuration, "the address names no file; write sqlite:path")
        }
        settings.file = path
        return settings
    }

    package func reach(of settings: SQLiteSettings) -> Reach {
        var reach = Reach()
        reach.files.append(settings.file ?? "")
        return reach
    }

    package func location(of settings: SQLiteSettings) -> SourceLocation {
        SQLiteSource(path: settings.file ?? "").location
    }

    package func open(
        _ settings: SQLiteSettings,
        _ credentials: Credentials,
        _ use: SourceUse
    ) throws(SourceError) -> any Source {
        SQLiteSource(path: settings.file ?? "")
    }

    package func ambientSecrets(
        _ settings: SQLiteSettings,
        environment: [String: String]
    ) -> [Secret] { [] }
}
