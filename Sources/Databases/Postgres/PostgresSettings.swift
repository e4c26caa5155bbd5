import Basics
import CLibpq
package import Streams

/// What has to be known of a Postgres database.
package struct PostgresSettings: SourceSettings {
    /// A host, or several with commas between them; a path is a folder of sockets.
    var host: String?
    /// A port, or as many as there are hosts.
    var port: String?
    var user: String?
    var password: SecretReference?
    var database: String?
    /// The password of the client's own key.
    var keyPassword: SecretReference?
    /// libpq's other parameters.
    var parameters: [String: String]?

    package init() {}

    package static let fields: [SettingField<PostgresSettings>] = [
        .text("host", \.host, "The server's host, or several with commas between them."),
        .ports("port", \.port, "The server's port; 5432 where nothing is said."),
        .text("user", \.user, "Who logs in."),
        .secret("password", \.password, "The user's password."),
        .text("database", \.database, "The database."),
        .secret("sslpassword", \.keyPassword, "The password of the key that sslkey names."),
        .texts("parameters", \.parameters, "libpq's other parameters, such as sslmode."),
    ]

    package func validate() throws(SourceError) {
        for name in (parameters ?? [:]).keys.sorted() {
            guard Self.keywords.contains(name), !["host", "port", "user", "dbname"].contains(name)
            else {
                throw SourceError(
                    .configuration,
                    field: "parameters.\(name)",
                    Self.keywords.contains(name)
                        ? "it has a field of its own" : "libpq has no such parameter"
                )
            }
        }
    }

    /// What libpq understands.
    static let keywords: Set<String> = {
        guard let options = PQconninfoParse("", nil) else { return [] }
        defer { PQconninfoFree(options) }
        var keywords: Set<String> = []
        var option = options
        while let keyword = option.pointee.keyword {
            keywords.insert(String(cString: keyword))
            option += 1
        }
        return keywords
    }()

    /// Reads an address as libpq would.
    ///
    /// - Throws: `SourceError` `configuration`, with no part of the address: it may be a password.
    init(_ address: Address) throws(SourceError) {
        let password = address.password?.written?.reveal { EncodedText(raw: $0).strict != nil }
        guard !address.isCutDoubtfully, !address.loginHolds(any: "@"), password ?? true,
            let values = Self.values(of: address)
        else {
            throw SourceError(
                .configuration,
                "the Postgres address cannot be read; its form is "
                    + "postgres://user@host:5432/database?sslmode=require, with special characters "
                    + "percent-encoded"
            )
        }
        var others = values
        host = others.removeValue(forKey: "host")
        port = others.removeValue(forKey: "port")
        user = others.removeValue(forKey: "user")
        database = others.removeValue(forKey: "dbname")
        parameters = others.isEmpty ? nil : others
        self.password = address.references["password"]
        keyPassword = address.references["sslpassword"]
    }

    /// libpq's keywords and values, secrets left out; nil for what it would not read.
    private static func values(of address: Address) -> [String: String]? {
        var found: [String: String] = [:]
        func put(_ keyword: String, _ raw: String) -> Bool {
            guard let value = EncodedText(raw: raw).strict else { return false }
            // What is empty stands for its default.
            if !raw.isEmpty { found[keyword] = value }
            return true
        }
        let ports = address.hosts.map { $0.port?.raw ?? "" }.joined(separator: ",")
        guard put("user", address.user?.raw ?? ""),
            put("host", address.hosts.map(\.name.raw).joined(separator: ",")), put("port", ports),
            put("dbname", address.path?.raw ?? "")
        else { return nil }
        var parameters = (address.parameters ?? [])[...]
        if let last = parameters.last, last.name.raw.isEmpty, case .missing = last.value {
            parameters.removeLast()
        }
        for parameter in parameters {
            guard let name = parameter.name.strict else { return nil }
            switch parameter.value {
            case .missing: return nil
            case .secret(let secret):
                let isText = secret.written?.reveal {
                    !$0.contains("=") && EncodedText(raw: $0).strict != nil
                }
                guard keywords.contains(name), isText ?? true else { return nil }
            case .text(let text):
                guard !text.raw.contains("="), let value = text.strict else { return nil }
                switch (name, value) {
                case ("ssl", "true"): found["sslmode"] = "require"
                case ("requiressl", _):
                    found["sslmode"] = value.hasPrefix("1") ? "require" : "prefer"
                default:
                    guard keywords.contains(name) else { return nil }
                    found[name] = value
                }
            }
        }
        return found
    }
}
