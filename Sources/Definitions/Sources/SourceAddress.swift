/// Where a source is, and how it may be used.
///
/// It names secrets and holds none.
package struct SourceAddress: Hashable, Sendable {
    /// The sort of a source.
    package enum Kind: String, Hashable, Sendable, CaseIterable {
        case postgres
        case mysql
        case sqlite
    }

    /// What the address has to lead to; nil where any will do.
    package var kind: Kind?
    /// A reference to the whole address (`secret:name`, `env:NAME`, `file:/path`, `exec:command`), or an
    /// address without a password, in which `secret:name` and the others may stand for it.
    package var dsn: String
    /// Connections that read one stream side by side; nil for as many as there are cores.
    package var laneCount: Int?
    package var connectionCount = 16
    /// Seconds.
    package var lockTimeout = 30
    package var bytesPerSecond: Int?

    /// Makes an address with no limits of its own.
    package init(dsn: String) { self.dsn = dsn }

    /// Reads the fields of an address.
    init(_ fields: inout DocumentFields) throws(DefinitionError) {
        kind = try fields.choice("kind")
        dsn = try fields.requiredText("dsn")
        laneCount = try fields.integer("parallel", in: 1...1_000)
        connectionCount = try fields.integer("max_connections", in: 1...100_000) ?? 16
        lockTimeout = try fields.integer("lock_timeout_seconds", in: 1...100_000) ?? 30
        bytesPerSecond = try fields.integer("max_bytes_per_second", in: 1...Int.max)
        try AddressParts(dsn).requireNoSecret(field: fields.name("dsn"))
    }

    var fields: [String: JSONValue] {
        var fields: [String: JSONValue] = ["dsn": .string(dsn)]
        fields["kind"] = kind.map { .string($0.rawValue) }
        fields["parallel"] = laneCount.map(JSONValue.integer)
        if connectionCount != 16 { fields["max_connections"] = .integer(connectionCount) }
        if lockTimeout != 30 { fields["lock_timeout_seconds"] = .integer(lockTimeout) }
        fields["max_bytes_per_second"] = bytesPerSecond.map(JSONValue.integer)
        return fields
    }

    /// What runs of the same source share: its host where the address shows one, else the reference.
    package var pool: String { AddressParts(dsn).host ?? dsn }

    /// The address for display, rebuilt from an allow-list of its parts.
    package var shown: String { AddressParts(dsn).shown }

    /// The references in it, which decide who may write it.
    package var references: [SecretReference] {
        if let whole = SecretReference(parsing: dsn) { return [whole] }
        return AddressParts(dsn).password.flatMap(SecretReference.init(parsing:)).map { [$0] } ?? []
    }

    /// Whether it is a file of the server's machine.
    package var isFile: Bool { dsn.hasPrefix("sqlite:") }
}

/// The parts of an address that is a URL, for display and checks; connectors have parsers of their own.
package struct AddressParts: Sendable {
    /// The scheme; nil for what is no URL.
    package var scheme: String?
    package var user: String?
    package var password: String?
    /// Host and port; nil where there is none.
    package var host: String?
    package var database: String?
    /// Names of parameters, with their values.
    private var parameters: [(name: String, value: String)] = []
    private let isReference: Bool
    private let text: String

    /// Parameters that may be shown; what is not here may be a secret.
    private static let harmless: Set<String> = [
        "sslmode", "ssl-mode", "connect_timeout", "application_name", "sslrootcert",
        "target_session_attrs",
        "charset",
    ]

    /// Takes an address apart; never fails, since what is not understood is not shown.
    package init(_ text: String) {
        self.text = text
        isReference = SecretReference(parsing: text) != nil
        guard !isReference, let colon = text.firstRange(of: "://") else {
            if text.hasPrefix("sqlite:") { scheme = "sqlite" }
            return
        }
        scheme = String(text[..<colon.lowerBound])
        // A fragment or a query ends the place; an `@` behind them is part of a value.
        var rest = text[colon.upperBound...]
        if let mark = rest.firstIndex(where: { $0 == "?" || $0 == "#" }) {
            parameters = rest[rest.index(after: mark)...].split(separator: "&").map { pair in
                let parts = pair.split(
                    separator: "=",
                    maxSplits: 1,
                    omittingEmptySubsequences: false
                )
                return (String(parts[0]).lowercased(), parts.count > 1 ? String(parts[1]) : "")
            }
            rest = rest[..<mark]
        }
        if let at = rest.lastIndex(of: "@") {
            let login = rest[..<at].split(
                separator: ":",
                maxSplits: 1,
                omittingEmptySubsequences: false
            )
            user = login.first.map(String.init)
            password = login.count > 1 ? String(login[1]) : nil
            rest = rest[rest.index(after: at)...]
        }
        let place = rest.split(separator: "/", maxSplits: 1, omittingEmptySubsequences: false)
        host = place.first.map(String.init)
        database = place.count > 1 ? String(place[1]) : nil
    }

    /// The address as it may be shown.
    package var shown: String {
        if isReference { return text }
        guard let scheme else { return "(an address that cannot be shown)" }
        if scheme == "sqlite" {
            return String(text.prefix { $0 != "?" })
        }
        let name =
            Set(["postgres", "postgresql", "mysql", "mariadb"]).contains(scheme) ? scheme : "?"
        // A user without a password may be a token.
        let login = user.map { password == nil ? "…@" : "\($0):…@" } ?? ""
        let kept = parameters.filter { Self.harmless.contains($0.name) }
            .map { "\($0.name)=\($0.value)" }
        return "\(name)://\(login)\(host ?? "")" + (database.map { "/\($0)" } ?? "")
            + (kept.isEmpty ? "" : "?" + kept.joined(separator: "&"))
    }

    /// - Throws: `DefinitionError` `invalid` where a secret is written out.
    func requireNoSecret(field: String) throws(DefinitionError) {
        let advice = "; keep it with `tributary secret put` and write secret:NAME in its place"
        if let password, SecretReference(parsing: password) == nil {
            throw DefinitionError(
                .invalid,
                field: field,
                "the address holds a password" + advice
            )
        }
        let secrets: Set<String> = ["password", "sslpassword", "token", "passfile", "secret"]
        if let found = parameters.first(where: { secrets.contains($0.name) }) {
            throw DefinitionError(
                .invalid,
                field: field,
                "the address holds a secret in \(found.name)" + advice
            )
        }
        guard isReference || scheme != nil else {
            throw DefinitionError(
                .invalid,
                field: field,
                "it is postgres://user:secret:NAME@host/database, mysql://…, sqlite:path, or a reference: "
                    + "secret:NAME, env:NAME, file:/path or exec:command"
            )
        }
    }
}
