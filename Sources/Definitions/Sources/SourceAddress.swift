import Basics
package import JSON

/// Where a source is, and how it may be used.
///
/// It names secrets and holds none. What its kind makes of it is the registry's to say.
package struct SourceAddress: Hashable, Sendable {
    /// How a document says where a source is.
    package enum Place: Hashable, Sendable {
        /// A reference to a whole address (`secret:name`, `env:NAME`, `file:/path`, `exec:command`), or an address
        /// without a password, in which `secret:name` and the others may stand for it.
        case dsn(String)
        /// The settings of its kind, each in a field of its own.
        case settings(JSONObject)
    }

    /// The kind of the source; nil where an address says it by itself.
    package var kind: String?
    package var place: Place
    /// Connections that read one stream side by side; nil for as many as there are cores.
    package var laneCount: Int?
    package var connectionCount = 16
    /// How long to wait for a table that something else holds locked.
    package var lockTimeout = Self.usualLockTimeout
    package var bytesPerSecond: Int?

    private static let usualLockTimeout = Duration.seconds(30)

    /// Makes an address with no limits of its own.
    package init(dsn: String) { place = .dsn(dsn) }

    /// Reads the fields of an address, which are the last ones of a document: what is left is its kind's.
    init(_ fields: inout DocumentFields) throws(DefinitionError) {
        kind = try fields.text("kind")
        laneCount = try fields.integer("parallel", in: 1...1_000)
        connectionCount = try fields.integer("max_connections", in: 1...100_000) ?? 16
        lockTimeout = try fields.span("lock_timeout") ?? Self.usualLockTimeout
        guard Limits.lockTimeouts.contains(lockTimeout) else {
            throw DefinitionError(
                .invalid,
                field: fields.name("lock_timeout"),
                "it is from \(Limits.lockTimeouts.lowerBound.text) to "
                    + Limits.lockTimeouts.upperBound.text
            )
        }
        bytesPerSecond = try fields.integer("max_bytes_per_second", in: 1...Int.max)
        if let dsn = try fields.text("dsn") {
            place = .dsn(dsn)
            try Self.requireNoSecret(in: dsn, field: fields.name("dsn"))
        } else if kind != nil {
            place = .settings(try fields.rest())
        } else {
            throw DefinitionError(
                .invalid,
                field: fields.name("dsn"),
                "it is missing: the address of the source, or its kind and the fields of that"
            )
        }
    }

    var fields: JSONObject {
        var fields: JSONObject = [:]
        fields["kind"] = kind.map { .string($0) }
        switch place {
        case .dsn(let dsn): fields["dsn"] = .string(dsn)
        case .settings(let settings): fields = fields.merging(settings)
        }
        fields["parallel"] = laneCount.map(JSONValue.integer)
        if connectionCount != 16 { fields["max_connections"] = .integer(connectionCount) }
        if lockTimeout != Self.usualLockTimeout { fields["lock_timeout"] = .span(lockTimeout) }
        fields["max_bytes_per_second"] = bytesPerSecond.map(JSONValue.integer)
        return fields
    }

    /// The field that says where it is.
    package var field: String {
        if case .dsn = place { "dsn" } else { "kind" }
    }

    /// - Throws: `DefinitionError` `invalid` where a secret is written out, or nothing can be understood.
    private static func requireNoSecret(
        in dsn: String,
        field: String
    ) throws(DefinitionError) {
        let advice = "; keep it with `tributary secret put` and write secret:NAME in its place"
        // What is shown in an address's place is none.
        guard !dsn.contains("…") else { throw unreadable(field) }
        if SecretReference(parsing: dsn) != nil { return }
        guard let address = Address(parsing: dsn) else { throw unreadable(field) }
        // A path has no place for one.
        guard address.hasAuthority else { return }
        // What stands before an @ may be a password, however it is cut by others.
        let isDoubtful = !address.hosts.isEmpty && address.restHolds(any: "@")
        guard address.password?.written == nil, !isDoubtful, !address.loginHolds(any: "/?#@&=")
        else {
            throw DefinitionError(.invalid, field: field, "the address holds a password" + advice)
        }
        let isSecret = (address.parameters ?? []).contains { parameter in
            guard case .text(let text) = parameter.value else {
                if case .secret = parameter.value { return true }
                return false
            }
            return AddressSecret.seemsToStand(in: text.lenient)
        }
        guard !isSecret else {
            throw DefinitionError(
                .invalid,
                field: field,
                "the address holds a secret in a parameter" + advice
            )
        }
    }

    private static func unreadable(_ field: String) -> DefinitionError {
        DefinitionError(
            .invalid,
            field: field,
            "it is postgres://user:secret:NAME@host/database, mysql://…, sqlite:path, or a reference: "
                + "secret:NAME, env:NAME, file:/path or exec:command"
        )
    }
}
