import Crypto
import FoundationEssentials
import JSON

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
    /// How long to wait for a table that something else holds locked.
    package var lockTimeout = Self.usualLockTimeout
    package var bytesPerSecond: Int?

    private static let usualLockTimeout = Duration.seconds(30)

    /// Makes an address with no limits of its own.
    package init(dsn: String) { self.dsn = dsn }

    /// Reads the fields of an address.
    init(_ fields: inout DocumentFields) throws(DefinitionError) {
        kind = try fields.choice("kind")
        dsn = try fields.requiredText("dsn")
        laneCount = try fields.integer("parallel", in: 1...1_000)
        connectionCount = try fields.integer("max_connections", in: 1...100_000) ?? 16
        lockTimeout = try fields.span("lock_timeout") ?? Self.usualLockTimeout
        bytesPerSecond = try fields.integer("max_bytes_per_second", in: 1...Int.max)
        try requireNoSecret(field: fields.name("dsn"))
    }

    var fields: JSONObject {
        var fields: JSONObject = ["dsn": .string(dsn)]
        fields["kind"] = kind.map { .string($0.rawValue) }
        fields["parallel"] = laneCount.map(JSONValue.integer)
        if connectionCount != 16 { fields["max_connections"] = .integer(connectionCount) }
        if lockTimeout != Self.usualLockTimeout { fields["lock_timeout"] = .span(lockTimeout) }
        fields["max_bytes_per_second"] = bytesPerSecond.map(JSONValue.integer)
        return fields
    }

    /// What runs of the same source share: its host where the address shows one, else a name made of it.
    ///
    /// It is stored with every run, so it tells nothing of a command or of parts that are not shown.
    package var pool: String {
        if let parts = AddressParts(dsn) { return parts.authority }
        switch SecretReference(parsing: dsn) {
        case .sealed?, .environment?, .file?: return dsn
        case .command?: return "exec:#\(Self.digest(dsn))"
        case nil: return isFile ? shown : "address:#\(Self.digest(dsn))"
        }
    }

    /// The first bytes of a hash.
    private static func digest(_ text: String) -> String {
        SHA256.hash(data: Data(text.utf8)).prefix(6)
            .map { String(256 + Int($0), radix: 16).dropFirst() }.joined()
    }

    /// The address for display.
    package var shown: String {
        if let parts = AddressParts(dsn) { return parts.shown }
        if let reference = SecretReference(parsing: dsn) { return reference.shown }
        if isFile { return String(dsn.prefix { $0 != "?" }) }
        // It has parts that are not on the list of what may be shown.
        let scheme = dsn.prefix { $0.isLetter && $0.isASCII }
        return dsn.dropFirst(scheme.count).hasPrefix("://") ? "\(scheme)://…" : "…"
    }

    /// Whether it is a file of the server's machine.
    package var isFile: Bool { dsn.hasPrefix("sqlite:") }

    /// The sealed secret that is the address, or stands in it; nil for none.
    package var sealedSecret: DefinitionID? {
        let reference =
            SecretReference(parsing: dsn)
            ?? AddressParts(dsn)?.password.flatMap(SecretReference.init(parsing:))
        guard case .sealed(let id)? = reference else { return nil }
        return id
    }

    /// A reference that stands in the password's place, in whatever address, and its text.
    var embedded: (reference: SecretReference, text: String)? {
        guard SecretReference(parsing: dsn) == nil, let start = dsn.firstRange(of: "://"),
            let at = dsn.lastIndex(of: "@"), at > start.upperBound,
            let colon = dsn[start.upperBound..<at].firstIndex(of: ":")
        else { return nil }
        let text = String(dsn[dsn.index(after: colon)..<at])
        return SecretReference(parsing: text).map { ($0, text) }
    }

    /// Whether it takes an administrator: it reaches into the server's machine, or has parts that are not
    /// understood here.
    package var needsAdministrator: Bool {
        if let whole = SecretReference(parsing: dsn) { return whole.needsAdministrator }
        guard let parts = AddressParts(dsn) else { return true }
        return parts.password.flatMap(SecretReference.init(parsing:))?.needsAdministrator ?? false
    }

    /// - Throws: `DefinitionError` `invalid` where a secret is written out, or nothing can be understood.
    private func requireNoSecret(field: String) throws(DefinitionError) {
        // What is shown in an address's place is none.
        if !dsn.contains("…") {
            if SecretReference(parsing: dsn) != nil || AddressParts(dsn) != nil || isFile { return }
        }
        let advice = "; keep it with `tributary secret put` and write secret:NAME in its place"
        guard let colon = dsn.firstRange(of: "://"), !dsn.contains("…") else {
            throw DefinitionError(
                .invalid,
                field: field,
                "it is postgres://user:secret:NAME@host/database, mysql://…, sqlite:path, or a reference: "
                    + "secret:NAME, env:NAME, file:/path or exec:command"
            )
        }
        // What stands before the last @ may be a password, however it is cut by others.
        if let at = dsn.lastIndex(of: "@"), at > colon.upperBound {
            let login = dsn[colon.upperBound..<at]
            let isPlain = login.utf8.allSatisfy { byte in
                !":/?#@&=".utf8.contains(byte)
            }
            let reference = login.split(separator: ":", maxSplits: 1).dropFirst().first
                .flatMap { SecretReference(parsing: String($0)) }
            guard isPlain || reference != nil else {
                throw DefinitionError(
                    .invalid,
                    field: field,
                    "the address holds a password" + advice
                )
            }
        }
        let decoded = dsn.lowercased().replacing("%70", with: "p").replacing("%73", with: "s")
        let open = decoded.filter { $0 != "%" }
        for word in ["password", "passwd", "token", "secret="] where open.contains(word) {
            throw DefinitionError(
                .invalid,
                field: field,
                "the address holds a secret in a parameter" + advice
            )
        }
    }
}
