package import Basics
import Crypto
import FoundationEssentials
package import JSON

/// What a token may do; each may all that the ones before it may.
package enum Role: String, Hashable, Sendable, CaseIterable, Comparable {
    /// Look.
    case reader
    /// Define schedules and sources, run and stop.
    case `operator`
    /// Keep secrets and tokens, and reach into the server's machine.
    case admin

    package static func < (left: Role, right: Role) -> Bool { left.rank < right.rank }

    private var rank: Int {
        switch self {
        case .reader: 0
        case .operator: 1
        case .admin: 2
        }
    }
}

/// A token of the API as it lies in the lake: a hash, from which nobody gets the token back.
package struct TokenDocument: DefinitionDocument, Hashable {
    package static let folder = "_tokens"
    package static let noun = "token"
    private static let formatVersion = 1
    private static let prefix = "trib"

    package var id: DefinitionID
    package var role: Role
    /// SHA-256 of the token, in hexadecimal.
    ///
    /// The token has 256 random bits, so no slower hash is needed.
    private var hash: String
    /// Milliseconds since 1970 in UTC; nil for one that does not end.
    package var expiresAt: Int64?
    /// Milliseconds since 1970 in UTC.
    package var createdAt: Int64
    package var createdBy: String

    /// Reads the fields of a document.
    package init(_ fields: inout DocumentFields) throws(DefinitionError) {
        try DocumentFormat.check(&fields, newest: Self.formatVersion)
        id = try DefinitionID(try fields.requiredText("id"))
        hash = try fields.requiredText("sha256")
        guard let role = try fields.choice("role", Role.self) else {
            throw DefinitionError(.invalid, field: "role", "it is missing")
        }
        self.role = role
        expiresAt = try fields.instant("expires_at")
        createdAt = try fields.instant("created_at") ?? 0
        createdBy = try fields.text("created_by") ?? ""
    }

    /// Makes a token, which is shown once, and what is kept of it.
    package static func make(
        _ id: DefinitionID,
        _ role: Role,
        at time: Int64,
        by author: String,
        expiresAt: Int64? = nil
    ) -> (document: TokenDocument, token: Secret) {
        let digits = SymmetricKey(size: .bits256).withUnsafeBytes(hexadecimal)
        let token = "\(prefix).\(id).\(digits)"
        let document = TokenDocument(
            id: id,
            role: role,
            hash: hexadecimal(SHA256.hash(data: Data(token.utf8))),
            expiresAt: expiresAt,
            createdAt: time,
            createdBy: author
        )
        return (document, Secret(token))
    }

    private init(
        id: DefinitionID,
        role: Role,
        hash: String,
        expiresAt: Int64?,
        createdAt: Int64,
        createdBy: String
    ) {
        self.id = id
        self.role = role
        self.hash = hash
        self.expiresAt = expiresAt
        self.createdAt = createdAt
        self.createdBy = createdBy
    }

    /// The name in a token; nil for what is none.
    package static func id(in token: Secret) -> DefinitionID? {
        token.reveal { text in
            let parts = text.split(separator: ".", omittingEmptySubsequences: false)
            guard parts.count == 3, parts[0] == prefix else { return nil }
            // What is no name is no token.
            return try? DefinitionID(String(parts[1]))
        }
    }

    /// Whether a token is this one and still good; takes the same time whatever is wrong with it.
    package func accepts(_ token: Secret, at time: Int64) -> Bool {
        let given = token.reveal { Self.hexadecimal(SHA256.hash(data: Data($0.utf8))) }
        var difference = given.utf8.count ^ hash.utf8.count
        for (left, right) in zip(given.utf8, hash.utf8) { difference |= Int(left ^ right) }
        return difference == 0 && time < expiresAt ?? .max
    }

    private static func hexadecimal(_ bytes: some Sequence<UInt8>) -> String {
        bytes.map { String(256 + Int($0), radix: 16).dropFirst() }.joined()
    }

    package var fields: JSONObject {
        var fields: JSONObject = [
            "format_version": .integer(Self.formatVersion),
            "id": .string(id.rawValue),
            "role": .string(role.rawValue),
            "sha256": .string(hash),
            "created_at": .string(Instant(createdAt).description),
            "created_by": .string(createdBy),
        ]
        fields["expires_at"] = expiresAt.map { .string(Instant($0).description) }
        return fields
    }
}
